#pragma once

#include <cairn/clock.hpp>

namespace cairn::core {

/// The machine's clocks. [any]
class SystemClock final : public Clock {
public:
    WallTime wall() const noexcept override;
    std::chrono::steady_clock::time_point steady() const noexcept override;
};

}  // namespace cairn::core
