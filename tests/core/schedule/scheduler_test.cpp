#include "core/schedule/scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "core/loops/lanes.hpp"
#include "core/observe/system_clock.hpp"
#include "tests/support/manual_background.hpp"
#include "tests/support/plain_metrics.hpp"

namespace cairn::core {
namespace {

using ::testing::HasSubstr;

/// A wall clock that can be set, beside one that only runs.
class TwoClocks final : public Clock {
public:
    WallTime wall() const noexcept override { return wall_; }
    std::chrono::steady_clock::time_point steady() const noexcept override {
        return std::chrono::steady_clock::time_point(std::chrono::hours(1)) + steady_;
    }
    void run(Duration by) {
        wall_ += by.count();
        steady_ += by;
    }
    void set_by(Duration by) { wall_ += by.count(); }

private:
    WallTime wall_ = 1'774'749'600'000;  // 2026-03-29T02:00:00Z
    Duration steady_{0};
};

class ListedLog final : public Log {
public:
    void write(LogLevel, std::string_view message, const Document& details) override {
        const std::lock_guard lock(mutex_);
        lines_ += std::string(message) + " " + details.to_json() + "\n";
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    std::string lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    std::string lines_;
};

constexpr Duration kMinute{60000};
constexpr Duration kHour{3600000};
constexpr Duration kDay{24 * 3600000};

class Schedules : public ::testing::Test {
protected:
    /// Turns the clock in small steps, as the thread would look at it.
    void pass(Duration time, Duration step = Duration(5000)) {
        for (Duration passed{0}; passed < time; passed += step) {
            clock_.run(step);
            scheduler_.look();
            lanes_.run();
        }
    }
    void look() {
        scheduler_.look();
        lanes_.run();
    }
    Scheduler::Work count(int& runs) {
        return [&runs](const Task&) { ++runs; };
    }

    TwoClocks clock_;
    test::ManualBackground lanes_;
    ListedLog log_;
    Scheduler scheduler_{TimeZone("UTC"), clock_, lanes_, log_};
    int hourly_ = 0;
    int daily_ = 0;
};

TEST_F(Schedules, RunAtTheirTimes) {
    scheduler_.add("test", "0 * * * *", "hourly", count(hourly_));
    scheduler_.add("test", "30 4 * * *", "daily", count(daily_));
    look();
    EXPECT_EQ(hourly_ + daily_, 0) << "nothing is due at the start";
    pass(3 * kHour);
    EXPECT_EQ(hourly_, 3);
    EXPECT_EQ(daily_, 1);
    pass(kDay);
    EXPECT_EQ(hourly_, 27);
    EXPECT_EQ(daily_, 2);
}

TEST_F(Schedules, LookSaysHowLongNothingWillBe) {
    scheduler_.add("test", "0 * * * *", "hourly", count(hourly_));
    EXPECT_EQ(scheduler_.look(), Duration(5000)) << "a set clock is noticed soon";
    clock_.run(kHour - Duration(1500));
    EXPECT_EQ(scheduler_.look(), Duration(1500));
}

TEST_F(Schedules, AClockSetForwardMeansOneRunToMakeUp) {
    scheduler_.add("test", "0 * * * *", "hourly", count(hourly_));
    scheduler_.add("test", "30 4 * * *", "daily", count(daily_));
    pass(10 * kMinute);
    clock_.set_by(kDay);
    look();
    EXPECT_EQ(hourly_, 1);
    EXPECT_EQ(daily_, 1);
    pass(30 * kMinute);
    EXPECT_EQ(hourly_, 1) << "no storm";
    pass(kHour);
    EXPECT_EQ(hourly_, 2) << "and on by the new clock";
}

TEST_F(Schedules, AClockSetBackMakesNobodyWait) {
    scheduler_.add("test", "0 * * * *", "hourly", count(hourly_));
    scheduler_.add("test", "30 4 * * *", "daily", count(daily_));
    pass(3 * kHour);
    ASSERT_EQ(hourly_, 3);
    for (const Duration back : {kHour, kDay}) {
        const int before = hourly_;
        const int daily_before = daily_;
        clock_.set_by(-back);
        look();
        EXPECT_EQ(hourly_, before) << "nothing runs because of the jump itself";
        pass(kDay);
        EXPECT_EQ(hourly_, before + 24);
        EXPECT_GE(daily_, daily_before + 1);
        EXPECT_LE(daily_, daily_before + 2);
    }
}

TEST_F(Schedules, ASmallStepBackRepeatsNothing) {
    scheduler_.add("test", "0 * * * *", "hourly", count(hourly_));
    pass(kHour);
    ASSERT_EQ(hourly_, 1);
    clock_.set_by(-Duration(3000));
    pass(10 * kMinute);
    EXPECT_EQ(hourly_, 1);
}

TEST_F(Schedules, OneRunAtATime) {
    int runs = 0;
    scheduler_.add("test", "* * * * *", "slow", count(runs));
    clock_.run(kMinute);
    scheduler_.look();  // begun: waits in the lane
    for (int minute = 0; minute < 5; ++minute) {
        clock_.run(kMinute);
        scheduler_.look();
    }
    EXPECT_EQ(lanes_.run(), 1);
    EXPECT_EQ(runs, 1);
    scheduler_.look();
    EXPECT_EQ(lanes_.run(), 1) << "one run makes up for the five";
    scheduler_.look();
    EXPECT_EQ(lanes_.run(), 0);
}

TEST_F(Schedules, AFailureIsLoggedAndTheNextTimeComes) {
    int runs = 0;
    scheduler_.add("test", "* * * * *", "weak", [&](const Task&) {
        ++runs;
        throw std::runtime_error("the reason");
    });
    pass(2 * kMinute);
    EXPECT_EQ(runs, 2);
    EXPECT_THAT(log_.lines(), HasSubstr("\"job\":\"weak\""));
    EXPECT_THAT(log_.lines(), HasSubstr("the reason"));
}

TEST_F(Schedules, EndWithTheirOwner) {
    int other = 0;
    scheduler_.add("plugin", "* * * * *", "gone", count(hourly_));
    scheduler_.add("other", "* * * * *", "stays", count(other));
    clock_.run(kMinute);
    scheduler_.look();
    EXPECT_FALSE(scheduler_.remove("plugin", Duration(1))) << "still waits in the lane";
    lanes_.run();
    EXPECT_EQ(hourly_, 0) << "a run that had not begun does not begin";
    EXPECT_TRUE(scheduler_.remove("plugin"));
    pass(3 * kMinute);
    EXPECT_EQ(hourly_, 0);
    EXPECT_EQ(other, 4);
}

TEST_F(Schedules, ABadCronIsRefused) {
    EXPECT_THROW(scheduler_.add("test", "61 * * * *", "never", count(hourly_)), Error);
}

TEST(ScheduleThread, RunsInLanesAndWaitsForTheEnd) {
    test::PlainMetrics metrics;
    Lanes lanes({}, metrics);
    ListedLog log;
    TwoClocks clock;
    Scheduler scheduler(TimeZone("UTC"), clock, lanes, log);
    std::promise<void> begun;
    std::atomic<bool> saw_cancel{false};
    scheduler.add("test", "* * * * *", "long", [&](const Task& task) {
        begun.set_value();
        while (!task.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        saw_cancel = true;
    });
    clock.run(kMinute);
    scheduler.start();
    begun.get_future().wait();
    EXPECT_TRUE(scheduler.remove("test"));
    EXPECT_TRUE(saw_cancel);
    scheduler.stop();
    lanes.stop(Duration(1000));
}

}  // namespace
}  // namespace cairn::core
