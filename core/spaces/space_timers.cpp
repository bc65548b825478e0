#include "core/spaces/space_timers.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/spaces/hosted_space.hpp"

namespace cairn::core {

TimerId SpaceTimers::add(Duration delay, Duration period, std::function<void()> job) {
    const TimerId id = next_++;
    Timer& timer = timers_[id];
    timer.job = std::make_shared<std::function<void()>>(std::move(job));
    timer.slot = space_.current();
    timer.period = period;
    delay = std::max(delay, Duration(0));
    timer.due = space_.loop().now() + delay;
    arm(id, timer, delay);
    return id;
}

void SpaceTimers::arm(TimerId id, Timer& timer, Duration delay) {
    timer.on_loop = space_.loop().after(delay, [this, gate = space_.gate(), id] {
        if (gate->space()) fire(id);
    });
}

void SpaceTimers::fire(TimerId id) {
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    const auto job = found->second.job;
    BehaviourSlot* const slot = found->second.slot;
    if (found->second.period.count() <= 0) {
        timers_.erase(found);
    } else {
        // From the moment it was due, so that a period stays a period; a late one does not make up for what it missed.
        Timer& timer = found->second;
        const auto now = space_.loop().now();
        timer.due = std::max(timer.due + timer.period, now);
        arm(id, timer, std::chrono::ceil<Duration>(timer.due - now));
    }
    if (!slot) {
        (*job)();
        return;
    }
    if (slot->off) return cancel(id);
    space_.run(*slot, "timer", *job);
}

void SpaceTimers::cancel(TimerId timer) noexcept {
    const auto found = timers_.find(timer);
    if (found == timers_.end()) return;
    space_.loop().cancel(found->second.on_loop);
    timers_.erase(found);
}

void SpaceTimers::cancel_all() noexcept {
    for (const auto& [id, timer] : timers_) space_.loop().cancel(timer.on_loop);
    timers_.clear();
}

}  // namespace cairn::core
