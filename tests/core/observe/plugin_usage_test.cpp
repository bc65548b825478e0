#include "core/observe/plugin_usage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "core/observe/breadcrumb.hpp"
#include "core/observe/metrics_store.hpp"

namespace cairn::core {
namespace {

using std::chrono::milliseconds;

void spin(milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
    }
}

/// Runs `work` on a thread that counts as an event loop does.
template <class Work>
void on_a_loop(Work work) {
    std::thread thread([&] {
        thread_breadcrumb().usage->count_passing_time(true);
        work();
        thread_breadcrumb().usage->count_passing_time(false);
    });
    thread.join();
}

PluginUsage usage_of(const std::string& plugin) {
    for (PluginUsage& usage : plugin_usage())
        if (usage.plugin == plugin) return usage;
    return {};
}

const HandlerUsage* handler_of(const PluginUsage& usage, const std::string& name) {
    const auto found = std::find_if(usage.handlers.begin(), usage.handlers.end(),
                                    [&](const HandlerUsage& handler) { return handler.handler == name; });
    return found == usage.handlers.end() ? nullptr : &*found;
}

TEST(PluginUsage, WhatIsCalledFromWithinCountsForItself) {
    const char* const outer = intern("usage outer");
    const char* const inner = intern("usage inner");
    on_a_loop([&] {
        const BreadcrumbScope out({outer, nullptr, intern("asks")});
        spin(milliseconds(20));
        {
            const BreadcrumbScope in({inner, nullptr, intern("answers")});
            spin(milliseconds(60));
        }
        spin(milliseconds(20));
    });
    const PluginUsage asked = usage_of("usage outer");
    const PluginUsage answered = usage_of("usage inner");
    EXPECT_EQ(asked.calls(), 1u);
    EXPECT_EQ(answered.calls(), 1u);
    EXPECT_GE(asked.self_ns(), 40'000'000u);
    EXPECT_GE(answered.self_ns(), 60'000'000u);
    const HandlerUsage* const asks = handler_of(asked, "asks");
    ASSERT_NE(asks, nullptr);
    EXPECT_EQ(asks->took_ns, asked.self_ns() + answered.self_ns()) << "how long a call held the loop is counted whole";
}

TEST(PluginUsage, WorkThatWaitsInALaneCostsNoTime) {
    std::thread([] {
        const BreadcrumbScope scope({intern("usage sleeper"), nullptr, intern("work")});
        std::this_thread::sleep_for(milliseconds(80));
    }).join();
    const PluginUsage usage = usage_of("usage sleeper");
    EXPECT_EQ(usage.calls(), 1u);
    EXPECT_LT(usage.self_ns(), 40'000'000u);
    EXPECT_EQ(took_quantile(usage.took(), 0.99).count(), 0) << "only what holds a loop is of interest";
}

TEST(PluginUsage, ThreadsOfOneHandlerAreSummed) {
    for (int i = 0; i < 3; ++i)
        on_a_loop([] { const BreadcrumbScope scope({intern("usage several"), nullptr, intern("tick")}); });
    const PluginUsage usage = usage_of("usage several");
    EXPECT_EQ(usage.calls(), 3u);
    EXPECT_EQ(usage.handlers.size(), 1u);
}

TEST(PluginUsage, MoreHandlersThanPlacesToFindThemFastAreAllCounted) {
    on_a_loop([] {
        for (int round = 0; round < 3; ++round)
            for (int i = 0; i < 1000; ++i) {
                const BreadcrumbScope scope({intern("usage many"), nullptr, intern("handler " + std::to_string(i))});
            }
    });
    const PluginUsage usage = usage_of("usage many");
    EXPECT_EQ(usage.calls(), 3000u);
    EXPECT_EQ(usage.handlers.size(), 1000u);
}

TEST(PluginUsage, IsShownAmongTheMetrics) {
    on_a_loop([] {
        const BreadcrumbScope scope({intern("usage shown"), nullptr, intern("shown.say")});
        spin(milliseconds(5));
        count_jobs(current_plugin_tag(), +1);
    });
    const std::string text = MetricsStore().text();
    EXPECT_NE(text.find("cairn_plugin_calls_total{plugin=\"usage shown\"} 1"), std::string::npos);
    EXPECT_NE(text.find("cairn_plugin_jobs{plugin=\"usage shown\"} 1"), std::string::npos);
    EXPECT_NE(text.find("cairn_plugin_cpu_seconds_total{plugin=\"usage shown\"} 0.0"), std::string::npos);
    EXPECT_NE(text.find("cairn_plugin_handler_seconds_count{plugin=\"usage shown\",handler=\"shown.say\"} 1"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("cairn_plugin_handler_p99_seconds{plugin=\"usage shown\"} 0.0"), std::string::npos);
}

// Last of those that name handlers: the place that it fills is handed on to later threads, full as it is.
TEST(PluginUsage, HandlersWithoutEndShareACell) {
    on_a_loop([] {
        for (int i = 0; i < 5000; ++i) {
            const BreadcrumbScope scope({intern("usage endless"), nullptr, intern("endless " + std::to_string(i))});
        }
    });
    const PluginUsage usage = usage_of("usage endless");
    EXPECT_EQ(usage.calls(), 5000u);
    EXPECT_LE(usage.handlers.size(), 2049u);
}

TEST(PluginUsage, QuantilesAreRightToHalfAnOctave) {
    std::array<std::uint64_t, kTookBuckets> took{};
    EXPECT_EQ(took_quantile(took, 0.99).count(), 0);
    took[4] = 98;   // ≤ 4 µs
    took[20] = 2;   // ≤ 1.024 ms
    EXPECT_EQ(took_quantile(took, 0.5), std::chrono::nanoseconds(4000));
    EXPECT_EQ(took_quantile(took, 0.98), std::chrono::nanoseconds(4000));
    EXPECT_EQ(took_quantile(took, 0.99), std::chrono::nanoseconds(1'024'000));
    took = {};
    took[kTookBuckets - 1] = 1;
    EXPECT_GT(took_quantile(took, 0.99), std::chrono::seconds(8)) << "beyond all bounds";
}

TEST(PluginUsage, EachDurationLandsInTheFirstBucketThatHoldsIt) {
    on_a_loop([] {
        for (int i = 0; i < 50; ++i) {
            const BreadcrumbScope scope({intern("usage bucket"), nullptr, intern("two")});
            spin(milliseconds(2));
        }
    });
    const PluginUsage usage = usage_of("usage bucket");
    const auto median = took_quantile(usage.took(), 0.5);
    EXPECT_GE(median, milliseconds(2));
    const std::uint64_t mean = usage.handlers.at(0).took_ns / 50;
    EXPECT_LE(took_quantile(usage.took(), 0.0).count(), static_cast<std::int64_t>(mean * 3 / 2));
}

TEST(PluginUsage, MemoryIsBookedToThePluginAndOffItByWhoeverFrees) {
    std::uint16_t tag = 0;
    std::thread([&] {
        const BreadcrumbScope scope({intern("usage memory"), nullptr, intern("asks")});
        tag = current_plugin_tag();
        count_memory(tag, 1000, 1);
        count_memory(tag, 500, 1);
    }).join();
    EXPECT_NE(tag, 0);
    EXPECT_EQ(current_plugin_tag(), 0) << "outside of plugins it is the host's";
    EXPECT_EQ(usage_of("usage memory").live_bytes, 1500);
    std::thread([&] { count_memory(tag, -1000, -1); }).join();
    EXPECT_EQ(usage_of("usage memory").live_bytes, 500);
    EXPECT_EQ(usage_of("usage memory").live_blocks, 1);
}

}  // namespace
}  // namespace cairn::core
