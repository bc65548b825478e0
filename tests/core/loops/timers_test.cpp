#include "core/loops/timers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace cairn::core {
namespace {

using std::chrono::milliseconds;

class TimersTest : public testing::Test {
protected:
    Timers::Time at(int ms) const { return Timers::Time{} + milliseconds(ms); }
    void run_due(int ms) {
        const auto limit = timers.mark();
        while (auto due = timers.take_due(at(ms), limit)) due->job();
    }
    std::function<void()> note(int what) {
        return [this, what] { fired.push_back(what); };
    }

    Timers timers;
    std::vector<int> fired;
};

TEST_F(TimersTest, FireInTheOrderOfTheirTimeAndNotBefore) {
    timers.add(at(30), note(30));
    timers.add(at(10), note(10));
    timers.add(at(20), note(20));
    EXPECT_EQ(timers.next(), at(10));
    run_due(9);
    EXPECT_TRUE(fired.empty());
    run_due(20);
    EXPECT_EQ(fired, (std::vector<int>{10, 20}));
    EXPECT_EQ(timers.next(), at(30));
    run_due(1000);
    EXPECT_EQ(fired, (std::vector<int>{10, 20, 30}));
    EXPECT_EQ(timers.next(), std::nullopt);
}

TEST_F(TimersTest, OfEqualTimeFireInTheOrderInWhichTheyWereAdded) {
    for (int i = 0; i < 50; ++i) timers.add(at(5), note(i));
    run_due(5);
    ASSERT_EQ(fired.size(), 50u);
    EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
}

TEST_F(TimersTest, CancelledNeverFiresAndCancellingTwiceIsNoError) {
    const auto first = timers.add(at(1), note(1));
    const auto second = timers.add(at(2), note(2));
    EXPECT_TRUE(timers.cancel(first));
    EXPECT_FALSE(timers.cancel(first));
    run_due(10);
    EXPECT_EQ(fired, std::vector<int>{2});
    EXPECT_FALSE(timers.cancel(second)) << "it has run";
    EXPECT_FALSE(timers.cancel(0));
    EXPECT_FALSE(timers.cancel(~TimerId{0}));
}

TEST_F(TimersTest, AnOldIdDoesNotCancelTheTimerThatTookItsPlace) {
    const auto old = timers.add(at(1), note(1));
    timers.cancel(old);
    const auto fresh = timers.add(at(1), note(2));
    EXPECT_NE(old, fresh);
    EXPECT_FALSE(timers.cancel(old));
    run_due(1);
    EXPECT_EQ(fired, std::vector<int>{2});
}

TEST_F(TimersTest, ATimerThatAddsOneOfNoDelayDoesNotRunForEver) {
    std::function<void()> again = [&] {
        fired.push_back(1);
        timers.add(at(5), again);
    };
    timers.add(at(5), again);
    run_due(5);
    EXPECT_EQ(fired.size(), 1u);
    run_due(5);
    EXPECT_EQ(fired.size(), 2u);
}

TEST_F(TimersTest, CancellingReleasesWhatTheTimerHolds) {
    auto held = std::make_shared<int>(1);
    const auto id = timers.add(at(1), [held] {});
    EXPECT_EQ(held.use_count(), 2);
    timers.cancel(id);
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(TimersTest, RememberOnWhoseBehalfTheyWereAdded) {
    const char* const plugin = intern("dice");
    timers.add(at(1), [] {}, {plugin, nullptr, nullptr});
    const auto due = timers.take_due(at(1), timers.mark());
    ASSERT_TRUE(due);
    EXPECT_EQ(due->site.plugin, plugin);
}

// Against a plain sorted list: 40,000 timers, half of them cancelled in a random order, time moving in random steps.
TEST_F(TimersTest, ManyBehaveLikeASortedList) {
    struct Model {
        int when;
        int order;
        TimerId id;
    };
    std::mt19937 random(1234);
    std::vector<Model> model;
    int order = 0;
    const auto add = [&](int from) {
        const int when = from + static_cast<int>(random() % 10'000);
        model.push_back({when, order, timers.add(at(when), note(order))});
        ++order;
    };
    for (int i = 0; i < 20'000; ++i) add(0);
    int now = 0;
    std::vector<int> expected;
    while (!model.empty()) {
        for (int i = 0; i < 40 && order < 40'000; ++i) add(now + 1);
        for (int i = 0; i < 40 && !model.empty(); ++i) {
            const std::size_t victim = random() % model.size();
            EXPECT_TRUE(timers.cancel(model[victim].id));
            model[victim] = model.back();
            model.pop_back();
        }
        now += static_cast<int>(random() % 60);
        const auto waits = std::partition(model.begin(), model.end(), [&](const Model& m) { return m.when <= now; });
        std::sort(model.begin(), waits, [](const Model& a, const Model& b) {
            return a.when != b.when ? a.when < b.when : a.order < b.order;
        });
        for (auto it = model.begin(); it != waits; ++it) expected.push_back(it->order);
        model.erase(model.begin(), waits);
        run_due(now);
        ASSERT_EQ(fired, expected);
        ASSERT_EQ(timers.size(), model.size());
        fired.clear();
        expected.clear();
    }
    EXPECT_EQ(order, 40'000);
}

}  // namespace
}  // namespace cairn::core
