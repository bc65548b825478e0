#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/loop.hpp>

namespace cairn::test {

/// A clock that stands still until it is turned.
class ManualClock final : public Clock {
public:
    WallTime wall() const noexcept override { return 1'700'000'000'000 + offset_.count(); }
    std::chrono::steady_clock::time_point steady() const noexcept override {
        return std::chrono::steady_clock::time_point(std::chrono::hours(1)) + offset_;
    }
    void advance(Duration by) noexcept { offset_ += by; }

private:
    Duration offset_{0};
};

/// A loop that does nothing by itself: ManualLoops cranks it. Posting is [any]; the rest belongs to the test's thread.
class ManualLoop final : public Loop {
public:
    ManualLoop(std::size_t index, const ManualClock& clock) : index_(index), clock_(clock) {}

    std::size_t index() const noexcept override { return index_; }
    bool on_loop() const noexcept override { return current() == this; }
    void post(std::function<void()> job) override {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(job));
    }
    void watch(int, IoHandler&) override {}
    void unwatch(int) override {}
    TimerId after(Duration delay, std::function<void()> job) override {
        const TimerId id = ++last_timer_;
        timers_.emplace(std::pair(clock_.steady() + delay, id), std::move(job));
        due_[id] = clock_.steady() + delay;
        return id;
    }
    void cancel(TimerId timer) noexcept override {
        const auto found = due_.find(timer);
        if (found == due_.end()) return;
        timers_.erase({found->second, timer});
        due_.erase(found);
    }
    void at_turn_end(std::function<void()> job) override { turn_end_.push_back(std::move(job)); }
    std::chrono::steady_clock::time_point now() const noexcept override { return clock_.steady(); }

    /// Runs `job` as if this loop had come to it.
    template <class F>
    void enter(F&& job) {
        ManualLoop* const before = std::exchange(current(), this);
        std::forward<F>(job)();
        current() = before;
    }
    /// One turn: due timers, what was posted before it, end-of-turn jobs. False when there was nothing to do.
    bool turn() {
        bool busy = false;
        enter([&] {
            while (!timers_.empty() && timers_.begin()->first.first <= clock_.steady()) {
                auto node = timers_.extract(timers_.begin());
                due_.erase(node.key().second);
                node.mapped()();
                busy = true;
            }
            std::deque<std::function<void()>> jobs;
            {
                const std::lock_guard lock(mutex_);
                jobs.swap(posted_);
            }
            for (; !jobs.empty(); jobs.pop_front()) {
                jobs.front()();
                busy = true;
            }
            for (const auto& job : std::exchange(turn_end_, {})) {
                job();
                busy = true;
            }
        });
        return busy;
    }
    std::size_t timers() const noexcept { return timers_.size(); }
    bool idle() {
        const std::lock_guard lock(mutex_);
        return posted_.empty();
    }

    static ManualLoop*& current() noexcept {
        static thread_local ManualLoop* loop = nullptr;
        return loop;
    }

private:
    const std::size_t index_;
    const ManualClock& clock_;
    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;
    std::map<std::pair<std::chrono::steady_clock::time_point, TimerId>, std::function<void()>> timers_;
    std::map<TimerId, std::chrono::steady_clock::time_point> due_;
    std::vector<std::function<void()>> turn_end_;
    TimerId last_timer_ = 0;
};

/// Loops for tests without threads: everything happens when the test says so, in a fixed order.
class ManualLoops final : public Loops {
public:
    ManualLoops(std::size_t count, ManualClock& clock) : clock_(clock) {
        for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<ManualLoop>(i, clock));
    }
    std::size_t size() const noexcept override { return loops_.size(); }
    ManualLoop& at(std::size_t index) noexcept override { return *loops_[index]; }
    Loop* current() noexcept override { return ManualLoop::current(); }

    /// Cranks all loops until none has anything left to do now.
    void settle() {
        for (bool busy = true; busy;) {
            busy = false;
            for (auto& loop : loops_) busy = loop->turn() || busy;
        }
    }
    /// Lets time pass in steps of `step`, settling after each.
    void advance(Duration by, Duration step = Duration(1)) {
        settle();
        for (Duration passed{0}; passed < by; passed += step) {
            clock_.advance(std::min(step, by - passed));
            settle();
        }
    }

private:
    ManualClock& clock_;
    std::vector<std::unique_ptr<ManualLoop>> loops_;
};

}  // namespace cairn::test
