#include "core/loops/lanes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/observe/breadcrumb.hpp"
#include "core/observe/metrics_store.hpp"
#include "tests/core/loops/waiting.hpp"

namespace cairn::core {
namespace {

std::string text_of(const std::exception_ptr& failed) {
    if (!failed) return "fine";
    try {
        std::rethrow_exception(failed);
    } catch (const Error& error) {
        return std::string(code_name(error.code())) + ": " + error.what();
    } catch (const std::exception& error) {
        return error.what();
    }
}

class LanesTest : public testing::Test {
protected:
    /// One thread, held up until `door` opens: what is run next stays queued.
    void hold(Lanes& lanes, Door& begun, Door& door) {
        lanes.run(Lane::files, "hold",
                  [&](const Task&) {
                      begun.open();
                      door.wait();
                  },
                  {});
        ASSERT_TRUE(begun.wait());
    }
    static Lanes::Options one_thread(std::size_t queue) { return {{1, 1, 1, 1}, queue}; }

    MetricsStore metrics;
};

TEST_F(LanesTest, RunsWorkAndTellsThatItIsDone) {
    Lanes lanes({}, metrics);
    for (const auto& [lane, name] :
         {std::pair{Lane::general, "cairn-general-"}, std::pair{Lane::files, "cairn-files-"},
          std::pair{Lane::cache, "cairn-cache-"}, std::pair{Lane::storage, "cairn-storage-"}}) {
        Door done;
        std::string thread;
        std::string outcome;
        lanes.run(
            lane, "name",
            [&](const Task& task) {
                EXPECT_FALSE(task.cancelled());
                std::array<char, 16> buffer{};
                pthread_getname_np(pthread_self(), buffer.data(), buffer.size());
                thread = buffer.data();
            },
            [&](std::exception_ptr failed) {
                outcome = text_of(failed);
                done.open();
            });
        ASSERT_TRUE(done.wait());
        EXPECT_EQ(outcome, "fine");
        EXPECT_EQ(thread.rfind(name, 0), 0u) << thread;
    }
}

TEST_F(LanesTest, ComputesAValueOrTellsTheError) {
    Lanes lanes({}, metrics);
    Door good;
    Door bad;
    Door refused;
    lanes.compute<int>(
        Lane::general, "sum", [](const Task&) { return 42; },
        [&](Result<int> result) {
            EXPECT_TRUE(result.ok());
            EXPECT_EQ(result.value(), 42);
            good.open();
        });
    lanes.compute<int>(
        Lane::general, "throw", [](const Task&) -> int { throw std::runtime_error("no such number"); },
        [&](Result<int> result) {
            EXPECT_EQ(result.error().code(), Code::internal);
            EXPECT_STREQ(result.error().what(), "no such number");
            bad.open();
        });
    lanes.compute<int>(
        Lane::general, "refuse", [](const Task&) -> int { throw Error(Code::not_found, "no such row"); },
        [&](Result<int> result) {
            EXPECT_EQ(result.error().code(), Code::not_found);
            refused.open();
        });
    EXPECT_TRUE(good.wait());
    EXPECT_TRUE(bad.wait());
    EXPECT_TRUE(refused.wait());
}

TEST_F(LanesTest, AFullLaneRefusesAtOnceAndTheOthersDoNot) {
    Lanes lanes(one_thread(2), metrics);
    Door begun;
    Door door;
    hold(lanes, begun, door);
    std::atomic<int> ran{0};
    for (int i = 0; i < 2; ++i) lanes.run(Lane::files, "wait", [&](const Task&) { ++ran; }, {});
    std::string outcome;
    std::thread::id where;
    lanes.run(
        Lane::files, "thumbnail", [&](const Task&) { ++ran; },
        [&](std::exception_ptr failed) {
            outcome = text_of(failed);
            where = std::this_thread::get_id();
        });
    EXPECT_EQ(where, std::this_thread::get_id());
    EXPECT_NE(outcome.find("unavailable: lane files is full (2 jobs wait): \"thumbnail\""), std::string::npos)
        << outcome;
    Door other;
    lanes.run(Lane::cache, "other", [&](const Task&) { other.open(); }, {});
    EXPECT_TRUE(other.wait());
    EXPECT_NE(metrics.text().find("cairn_core_lane_queued{lane=\"files\"} 2"), std::string::npos);
    EXPECT_NE(metrics.text().find("cairn_core_lane_running{lane=\"files\"} 1"), std::string::npos);
    EXPECT_NE(metrics.text().find("cairn_core_lane_refused_total{lane=\"files\"} 1"), std::string::npos);
    door.open();
    lanes.stop(kPatience);
    EXPECT_EQ(ran.load(), 2);
    EXPECT_NE(metrics.text().find("cairn_core_lane_queued{lane=\"files\"} 0"), std::string::npos);
    EXPECT_NE(metrics.text().find("cairn_core_lane_run_seconds_count{lane=\"files\"} 3"), std::string::npos)
        << metrics.text();
}

TEST_F(LanesTest, WorkThatIsCancelledInTheQueueNeverRunsAndNobodyIsTold) {
    Lanes lanes(one_thread(10), metrics);
    Door begun;
    Door door;
    hold(lanes, begun, door);
    bool ran = false;
    Task task = lanes.run(
        Lane::files, "never", [&](const Task&) { ran = true; }, [&](std::exception_ptr) { ran = true; });
    task.cancel();
    EXPECT_TRUE(task.cancelled());
    door.open();
    lanes.stop(kPatience);
    EXPECT_FALSE(ran);
}

TEST_F(LanesTest, RunningWorkSeesThatItIsCancelledAndItsCompletionIsNotCalled) {
    Lanes lanes(one_thread(10), metrics);
    Door begun;
    bool told = false;
    Task task = lanes.run(
        Lane::files, "long",
        [&](const Task& self) {
            begun.open();
            EXPECT_TRUE(eventually([&] { return self.cancelled(); }));
        },
        [&](std::exception_ptr) { told = true; });
    ASSERT_TRUE(begun.wait());
    task.cancel();
    lanes.stop(kPatience);
    EXPECT_FALSE(told);
}

TEST_F(LanesTest, ACompletionThatThrowsDoesNotEndTheLane) {
    Lanes lanes(one_thread(10), metrics);
    Door next;
    lanes.run(
        Lane::files, "a", [](const Task&) {}, [](std::exception_ptr) { throw std::runtime_error("completion"); });
    lanes.run(
        Lane::files, "b", [](const Task&) {}, [](std::exception_ptr) { throw 42; });
    lanes.run(
        Lane::files, "c", [](const Task&) {}, [&](std::exception_ptr) { next.open(); });
    EXPECT_TRUE(next.wait());
}

TEST_F(LanesTest, OneThreadKeepsTheOrder) {
    Lanes lanes(one_thread(2000), metrics);
    std::vector<int> order;
    for (int i = 0; i < 1000; ++i) lanes.run(Lane::storage, "n", [&order, i](const Task&) { order.push_back(i); }, {});
    lanes.stop(kPatience);
    ASSERT_EQ(order.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(LanesTest, StopFinishesWhatIsQueuedAndRefusesWhatIsNew) {
    Lanes lanes({{2, 2, 2, 2}, 4096}, metrics);
    std::atomic<int> ran{0};
    std::atomic<int> told{0};
    for (int i = 0; i < 500; ++i) {
        lanes.run(
            static_cast<Lane>(i % 4), "n", [&](const Task&) { ++ran; },
            [&](std::exception_ptr failed) { told += failed ? 0 : 1; });
    }
    lanes.stop(kPatience);
    EXPECT_EQ(ran.load(), 500);
    EXPECT_EQ(told.load(), 500);
    std::string outcome;
    lanes.run(
        Lane::general, "late", [&](const Task&) { ++ran; },
        [&](std::exception_ptr failed) { outcome = text_of(failed); });
    EXPECT_NE(outcome.find("stopping"), std::string::npos) << outcome;
    EXPECT_EQ(ran.load(), 500);
}

TEST_F(LanesTest, AfterTheGraceTheQueuedAreRefusedAndTheRunningAskedToStop) {
    Lanes lanes(one_thread(10), metrics);
    Door begun;
    std::vector<std::string> outcomes;
    std::mutex mutex;
    const auto note = [&](const char* who) {
        return [&, who](std::exception_ptr failed) {
            const std::lock_guard lock(mutex);
            outcomes.push_back(std::string(who) + " " + text_of(failed));
        };
    };
    lanes.run(
        Lane::files, "runs",
        [&](const Task& self) {
            begun.open();
            EXPECT_TRUE(eventually([&] { return self.cancelled(); }));
        },
        note("first"));
    ASSERT_TRUE(begun.wait());
    lanes.run(
        Lane::files, "waits", [](const Task&) { ADD_FAILURE() << "too late to begin"; }, note("second"));
    lanes.stop(Duration(0));
    std::sort(outcomes.begin(), outcomes.end());
    ASSERT_EQ(outcomes.size(), 2u) << "every completion is owed";
    EXPECT_EQ(outcomes[0], "first fine");
    EXPECT_EQ(outcomes[1], "second unavailable: the server stopped before \"waits\" began");
}

TEST_F(LanesTest, WorksOnBehalfOfWhoeverSubmitted) {
    Lanes lanes(one_thread(10), metrics);
    const char* const plugin = intern("uploads");
    const char* const space = intern("gallery");
    const char* work_plugin = nullptr;
    const char* done_space = nullptr;
    const char* after_plugin = plugin;
    {
        const BreadcrumbScope scope({plugin, space, intern("upload.end")});
        lanes.run(
            Lane::files, "scan", [&](const Task&) { work_plugin = thread_breadcrumb().plugin.load(); },
            [&](std::exception_ptr) { done_space = thread_breadcrumb().space.load(); });
    }
    lanes.run(Lane::files, "core", [&](const Task&) { after_plugin = thread_breadcrumb().plugin.load(); }, {});
    lanes.stop(kPatience);
    EXPECT_EQ(work_plugin, plugin);
    EXPECT_EQ(done_space, space);
    EXPECT_EQ(after_plugin, nullptr);
}

}  // namespace
}  // namespace cairn::core
