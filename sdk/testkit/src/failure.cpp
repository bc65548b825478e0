#include <cairn/testkit/failure.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "sdk/testkit/src/report_failure.hpp"

namespace cairn::testkit {
namespace {

std::function<void(const std::string&)>& reporter() {
    static std::function<void(const std::string&)> report;
    return report;
}

}  // namespace

Failure::Failure(const std::string& what) : std::runtime_error(what) {}
Failure::~Failure() = default;

void report_failures_by(std::function<void(const std::string&)> report) {
    reporter() = std::move(report);
}

void report_failure(const std::string& what) noexcept {
    if (reporter()) {
        try {
            return reporter()(what);
        } catch (...) {
            // It would have nowhere to go.
        }
    }
    std::fprintf(stderr, "cairn testkit: %s\n", what.c_str());
    static const bool registered = std::atexit([] {
                                       std::fflush(nullptr);
                                       ::_exit(1);
                                   }) == 0;
    static_cast<void>(registered);
}

}  // namespace cairn::testkit
