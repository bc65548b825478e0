#include "core/durability/journal_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <stdexcept>

namespace cairn::core {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::int64_t kSeconds = 1'000'000;

TEST(JournalTime, ReadsWhatPeopleWrite) {
    const std::int64_t at = 1795244400 * kSeconds;
    EXPECT_EQ(parse_time_us("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_time_us("2026-11-21T07:00:00Z"), at);
    EXPECT_EQ(parse_time_us("2026-11-21t07:00:00z"), at);
    EXPECT_EQ(parse_time_us("2026-11-21 07:00"), at);
    EXPECT_EQ(parse_time_us("2026-11-21T07:00Z"), at);
    EXPECT_EQ(parse_time_us("2026-11-21T07:00:00"), at);
    EXPECT_EQ(parse_time_us("2026-11-21T08:30:00+01:30"), at);
    EXPECT_EQ(parse_time_us("2026-11-21T02:00-05:00"), at);
    EXPECT_EQ(parse_time_us("2026-11-21T07:00:00.5Z"), at + 500'000);
    EXPECT_EQ(parse_time_us("2026-11-21T07:00:00.000001999Z"), at + 1);
    EXPECT_EQ(parse_time_us("2026-11-21T06:59:60Z"), at) << "a leap second";
    EXPECT_EQ(parse_time_us("2024-02-29T00:00Z") + 86400 * kSeconds, parse_time_us("2024-03-01T00:00Z"));
    EXPECT_EQ(parse_time_us("1969-12-31T23:59:59.75Z"), -250'000);
}

TEST(JournalTime, RefusesTheRestAndSaysTheForm) {
    for (const char* text :
         {"", "now", "2026-11-21", "2026-11-21T", "2026-13-01T00:00Z", "2026-02-29T00:00Z", "2026-11-21T24:00Z",
          "2026-11-21T07:60Z", "2026-11-21T07:00:61Z", "2026-11-21T07:00:00.Z", "2026-11-21T07:00:00Zx",
          "2026-11-21T07:00+1:00", "2026-11-21T07:00+24:00", "26-11-21T07:00Z", "2026/11/21T07:00Z", "2026-11-21T7:00Z",
          " 2026-11-21T07:00Z", "2026-11-21T07:00 +01:00", "-026-11-21T07:00Z"}) {
        EXPECT_THAT([&] { parse_time_us(text); },
                    ThrowsMessage<std::invalid_argument>(HasSubstr("2026-11-21T07:00:00Z")))
            << text;
    }
}

TEST(JournalTime, WritesWhatItReads) {
    EXPECT_EQ(format_time_us(0), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(format_time_us(-1), "1969-12-31T23:59:59.999999Z");
    EXPECT_EQ(format_time_us(1795244400 * kSeconds + 42), "2026-11-21T07:00:00.000042Z");
    EXPECT_EQ(format_time_us(951782400 * kSeconds), "2000-02-29T00:00:00.000000Z");
    std::mt19937_64 random(3);
    std::uniform_int_distribution<std::int64_t> any(parse_time_us("0000-01-01T00:00Z"),
                                                    parse_time_us("9999-12-31T23:59:59.999999Z"));
    for (int i = 0; i < 20000; ++i) {
        const std::int64_t us = any(random);
        ASSERT_EQ(parse_time_us(format_time_us(us)), us);
    }
    EXPECT_THAT(format_time_us(std::numeric_limits<std::int64_t>::min()), HasSubstr("-290308-12-21T19:59:05.224192Z"));
    EXPECT_THAT(format_time_us(std::numeric_limits<std::int64_t>::max()), HasSubstr("294247-01-10T04:00:54.775807Z"));
}

}  // namespace
}  // namespace cairn::core
