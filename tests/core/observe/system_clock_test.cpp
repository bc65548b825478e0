#include "core/observe/system_clock.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace cairn::core {
namespace {

TEST(SystemClock, CountsMillisecondsSince1970) {
    const SystemClock clock;
    const WallTime before = static_cast<WallTime>(std::time(nullptr)) * 1000;
    const WallTime now = clock.wall();
    const WallTime after = (static_cast<WallTime>(std::time(nullptr)) + 1) * 1000;
    // time(2) may read a coarser clock that lags by a tick.
    EXPECT_GE(now, before - 20);
    EXPECT_LE(now, after + 20);
}

TEST(SystemClock, TheSteadyOneNeverGoesBack) {
    const SystemClock clock;
    auto last = clock.steady();
    for (int i = 0; i < 1000; ++i) {
        const auto next = clock.steady();
        ASSERT_LE(last, next);
        last = next;
    }
}

}  // namespace
}  // namespace cairn::core
