#include "core/plugins/call_fence.hpp"

#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <tuple>

#include "core/observe/log_sink.hpp"

namespace cairn::core {

Error internal_error(std::string& trace) {
    static constexpr char kLetters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    thread_local std::minstd_rand random(std::random_device{}());
    trace.clear();
    for (int i = 0; i < 7; ++i) trace += kLetters[random() % (sizeof kLetters - 1)];
    return Error(Code::internal, "something went wrong on the server; tell its admin this trace: " + trace);
}

void log_fault(const CallSite& site, const std::string& what, const std::string& trace) {
    using Clock = std::chrono::steady_clock;
    struct Said {
        Clock::time_point at{};
        std::uint64_t left_out = 0;
    };
    static std::mutex mutex;
    static std::map<std::tuple<const char*, const char*, const char*>, Said> said;

    std::uint64_t left_out = 0;
    {
        const std::lock_guard lock(mutex);
        Said& last = said[{site.plugin, site.space, site.handler}];
        const auto now = Clock::now();
        if (last.at != Clock::time_point{} && now - last.at < std::chrono::seconds(1)) {
            ++last.left_out;
            return;
        }
        left_out = last.left_out;
        last = {now, 0};
    }
    Document details{{"plugin", site.plugin ? site.plugin : "core"}, {"handler", site.handler ? site.handler : "?"}};
    if (site.space) details.set("space", site.space);
    details.set("what", what).set("trace", trace);
    if (left_out > 0) details.set("more_since", left_out);
    core_log().error("a plugin's call failed", details);
}

}  // namespace cairn::core
