#pragma once

#include <functional>
#include <mutex>

namespace cairn::testkit {

/// Runs a phase of a plugin's life (start, ready, drain, stop) beside the loops, as the real host does: a plugin may post
/// to a loop there and wait. The loops stand still unless the phase does wait, so that the order of everything else is
/// always the same.
class ControlThread {
public:
    /// `turn` lets one thing happen; false: nothing is due.
    explicit ControlThread(std::function<bool()> turn) : turn_(std::move(turn)) {}
    /// Returns when `phase` has; rethrows what it threw. On the thread of the test.
    void run(const std::function<void()>& phase);

    /// Held by whoever lets something happen or asks for something that happens at once.
    std::recursive_mutex& baton() noexcept { return baton_; }

private:
    const std::function<bool()> turn_;
    std::recursive_mutex baton_;
};

}  // namespace cairn::testkit
