#include <gtest/gtest.h>

#include <random>

#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

TEST(Units, Durations) {
    EXPECT_EQ(parse_duration("100ms"), Duration(100));
    EXPECT_EQ(parse_duration("2s"), Duration(2000));
    EXPECT_EQ(parse_duration("5m"), Duration(300'000));
    EXPECT_EQ(parse_duration("24h"), Duration(86'400'000));
    EXPECT_EQ(parse_duration("7d"), Duration(604'800'000));
    EXPECT_EQ(parse_duration("0s"), Duration(0));
    EXPECT_EQ(parse_duration("1.5s"), Duration(1500));
    EXPECT_EQ(parse_duration("0.25h"), Duration(900'000));
    for (const char* bad : {"", "5", "s", "-5s", "5 s", "5S", "5sec", "1.s", ".5s", "1.5ms", "1e3s", "5s ", "0x5s",
                            "1.0000001s", "99999999999999999999s", "9223372036854775807s", "106751991168d", "١s"}) {
        EXPECT_FALSE(parse_duration(bad)) << bad;
    }
}

TEST(Units, Sizes) {
    EXPECT_EQ(parse_size("512B")->value, 512u);
    EXPECT_EQ(parse_size("64KiB")->value, 65536u);
    EXPECT_EQ(parse_size("50MiB")->value, 52428800u);
    EXPECT_EQ(parse_size("2GiB")->value, 2147483648u);
    EXPECT_EQ(parse_size("1TiB")->value, 1099511627776u);
    EXPECT_EQ(parse_size("1kB")->value, 1000u);
    EXPECT_EQ(parse_size("1.5MB")->value, 1500000u);
    EXPECT_EQ(parse_size("0.5KiB")->value, 512u);
    for (const char* bad :
         {"", "5", "KiB", "-1B", "1 KiB", "1kb", "1KB", "1K", "1M", "0.1B", "0.3KiB", "9999999999TiB"}) {
        EXPECT_FALSE(parse_size(bad)) << bad;
    }
}

TEST(Units, Rates) {
    EXPECT_EQ(parse_rate("10/60s"), (Rate{10, Duration(60'000)}));
    EXPECT_EQ(parse_rate("30/1m"), (Rate{30, Duration(60'000)}));
    EXPECT_EQ(parse_rate("20/s"), (Rate{20, Duration(1000)}));
    EXPECT_EQ(parse_rate("0/s"), (Rate{0, Duration(1000)}));
    EXPECT_EQ(parse_rate("5/h"), (Rate{5, Duration(3'600'000)}));
    for (const char* bad : {"", "10", "10/", "/s", "10/0s", "-1/s", "10/60", "10 / 60s", "10/60s/2", "1.5/s", "x/s"}) {
        EXPECT_FALSE(parse_rate(bad)) << bad;
    }
}

TEST(Units, PrintShortly) {
    EXPECT_EQ(print_duration(Duration(0)), "0s");
    EXPECT_EQ(print_duration(Duration(100)), "100ms");
    EXPECT_EQ(print_duration(Duration(1500)), "1500ms");
    EXPECT_EQ(print_duration(Duration(90'000)), "90s");
    EXPECT_EQ(print_duration(Duration(86'400'000)), "1d");
    EXPECT_EQ(print_size(Bytes{0}), "0B");
    EXPECT_EQ(print_size(Bytes{65536}), "64KiB");
    EXPECT_EQ(print_size(Bytes{1'500'000}), "1500kB");
    EXPECT_EQ(print_size(Bytes{1025}), "1025B");
    EXPECT_EQ(print_size(Bytes{~std::uint64_t{0}}), "18446744073709551615B");
    EXPECT_EQ(print_rate({10, Duration(60'000)}), "10/m");
    EXPECT_EQ(print_rate({20, Duration(1000)}), "20/s");
    EXPECT_EQ(print_rate({3, Duration(90'000)}), "3/90s");
}

TEST(Units, WhatIsPrintedReadsBack) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 20'000; ++i) {
        const auto value = static_cast<std::int64_t>(random() >> (20 + random() % 43));
        ASSERT_EQ(parse_duration(print_duration(Duration(value))), Duration(value));
        ASSERT_EQ(parse_size(print_size(Bytes{static_cast<std::uint64_t>(value)}))->value,
                  static_cast<std::uint64_t>(value));
        const Rate rate{value, Duration(1 + static_cast<std::int64_t>(random() % 10'000'000))};
        ASSERT_EQ(parse_rate(print_rate(rate)), rate);
    }
}

TEST(DidYouMean, LooksThroughKeys) {
    EXPECT_EQ(did_you_mean("lisen", {"listen", "origins"}), "listen");
    EXPECT_EQ(did_you_mean("gatway", {"gateway", "world"}), "gateway");
    EXPECT_EQ(did_you_mean("zzz", {"gateway", "world"}), "");
    EXPECT_EQ(did_you_mean("zzz", {}), "");
}

}  // namespace
}  // namespace cairn::core
