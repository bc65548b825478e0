#include "sdk/testkit/src/ledger.hpp"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>

namespace cairn::testkit {
namespace {

thread_local const Place* current_place = nullptr;
thread_local Inside* current_inside = nullptr;
const Place kNowhere;

std::uint64_t nanoseconds(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

}  // namespace

const Place& Ledger::here() noexcept {
    return current_place != nullptr ? *current_place : kNowhere;
}

std::string Ledger::where_from(std::string_view plugin) const {
    const Place& place = here();
    if (current_place == nullptr && !on_test_thread()) return "a thread of its own";
    const std::string whose = place.plugin.empty() || place.plugin == plugin ? "" : " of plugin " + std::string(place.plugin);
    switch (place.kind) {
        case Place::Kind::test:
            return "the test (Host::inside runs code on a space's strand)";
        case Place::Kind::setup:
            return "setup" + whose;
        case Place::Kind::control:
            return std::string(place.handler) + whose;
        case Place::Kind::loop:
            return "a loop (" + std::string(place.handler) + whose + ")";
        case Place::Kind::space:
            return "the strand of space " + quoted(place.space) + " (" + std::string(place.handler) + whose + ")";
        case Place::Kind::worker:
            return "a lane (" + std::string(place.handler) + whose + ")";
    }
    return "somewhere";
}

void Ledger::need_space(std::string_view plugin, const char* call, const void* space, std::string_view name) {
    const Place& place = here();
    if (place.kind == Place::Kind::space && place.owner == space) return;
    violation("plugin " + std::string(plugin) + " called " + call + " of space " + quoted(name) + " from " +
              where_from(plugin) +
              ". It is tagged [space]: allowed in that space's constructors of behaviours, handlers, ticks, timers and "
              "completions only. Come onto the strand with Space::post, or let Space::background bring the result there.");
}

void Ledger::need_loop(std::string_view plugin, const char* call, bool on_it) {
    if (on_it) return;
    violation("plugin " + std::string(plugin) + " called " + call + " from " + where_from(plugin) +
              ". It is tagged [loop]: allowed in jobs, timers and readiness of that loop only. Come onto it with Loop::post.");
}

void Ledger::need_setup(std::string_view plugin, const char* call) {
    if (here().kind == Place::Kind::setup) return;
    violation("plugin " + std::string(plugin) + " called " + call + " from " + where_from(plugin) +
              ". It is tagged [setup]: allowed while Plugin::setup runs only. Declare everything there.");
}

void Ledger::need_control(std::string_view plugin, const char* call) {
    const Place::Kind kind = here().kind;
    if (kind == Place::Kind::control) return;
    violation("plugin " + std::string(plugin) + " called " + call + " from " + where_from(plugin) +
              ". It is tagged [control]: allowed in start, ready, drain and stop only.");
}

void Ledger::violation(std::string sentence) {
    const std::lock_guard lock(mutex_);
    if (std::find(violations.begin(), violations.end(), sentence) == violations.end()) {
        violations.push_back(std::move(sentence));
    }
}

void Ledger::fault(Fault fault) {
    const std::lock_guard lock(mutex_);
    faults.push_back(std::move(fault));
}

void Ledger::leak(std::string sentence) {
    const std::lock_guard lock(mutex_);
    leaks.push_back(std::move(sentence));
}

void Ledger::took(const Place& place, double cpu_ms, double blocked_ms) {
    const bool strand = place.kind == Place::Kind::space || place.kind == Place::Kind::loop;
    if (strand && blocks_.count() > 0 && blocked_ms >= static_cast<double>(blocks_.count())) {
        violation("plugin " + std::string(place.plugin) + " blocked its strand for " +
                  std::to_string(static_cast<long>(blocked_ms)) + " ms in " + std::string(place.handler) +
                  (place.space.empty() ? "" : " of space " + quoted(place.space)) +
                  ". Sleeping, waiting and files belong into background(); everybody else in that space waits meanwhile.");
    }
    const std::lock_guard lock(mutex_);
    Timing& timing = timings_[{std::string(place.plugin), std::string(place.handler)}];
    ++timing.calls;
    timing.longest_ms = std::max(timing.longest_ms, cpu_ms + blocked_ms);
}

std::vector<Timing> Ledger::timings() const {
    const std::lock_guard lock(mutex_);
    std::vector<Timing> all;
    for (const auto& [key, timing] : timings_) {
        all.push_back(timing);
        all.back().plugin = key.first;
        all.back().handler = key.second;
    }
    return all;
}

Inside::Inside(Ledger& ledger, const Place& place) noexcept
    : ledger_(ledger), place_(place), before_(std::exchange(current_place, &place_)), outer_(std::exchange(current_inside, this)) {
    if (place_.plugin.empty()) return;
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    waits_ = usage.ru_nvcsw;
    major_faults_ = usage.ru_majflt;
    wall_ = nanoseconds(CLOCK_MONOTONIC);
    cpu_ = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}

Inside::~Inside() {
    current_place = before_;
    current_inside = outer_;
    if (place_.plugin.empty()) return;
    const double cpu = static_cast<double>(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_) / 1e6;
    const double wall = static_cast<double>(nanoseconds(CLOCK_MONOTONIC) - wall_) / 1e6;
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    // Time without the processor counts when the thread gave it away: who was only pushed aside by others did not block.
    const bool waited = usage.ru_nvcsw > waits_ && usage.ru_majflt == major_faults_;
    const double blocked = waited ? std::max(0.0, wall - cpu) : 0;
    try {
        ledger_.took(place_, std::max(0.0, cpu - inner_ms_), blocked);
    } catch (...) {
        // Out of memory: this call is not counted.
    }
    if (outer_ != nullptr) outer_->inner_ms_ += cpu;
}

}  // namespace cairn::testkit
