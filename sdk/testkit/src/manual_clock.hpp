#pragma once

#include <chrono>

#include <cairn/clock.hpp>

namespace cairn::testkit {

/// A clock that stands still until it is turned.
class ManualClock final : public Clock {
public:
    WallTime wall() const noexcept override { return wall_; }
    std::chrono::steady_clock::time_point steady() const noexcept override {
        return std::chrono::steady_clock::time_point(std::chrono::hours(1)) + offset_;
    }
    void advance(Duration by) noexcept {
        offset_ += by;
        wall_ += by.count();
    }
    /// As when somebody sets the machine's clock: timers do not care.
    void set_wall(WallTime wall) noexcept { wall_ = wall; }

private:
    Duration offset_{0};
    WallTime wall_ = 1'800'000'000'000;
};

}  // namespace cairn::testkit
