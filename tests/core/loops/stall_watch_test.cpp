#include "core/loops/stall_watch.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "core/loops/loop_group.hpp"
#include "core/observe/metrics_store.hpp"
#include "tests/core/loops/waiting.hpp"

namespace cairn::core {
namespace {

class Notebook final : public Log {
public:
    void write(LogLevel level, std::string_view message, const Document& details) override {
        const std::lock_guard lock(mutex_);
        EXPECT_EQ(level, LogLevel::warning);
        lines_.push_back(std::string(message) + " " + details.to_json());
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    bool has(const std::string& part) const { return count(part) > 0; }
    std::size_t count(const std::string& part) const {
        const std::lock_guard lock(mutex_);
        std::size_t found = 0;
        for (const std::string& line : lines_) found += line.find(part) != std::string::npos;
        return found;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

class StallWatchTest : public testing::Test {
protected:
    StallWatchTest() { group.start(); }
    ~StallWatchTest() override { group.stop(); }

    LoopGroup group{2};
    MetricsStore metrics;
    Notebook log;
};

TEST_F(StallWatchTest, NamesWhoHoldsTheLoopUpAndSaysWhenItGoesOn) {
    StallWatch watch(group.event_loops(), metrics, log, {Duration(10), Duration(50), Duration(200)});
    const CallSite site{intern("dice"), intern("main"), intern("dice.roll")};
    Door release;
    group.at(1).post([&] {
        const BreadcrumbScope scope(site);
        release.wait();
    });
    const std::string where = R"("loop":1,"plugin":"dice","space":"main","handler":"dice.roll","for_ms":)";
    EXPECT_TRUE(eventually([&] { return log.has("a handler holds its loop up"); }));
    EXPECT_TRUE(log.has(where));
    EXPECT_TRUE(eventually([&] { return log.count("still holds its loop up") >= 2; })) << "told again while it lasts";
    EXPECT_FALSE(log.has("the loop goes on"));
    release.open();
    EXPECT_TRUE(eventually([&] { return log.has("the loop goes on"); }));
    watch.stop();
    EXPECT_EQ(log.count("a handler holds its loop up"), 1u) << "once per stall";
    EXPECT_EQ(log.count(where), log.count("loop"));
    EXPECT_NE(metrics.text().find("cairn_core_loop_stalls_total{plugin=\"dice\"} 1"), std::string::npos);
}

TEST_F(StallWatchTest, NamesWhatTheHostItselfDoes) {
    StallWatch watch(group.event_loops(), metrics, log, {});
    Door release;
    group.at(0).post([&] { release.wait(); });
    EXPECT_TRUE(eventually([&] { return log.has(R"("plugin":"core","handler":"running a message")"); }));
    release.open();
}

TEST_F(StallWatchTest, CountsStallsThatFollowCloselyWithoutALineEach) {
    StallWatch watch(group.event_loops(), metrics, log, {Duration(5), Duration(20), Duration(3'600'000)});
    for (int i = 1; i <= 3; ++i) {
        Door release;
        group.at(0).post([&] { release.wait(); });
        const std::string counted = "cairn_core_loop_stalls_total{plugin=\"core\"} " + std::to_string(i) + "\n";
        EXPECT_TRUE(eventually([&] { return metrics.text().find(counted) != std::string::npos; }));
        release.open();
        run_on(group.at(0), [] {});
    }
    watch.stop();
    EXPECT_EQ(log.count("a handler holds its loop up"), 1u);
}

TEST_F(StallWatchTest, AWaitingLoopIsNotStalled) {
    StallWatch watch(group.event_loops(), metrics, log, {Duration(1), Duration(5), Duration(5)});
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    watch.stop();
    EXPECT_FALSE(log.has("loop"));
    EXPECT_EQ(metrics.text().find("cairn_core_loop_stalls_total{"), std::string::npos);
}

}  // namespace
}  // namespace cairn::core
