#include "core/plugins/call_fence.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <tuple>

#include "core/observe/log_sink.hpp"

namespace cairn::core {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kOneLinePer{1};
constexpr std::size_t kSitesRemembered = 4096;

/// Short enough to be read out over the telephone: no letters that look like others.
std::string new_trace() {
    constexpr std::string_view kLetters = "23456789abcdefghjkmnpqrstvwxyz";
    thread_local std::mt19937_64 random(std::random_device{}());
    std::uniform_int_distribution<std::size_t> pick(0, kLetters.size() - 1);
    std::string trace(8, ' ');
    for (char& letter : trace) letter = kLetters[pick(random)];
    return trace;
}

/// How many faults of which site were not written, and when the last one was.
class FaultRate {
public:
    /// True when a line may be written now; `left_out` says how many were not since the last one.
    bool admit(const CallSite& site, SteadyClock::time_point now, std::uint64_t& left_out) {
        const std::lock_guard lock(mutex_);
        if (sites_.size() >= kSitesRemembered)
            std::erase_if(sites_, [now](const auto& entry) { return now - entry.second.last >= kOneLinePer; });
        if (sites_.size() >= kSitesRemembered) sites_.clear();
        const auto [at, fresh] = sites_.try_emplace({site.plugin, site.space, site.handler});
        Seen& seen = at->second;
        if (!fresh && now - seen.last < kOneLinePer) {
            ++seen.left_out;
            return false;
        }
        left_out = std::exchange(seen.left_out, 0);
        seen.last = now;
        return true;
    }

private:
    struct Seen {
        SteadyClock::time_point last;
        std::uint64_t left_out = 0;
    };
    std::mutex mutex_;
    std::map<std::tuple<const char*, const char*, const char*>, Seen> sites_;
};

}  // namespace

Error internal_error(std::string& trace) {
    trace = new_trace();
    return Error(Code::internal, "something went wrong on the server; tell its admin this: " + trace);
}

void log_fault(const CallSite& site, const std::string& what, const std::string& trace) {
    static auto& rate = *new FaultRate;
    std::uint64_t left_out = 0;
    if (!rate.admit(site, SteadyClock::now(), left_out)) return;
    Document details{{"what", what}, {"trace", trace}};
    details.set("plugin", site.plugin ? site.plugin : "core");
    if (site.space) details.set("space", site.space);
    if (site.handler) details.set("handler", site.handler);
    if (left_out > 0) details.set("like_it_not_shown", left_out);
    LogSink::instance().write(LogLevel::error, site.plugin ? site.plugin : "core", "a handler threw", details);
}

}  // namespace cairn::core
