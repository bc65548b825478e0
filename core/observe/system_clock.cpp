#include "core/observe/system_clock.hpp"

namespace cairn::core {

WallTime SystemClock::wall() const noexcept {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::chrono::steady_clock::time_point SystemClock::steady() const noexcept {
    return std::chrono::steady_clock::now();
}

}  // namespace cairn::core
