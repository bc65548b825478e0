#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <cairn/loop.hpp>

#include "sdk/testkit/src/manual_clock.hpp"

namespace cairn::testkit {

/// A loop that does nothing by itself. Posting is [any]; the rest belongs to the thread of the test.
class ManualLoop final : public Loop {
public:
    using Instant = std::chrono::steady_clock::time_point;

    ManualLoop(std::size_t index, const ManualClock& clock) : index_(index), clock_(clock) {}

    std::size_t index() const noexcept override { return index_; }
    bool on_loop() const noexcept override { return current() == this; }
    void post(std::function<void()> job) override;
    /// Nothing ever becomes ready: there are no sockets here.
    void watch(int, IoHandler&) override {}
    void unwatch(int) override {}
    TimerId after(Duration delay, std::function<void()> job) override;
    void cancel(TimerId timer) noexcept override;
    void at_turn_end(std::function<void()> job) override { turn_end_.push_back(std::move(job)); }
    Instant now() const noexcept override { return clock_.steady(); }

    /// Runs `job` as if this loop had come to it.
    template <class F>
    void enter(F&& job) {
        struct Back {
            ManualLoop* before;
            ~Back() { current() = before; }
        } const back{std::exchange(current(), this)};
        std::forward<F>(job)();
    }
    /// One due timer or one posted job, then what was to be done at the end of the turn. False: nothing was there.
    bool step();
    /// Everything that is due, what was posted before, what was to be done at the end.
    bool turn();
    /// When the next timer is due.
    std::optional<Instant> next() const;
    std::size_t timers() const noexcept { return timers_.size(); }

    static ManualLoop*& current() noexcept {
        static thread_local ManualLoop* loop = nullptr;
        return loop;
    }

private:
    bool run_timer();
    bool end_turn();

    const std::size_t index_;
    const ManualClock& clock_;
    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;
    std::map<std::pair<Instant, TimerId>, std::function<void()>> timers_;
    std::map<TimerId, Instant> due_;
    std::vector<std::function<void()>> turn_end_;
    TimerId last_timer_ = 0;
};

/// Loops for tests without threads: everything happens when the test says so.
class ManualLoops final : public Loops {
public:
    ManualLoops(std::size_t count, ManualClock& clock) : clock_(clock) {
        for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<ManualLoop>(i, clock));
    }
    std::size_t size() const noexcept override { return loops_.size(); }
    ManualLoop& at(std::size_t index) noexcept override { return *loops_[index]; }
    Loop* current() noexcept override { return ManualLoop::current(); }

    /// Turns all loops until none has anything left to do now.
    void settle();
    /// Lets time pass in steps of `step`, settling after each.
    void advance(Duration by, Duration step = Duration(1));

private:
    ManualClock& clock_;
    std::vector<std::unique_ptr<ManualLoop>> loops_;
};

}  // namespace cairn::testkit
