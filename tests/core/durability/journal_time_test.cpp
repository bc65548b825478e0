#include "core/durability/journal_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <limits>
#include <random>

namespace cairn::core {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSeconds = 1'000'000;

TEST(JournalTime, WritesUtcWithSixDigits) {
    EXPECT_EQ(format_time_us(0), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_time_us(-1), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(format_time_us(1795244400 * kSeconds + 42), "2026-11-21T07:00:00.000042Z");
    EXPECT_EQ(format_time_us(951782400 * kSeconds), "2000-02-29T00:00:00.000000Z");
    std::mt19937_64 random(3);
    // The years 0000 to 9999, compared with the C library's calendar.
    std::uniform_int_distribution<std::int64_t> any(-62167219200 * kSeconds, 253402300799 * kSeconds + 999'999);
    for (int i = 0; i < 20000; ++i) {
        const std::int64_t us = any(random);
        const std::int64_t fraction = (us % kSeconds + kSeconds) % kSeconds;
        const std::time_t seconds = (us - fraction) / kSeconds;
        std::tm parts{};
        ASSERT_NE(::gmtime_r(&seconds, &parts), nullptr);
        char text[64];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                      parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(fraction));
        ASSERT_EQ(format_time_us(us), text);
    }
    EXPECT_THAT(format_time_us(std::numeric_limits<std::int64_t>::min()), HasSubstr("-290308-12-21T19:59:05.224192Z"));
    EXPECT_THAT(format_time_us(std::numeric_limits<std::int64_t>::max()), HasSubstr("294247-01-10T04:00:54.775807Z"));
}

}  // namespace
}  // namespace cairn::core
