#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include <cairn/values.hpp>

namespace cairn::core {

/// Turns signals into words: SIGTERM and SIGINT ask for the end, the second one skips the grace, the third ends at
/// once; SIGHUP is reserved for reload. One thread reads them from a signalfd, so that no code ever runs in a handler.
class SignalWatch {
public:
    /// Blocks the signals for this thread and all that it starts, and ignores SIGPIPE. Before any thread starts.
    /// [control]
    static void block();

    explicit SignalWatch(std::function<void()> on_reload);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// True once the end has been asked for. [any]
    bool ending() const noexcept { return asked_.load() >= 1; }
    /// True once somebody is in a hurry. [any]
    bool hurried() const noexcept { return asked_.load() >= 2; }
    /// Asks for the end from within, as a first SIGTERM does. [any]
    void ask();
    /// Waits until the end is asked for. [control]
    void wait();
    /// Waits until somebody is in a hurry or `done` says so, at most `limit`. [control]
    void wait_hurry(Duration limit, const std::function<bool()>& done);
    /// While true (the start, which may hang in a plugin) the second signal ends the process at once. [any]
    void set_impatient(bool impatient) noexcept { impatient_.store(impatient); }

private:
    void run();

    std::function<void()> on_reload_;
    int signals_ = -1;
    int end_ = -1;
    std::atomic<int> asked_{0};
    std::atomic<bool> impatient_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::thread thread_;
};

}  // namespace cairn::core
