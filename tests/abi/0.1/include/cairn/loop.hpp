#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include <cairn/export.hpp>
#include <cairn/values.hpp>

namespace cairn {

/// Handles readiness of one descriptor. Called on the loop that watches it.
class CAIRN_API IoHandler {
public:
    virtual ~IoHandler();
    /// Edge-triggered: read and write until EAGAIN. `hangup` is also set on errors of the descriptor.
    virtual void on_io(bool readable, bool writable, bool hangup) = 0;
};

using TimerId = std::uint64_t;

/// One thread that waits for descriptors, timers and messages. For plugins that own sockets; spaces have their own calls.
class CAIRN_API Loop {
public:
    virtual ~Loop();
    virtual std::size_t index() const noexcept = 0;                                                      ///< [any]
    virtual bool on_loop() const noexcept = 0;                                                           ///< [any]
    /// Runs `job` on this loop, after everything that this thread posted there before. Never dropped. [any]
    virtual void post(std::function<void()> job) = 0;
    /// Watches `fd` (edge-triggered, read and write). The handler must outlive the watch. Throws Error(unavailable)
    /// when the kernel refuses. [loop]
    virtual void watch(int fd, IoHandler& handler) = 0;
    /// Ends the watch; no call reaches the handler after this, not even one of the same turn. [loop]
    virtual void unwatch(int fd) = 0;
    /// Runs `job` once after `delay` (at least; resolution 1 ms). [loop]
    virtual TimerId after(Duration delay, std::function<void()> job) = 0;
    /// Forgets a timer; a timer that has run or is unknown is no error. [loop]
    virtual void cancel(TimerId timer) noexcept = 0;
    /// Runs `job` once at the end of this turn, after all readiness and messages: the place to write. [loop]
    virtual void at_turn_end(std::function<void()> job) = 0;
    /// The time this turn began; cheap. [loop]
    virtual std::chrono::steady_clock::time_point now() const noexcept = 0;
};

/// All loops of the host. [any]
class CAIRN_API Loops {
public:
    virtual ~Loops();
    virtual std::size_t size() const noexcept = 0;
    virtual Loop& at(std::size_t index) noexcept = 0;
    /// The loop of the calling thread, or nullptr.
    virtual Loop* current() noexcept = 0;
};

}  // namespace cairn
