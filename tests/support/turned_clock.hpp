#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace cairn::test {

/// The wall clock of a program, turned while it runs: libfaketime, loaded into what is started while Loaded lives, looks
/// into a file at each call. The steady clock goes on as it is, as when an administrator or NTP sets the time.
class TurnedClock {
public:
    /// `folder` is there already.
    explicit TurnedClock(const std::filesystem::path& folder) : file_(folder / "clock") { set(std::chrono::seconds(0)); }

    /// So far from the true time.
    void set(std::chrono::seconds offset) const {
        const std::string next = file_.string() + ".next";
        const std::string sign = offset.count() < 0 ? "" : "+";
        std::ofstream(next) << sign << offset.count() << "\n";
        std::filesystem::rename(next, file_);
    }

    /// While it lives, programs that are started have this clock.
    class Loaded {
    public:
        explicit Loaded(const TurnedClock& clock) {
            ::setenv("LD_PRELOAD", library().c_str(), 1);
            ::setenv("FAKETIME_TIMESTAMP_FILE", clock.file_.c_str(), 1);
            ::setenv("FAKETIME_NO_CACHE", "1", 1);
            ::setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
            ::setenv("DONT_FAKE_MONOTONIC", "1", 1);
        }
        ~Loaded() {
            for (const char* const name : {"LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE",
                                           "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"}) {
                ::unsetenv(name);
            }
        }
        Loaded(const Loaded&) = delete;
        Loaded& operator=(const Loaded&) = delete;
    };

private:
    static std::string library() {
        for (const auto& folder : std::filesystem::directory_iterator("/usr/lib")) {
            std::error_code ignored;
            const auto found = folder.path() / "faketime" / "libfaketimeMT.so.1";
            if (std::filesystem::exists(found, ignored)) return found.string();
        }
        throw std::runtime_error("libfaketime is missing: run packaging/install_dependencies.sh test");
    }
    std::filesystem::path file_;
};

}  // namespace cairn::test
