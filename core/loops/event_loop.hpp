#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include <cairn/loop.hpp>

#include "core/loops/mailbox.hpp"
#include "core/loops/timers.hpp"
#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

/// One loop: epoll (edge-triggered), a mailbox and timers. A turn is: readiness, due timers, letters, end-of-turn jobs,
/// and then what was posted to other loops leaves in one batch per loop. What throws is logged and counted against
/// whoever posted or watched; it never ends the loop.
class EventLoop final : public Loop {
public:
    /// What the loop's thread is doing, for the stall watch.
    enum class Activity : unsigned char { waiting, readiness, timer, message, turn_end };

    /// `peers` are the loops of the group, this one among them, in the order of their indices; complete and unchanging
    /// once a thread runs. Throws Error(unavailable) when the kernel grants no descriptors.
    EventLoop(std::size_t index, const std::vector<EventLoop*>& peers);
    ~EventLoop() override;

    /// Starts the thread "cairn-loop-<index>". [control]
    void start();
    /// Ends the thread after the turn it is in. What is posted later stays where it is. [control]
    void stop();

    // Loop
    std::size_t index() const noexcept override { return index_; }
    bool on_loop() const noexcept override;
    void post(std::function<void()> job) override;
    void watch(int fd, IoHandler& handler) override;
    void unwatch(int fd) override;
    TimerId after(Duration delay, std::function<void()> job) override;
    void cancel(TimerId timer) noexcept override;
    void at_turn_end(std::function<void()> job) override;
    std::chrono::steady_clock::time_point now() const noexcept override { return now_; }

    /// The loop of the calling thread, or nullptr. [any]
    static EventLoop* current() noexcept;
    /// What the thread does now, and a number that changes whenever it begins or ends doing something. [any]
    Activity activity() const noexcept { return activity_.load(std::memory_order_relaxed); }
    std::uint64_t steps() const noexcept { return steps_.load(std::memory_order_acquire); }
    /// The thread's breadcrumb; nullptr before it runs. [any]
    const Breadcrumb* breadcrumb() const noexcept { return breadcrumb_.load(std::memory_order_acquire); }
    /// Letters that this loop has run, and that it has posted (to itself or to peers) from its own thread. [any]
    std::uint64_t letters_run() const noexcept { return run_.load(std::memory_order_acquire); }
    std::uint64_t letters_sent() const noexcept { return sent_.load(std::memory_order_acquire); }
    /// Letters that threads outside of the group have posted here. [any]
    std::uint64_t letters_from_outside() const noexcept { return outside_.load(std::memory_order_acquire); }

private:
    struct Watch {
        IoHandler* handler = nullptr;
        std::uint32_t generation = 0;
        CallSite site;
    };

    void run();
    void turn();
    int wait_time() const;
    void deliver_readiness(std::uint64_t token, std::uint32_t events);
    void run_timers();
    void run_letters();
    void run_turn_end();
    void send_batches();
    template <class F>
    void step(Activity activity, const CallSite& site, F&& call) noexcept;

    const std::size_t index_;
    const std::vector<EventLoop*>& peers_;
    int epoll_ = -1;
    Mailbox inbox_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;

    // What follows up to the atomics is touched by the loop's thread only.
    std::chrono::steady_clock::time_point now_;
    std::vector<Watch> watches_;  ///< by descriptor
    std::uint32_t generation_ = 0;
    Timers timers_;
    Letters own_;      ///< posted by this loop to itself
    Letters running_;  ///< the letters of this turn; kept for their memory
    Letters turn_end_;
    Letters turn_end_running_;
    std::vector<Letters> batches_;      ///< by target
    std::vector<std::size_t> targets_;  ///< whose batch is not empty

    std::atomic<Activity> activity_{Activity::waiting};
    std::atomic<std::uint64_t> steps_{0};
    std::atomic<const Breadcrumb*> breadcrumb_{nullptr};
    std::atomic<std::uint64_t> run_{0};
    std::atomic<std::uint64_t> sent_{0};
    std::atomic<std::uint64_t> outside_{0};
};

/// The word for `activity` in a log line. [any]
const char* activity_name(EventLoop::Activity activity) noexcept;

}  // namespace cairn::core
