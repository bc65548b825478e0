#include "core/loops/loop_group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/loops/waiting.hpp"

namespace cairn::core {
namespace {

TEST(LoopGroup, HasALoopPerCoreUnlessToldOtherwise) {
    EXPECT_EQ(LoopGroup(0).size(), std::max(1u, std::thread::hardware_concurrency()));
    LoopGroup three(3);
    EXPECT_EQ(three.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(three.at(i).index(), i);
    EXPECT_EQ(three.current(), nullptr);
}

TEST(LoopGroup, MayEndWithoutHavingBegun) {
    LoopGroup group(2);
    group.at(0).post([] { ADD_FAILURE() << "nobody started it"; });
    group.stop();
}

TEST(LoopGroup, RunsWhatWasPostedBeforeItStarted) {
    LoopGroup group(2);
    Door ran;
    group.at(1).post([&] { ran.open(); });
    group.start();
    EXPECT_TRUE(ran.wait());
    group.stop();
    group.stop();
}

TEST(LoopGroup, AThreadOfAnotherGroupIsAForeignOne) {
    LoopGroup mine(2);
    LoopGroup other(2);
    mine.start();
    other.start();
    Door ran;
    run_on(other.at(1), [&] {
        EXPECT_EQ(mine.current(), nullptr);
        EXPECT_EQ(other.current(), &other.at(1));
        EXPECT_FALSE(mine.at(1).on_loop());
        mine.at(1).post([&] { ran.open(); });
    });
    EXPECT_TRUE(ran.wait());
    mine.stop();
    other.stop();
}

// Four threads and two loops post to one loop at once: each producer's letters arrive in its order, none is lost.
TEST(LoopGroup, LettersOfOneProducerStayInOrder) {
    constexpr int kPosts = 5000;
    constexpr int kThreads = 4;
    LoopGroup group(3);
    group.start();
    std::vector<int> next(kThreads + 2, 0);
    bool in_order = true;
    const auto arrive = [&](int producer, int number) {
        in_order = in_order && next[static_cast<std::size_t>(producer)] == number;
        ++next[static_cast<std::size_t>(producer)];
    };
    std::vector<std::thread> threads;
    for (int producer = 0; producer < kThreads; ++producer) {
        threads.emplace_back([&, producer] {
            for (int i = 0; i < kPosts; ++i) group.at(0).post([&arrive, producer, i] { arrive(producer, i); });
        });
    }
    for (int source = 0; source < 2; ++source) {
        // In portions, over many turns.
        group.at(static_cast<std::size_t>(source) + 1).post([&, source] {
            struct Portion {
                static void send(LoopGroup& loops, Loop& self, int from, const std::function<void(int)>& one) {
                    for (int i = from; i < from + 100; ++i) loops.at(0).post([one, i] { one(i); });
                    if (from + 100 < kPosts)
                        self.post([&loops, &self, from, one] { send(loops, self, from + 100, one); });
                }
            };
            Portion::send(group, *group.current(), 0, [&arrive, source](int i) { arrive(kThreads + source, i); });
        });
    }
    for (std::thread& thread : threads) thread.join();
    group.stop();
    EXPECT_TRUE(in_order);
    for (const int count : next) EXPECT_EQ(count, kPosts);
}

TEST(LoopGroup, WhatATurnPostsToAnotherLoopArrivesAsOneBatch) {
    LoopGroup group(2);
    group.start();
    std::vector<int> order;
    std::set<std::chrono::steady_clock::time_point> turns;
    run_on(group.at(0), [&] {
        for (int i = 0; i < 1000; ++i) {
            group.at(1).post([&, i] {
                order.push_back(i);
                turns.insert(group.at(1).now());
            });
        }
        // It leaves at the end of the turn, not before.
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        EXPECT_TRUE(order.empty());
    });
    group.stop();
    ASSERT_EQ(order.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(turns.size(), 1u);
}

// Each post must find the other side awake or wake it: a wake-up that gets lost stops the whole exchange.
TEST(LoopGroup, NoWakeUpIsLostBetweenLoops) {
    constexpr int kRounds = 20'000;
    LoopGroup group(2);
    group.start();
    Door done;
    int left = kRounds;
    std::function<void()> ping;
    std::function<void()> pong = [&] { group.at(0).post(ping); };
    ping = [&] {
        if (--left == 0) return done.open();
        group.at(1).post(pong);
    };
    group.at(0).post(ping);
    EXPECT_TRUE(done.wait());
    group.stop();
}

TEST(LoopGroup, NoWakeUpIsLostFromForeignThreads) {
    constexpr int kRounds = 4000;
    LoopGroup group(2);
    group.start();
    std::vector<std::thread> threads;
    std::array<std::atomic<int>, 3> answers{};
    for (std::size_t who = 0; who < answers.size(); ++who) {
        threads.emplace_back([&, who] {
            std::atomic<int>& answered = answers[who];
            for (int i = 0; i < kRounds; ++i) {
                group.at((static_cast<std::size_t>(i) + who) % 2).post([&answered] {
                    answered.fetch_add(1);
                    answered.notify_one();
                });
                answered.wait(i);  // for ever (and the test with it) when the loop sleeps on
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    group.stop();
    for (const auto& answered : answers) EXPECT_EQ(answered.load(), kRounds);
}

TEST(LoopGroup, StopRunsWhatIsPostedAndWhatThatPosts) {
    LoopGroup group(3);
    group.start();
    std::atomic<int> ran{0};
    std::function<void(int)> hop = [&](int left) {
        ran.fetch_add(1);
        if (left > 0) group.at(static_cast<std::size_t>(left) % 3).post([&hop, left] { hop(left - 1); });
    };
    for (int i = 0; i < 200; ++i) group.at(static_cast<std::size_t>(i) % 3).post([&] { hop(9); });
    group.stop();
    EXPECT_EQ(ran.load(), 2000);
}

}  // namespace
}  // namespace cairn::core
