#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cairn/error.hpp>

#include "core/spaces/rate_limit.hpp"

namespace cairn::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TokenBucket::Time kStart{std::chrono::hours(5)};

TEST(TokenBucket, TenInAMinuteAndTheEleventhIsRefused) {
    const Rate rate{10, Duration(60000)};
    TokenBucket bucket;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(kStart, rate, 10).count(), 0) << i;
    EXPECT_EQ(bucket.take(kStart, rate, 10), seconds(6));
    EXPECT_EQ(bucket.take(kStart + milliseconds(5999), rate, 10), milliseconds(1));
    EXPECT_EQ(bucket.take(kStart + seconds(6), rate, 10).count(), 0);
    EXPECT_GT(bucket.take(kStart + seconds(6), rate, 10).count(), 0);
    EXPECT_FALSE(bucket.full(kStart + seconds(65)));
    EXPECT_TRUE(bucket.full(kStart + seconds(66)));
    int again = 0;
    while (bucket.take(kStart + seconds(600), rate, 10).count() == 0) ++again;
    EXPECT_EQ(again, 10) << "it never holds more than it holds";
}

TEST(TokenBucket, RefusalsTakeNothing) {
    const Rate rate{1, Duration(1000)};
    TokenBucket bucket;
    EXPECT_EQ(bucket.take(kStart, rate, 1).count(), 0);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(bucket.take(kStart + milliseconds(500), rate, 1), milliseconds(500));
    EXPECT_EQ(bucket.take(kStart + seconds(1), rate, 1).count(), 0);
}

TEST(TokenBucket, ZeroRefusesEverything) {
    TokenBucket bucket;
    EXPECT_GT(bucket.take(kStart, Rate{0, Duration(1000)}, 0).count(), 0);
    EXPECT_GT(bucket.take(kStart, Rate{-3, Duration(1000)}, 5).count(), 0);
}

TEST(TokenBucket, TwoLoopsTogetherGetNoMoreThanOne) {
    const Rate rate{1000, Duration(1000000)};
    TokenBucket bucket;
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 600; ++i)
                if (bucket.take(kStart, rate, 1000).count() == 0) ++taken;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(taken, 1000);
}

TEST(PlayerBuckets, EachTypeHasItsOwn) {
    const Rate once{1, Duration(60000)};
    PlayerBuckets buckets;
    for (std::size_t type : {std::size_t{0}, std::size_t{15}, std::size_t{16}, PlayerBuckets::kMaxTypes - 1}) {
        EXPECT_EQ(buckets.of_type(type).take(kStart, once, 1).count(), 0) << type;
        EXPECT_GT(buckets.of_type(type).take(kStart, once, 1).count(), 0) << type;
    }
    EXPECT_FALSE(buckets.full(kStart));
    EXPECT_TRUE(buckets.full(kStart + seconds(60)));
}

TEST(LimitNumbers, StayTheSameAndEnd) {
    LimitNumbers numbers;
    EXPECT_EQ(numbers.number("a"), 0u);
    EXPECT_EQ(numbers.number("b"), 1u);
    EXPECT_EQ(numbers.number("a"), 0u);
    for (std::size_t i = 2; i < PlayerBuckets::kMaxTypes; ++i) numbers.number("t" + std::to_string(i));
    EXPECT_THROW(numbers.number("one too many"), Error);
    EXPECT_EQ(numbers.number("b"), 1u);
}

TEST(FloodWatch, TenSecondsOfThreeTimesTooMuch) {
    FloodWatch watch(Rate{60, Duration(1000)});
    bool enough = false;
    int second = 0;
    for (; second < 30 && !enough; ++second)
        for (int i = 0; i < 200 && !enough; ++i) enough = watch.count(kStart + seconds(second) + milliseconds(i * 5));
    EXPECT_TRUE(enough);
    EXPECT_EQ(second, 11);
}

TEST(FloodWatch, APauseOrLessThanThreeTimesIsNone) {
    FloodWatch below(Rate{60, Duration(1000)});
    for (int second = 0; second < 40; ++second)
        for (int i = 0; i < 180; ++i) ASSERT_FALSE(below.count(kStart + seconds(second) + milliseconds(i * 5)));
    FloodWatch pausing(Rate{60, Duration(1000)});
    for (int second = 0; second < 60; ++second) {
        if (second % 9 == 8) continue;
        for (int i = 0; i < 400; ++i) ASSERT_FALSE(pausing.count(kStart + seconds(second) + milliseconds(i * 2)));
    }
}

}  // namespace
}  // namespace cairn::core
