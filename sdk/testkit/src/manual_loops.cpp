#include "sdk/testkit/src/manual_loops.hpp"

#include <algorithm>

namespace cairn::testkit {

void ManualLoop::post(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(job));
}

TimerId ManualLoop::after(Duration delay, std::function<void()> job) {
    const TimerId id = ++last_timer_;
    const Instant when = clock_.steady() + std::max(delay, Duration(0));
    timers_.emplace(std::pair(when, id), std::move(job));
    due_[id] = when;
    return id;
}

void ManualLoop::cancel(TimerId timer) noexcept {
    const auto found = due_.find(timer);
    if (found == due_.end()) return;
    timers_.erase({found->second, timer});
    due_.erase(found);
}

bool ManualLoop::run_timer() {
    if (timers_.empty() || timers_.begin()->first.first > clock_.steady()) return false;
    auto node = timers_.extract(timers_.begin());
    due_.erase(node.key().second);
    node.mapped()();
    return true;
}

bool ManualLoop::end_turn() {
    const auto jobs = std::exchange(turn_end_, {});
    for (const auto& job : jobs) job();
    return !jobs.empty();
}

bool ManualLoop::step() {
    bool busy = false;
    enter([&] {
        busy = run_timer();
        if (!busy) {
            std::function<void()> job;
            {
                const std::lock_guard lock(mutex_);
                if (!posted_.empty()) {
                    job = std::move(posted_.front());
                    posted_.pop_front();
                }
            }
            busy = static_cast<bool>(job);
            if (busy) job();
        }
        busy = end_turn() || busy;
    });
    return busy;
}

bool ManualLoop::turn() {
    bool busy = false;
    enter([&] {
        while (run_timer()) busy = true;
        std::deque<std::function<void()>> jobs;
        {
            const std::lock_guard lock(mutex_);
            jobs.swap(posted_);
        }
        for (; !jobs.empty(); jobs.pop_front()) {
            jobs.front()();
            busy = true;
        }
        busy = end_turn() || busy;
    });
    return busy;
}

std::optional<ManualLoop::Instant> ManualLoop::next() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first.first;
}

void ManualLoops::settle() {
    for (bool busy = true; busy;) {
        busy = false;
        for (auto& loop : loops_) busy = loop->turn() || busy;
    }
}

void ManualLoops::advance(Duration by, Duration step) {
    settle();
    for (Duration passed{0}; passed < by; passed += step) {
        clock_.advance(std::min(step, by - passed));
        settle();
    }
}

}  // namespace cairn::testkit
