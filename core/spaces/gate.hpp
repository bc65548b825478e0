#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <cairn/loop.hpp>

namespace cairn::core {

class HostedSpace;

/// The way back onto a space's strand for whatever ends later: completions, holds, kicks. Outlives the space; once the
/// space has closed nothing goes through (style M14).
class Gate {
public:
    Gate(Loop& loop, HostedSpace& space) noexcept : loop_(loop), space_(&space) {}

    Loop& loop() const noexcept { return loop_; }
    /// The space, or nullptr once it has closed. [space]
    HostedSpace* space() const noexcept { return space_; }
    /// [space]
    void close() noexcept { space_ = nullptr; }

    /// Runs `job` on the strand unless the space has closed by then. [any]
    static void post(const std::shared_ptr<Gate>& gate, std::function<void(HostedSpace&)> job) {
        gate->loop_.post([gate, job = std::move(job)] {
            if (gate->space_) job(*gate->space_);
        });
    }

private:
    Loop& loop_;
    HostedSpace* space_;
};

}  // namespace cairn::core
