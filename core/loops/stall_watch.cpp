#include "core/loops/stall_watch.hpp"

#include <algorithm>
#include <utility>

#include "core/loops/event_loop.hpp"
#include "core/loops/host_thread.hpp"

namespace cairn::core {

namespace {

using SteadyClock = std::chrono::steady_clock;

}  // namespace

StallWatch::StallWatch(const std::vector<EventLoop*>& loops, Metrics& metrics, Log& log, const Options& options)
    : metrics_(metrics), log_(log), options_(options) {
    for (const EventLoop* loop : loops) {
        Watched watched;
        watched.loop = loop;
        watched_.push_back(watched);
    }
    thread_ = start_host_thread("cairn-watch", [this] { run(); });
}

StallWatch::~StallWatch() {
    stop();
}

void StallWatch::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void StallWatch::run() {
    // A gap that this thread itself slept through (the machine was suspended, the process stopped) is nobody's stall.
    const SteadyClock::duration longest = options_.sample * 2;
    auto before = SteadyClock::now();
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, options_.sample, [this] { return stopping_; })) {
        lock.unlock();
        const auto now = SteadyClock::now();
        for (Watched& watched : watched_) look(watched, now, std::min(now - before, longest));
        before = now;
        lock.lock();
    }
}

void StallWatch::look(Watched& watched, SteadyClock::time_point now, SteadyClock::duration passed) {
    const Breadcrumb* const crumb = watched.loop->breadcrumb();
    if (!crumb) return;
    const std::uint64_t steps = watched.loop->steps();
    const std::uint64_t sequence = crumb->sequence.load(std::memory_order_acquire);
    const bool busy = watched.loop->activity() != EventLoop::Activity::waiting;
    if (!busy || steps != watched.steps || sequence != watched.sequence) {
        if (watched.told != SteadyClock::duration::zero()) tell(watched, "the loop goes on");
        watched.steps = steps;
        watched.sequence = sequence;
        watched.still = watched.told = SteadyClock::duration::zero();
        watched.counted = false;
        return;
    }
    watched.still += passed;
    if (!watched.counted && watched.still >= options_.stall) {
        find(watched);
        if (watched.last_line && now - *watched.last_line < options_.repeat) {
            ++watched.left_out;
            return;
        }
        watched.last_line = now;
        tell(watched, "a handler holds its loop up: everything there waits; long work belongs into a lane");
    } else if (watched.counted && watched.still - watched.told >= options_.repeat) {
        watched.last_line = now;
        tell(watched, "a handler still holds its loop up");
    }
}

void StallWatch::find(Watched& watched) {
    const Breadcrumb& crumb = *watched.loop->breadcrumb();
    watched.counted = true;
    watched.site = {crumb.plugin.load(std::memory_order_relaxed), crumb.space.load(std::memory_order_relaxed),
                    crumb.handler.load(std::memory_order_relaxed)};
    watched.activity = activity_name(watched.loop->activity());
    metrics_
        .counter("cairn_core_loop_stalls_total", "How often one handler held a loop up for longer than it may.",
                 {{"plugin", watched.site.plugin ? watched.site.plugin : "core"}})
        .add();
}

void StallWatch::tell(Watched& watched, const char* message) {
    watched.told = watched.still;
    const CallSite& site = watched.site;
    Document details{{"loop", watched.loop->index()}, {"plugin", site.plugin ? site.plugin : "core"}};
    if (site.space) details.set("space", site.space);
    details.set("handler", site.handler ? site.handler : watched.activity);
    details.set("for_ms", std::chrono::duration_cast<std::chrono::milliseconds>(watched.still).count());
    if (watched.left_out > 0) details.set("others_not_shown", std::exchange(watched.left_out, 0));
    log_.warning(message, details);
}

}  // namespace cairn::core
