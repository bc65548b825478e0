#include "core/observe/metrics_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricsStore, WritesPrometheusText) {
    MetricsStore store;
    store.counter("cairn_chat_messages_total", "Messages sent.", {{"space", "main"}}).add();
    store.counter("cairn_chat_messages_total", "Messages sent.", {{"space", "main"}}).add(2);
    store.counter("cairn_chat_messages_total", "Messages sent.", {{"space", "a \"b\"\n"}}).add(0.5);
    store.gauge("cairn_players", "Players.", {}).set(7);
    store.gauge("cairn_players", "Players.", {}).add(-2);
    const std::string text = store.text();
    EXPECT_THAT(text, HasSubstr("# HELP cairn_chat_messages_total Messages sent.\n"
                                "# TYPE cairn_chat_messages_total counter\n"));
    EXPECT_THAT(text, HasSubstr("cairn_chat_messages_total{space=\"main\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("cairn_chat_messages_total{space=\"a \\\"b\\\"\\n\"} 0.5\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE cairn_players gauge\ncairn_players 5\n"));
}

TEST(MetricsStore, HistogramsCountUpToAndIncludingEachBound) {
    MetricsStore store;
    Histogram& seconds = store.histogram("db_query_duration_seconds", "Queries.", {0.1, 1}, {{"query_type", "read"}});
    for (const double value : {0.05, 0.1, 0.5, 1.0, 5.0, std::nan("")}) seconds.observe(value);
    const std::string text = store.text();
    EXPECT_THAT(text, HasSubstr("# TYPE db_query_duration_seconds histogram\n"));
    EXPECT_THAT(text, HasSubstr("db_query_duration_seconds_count{query_type=\"read\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("db_query_duration_seconds_sum{query_type=\"read\"} 6.65\n"));
    EXPECT_THAT(text, HasSubstr("db_query_duration_seconds_bucket{query_type=\"read\",le=\"0.1\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("db_query_duration_seconds_bucket{query_type=\"read\",le=\"1\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("db_query_duration_seconds_bucket{query_type=\"read\",le=\"+Inf\"} 5\n"));
}

TEST(MetricsStore, TheSameNameAndLabelsAreTheSameObject) {
    MetricsStore store;
    EXPECT_EQ(&store.counter("c_total", "h", {{"a", "1"}, {"b", "2"}}),
              &store.counter("c_total", "h", {{"b", "2"}, {"a", "1"}}));
    EXPECT_NE(&store.counter("c_total", "h", {{"a", "1"}}), &store.counter("c_total", "h", {{"a", "2"}}));
    EXPECT_EQ(&store.histogram("h_seconds", "h", {1, 2}, {}), &store.histogram("h_seconds", "h", {3}, {}));
}

TEST(MetricsStore, CountersNeverGoBack) {
    MetricsStore store;
    Counter& counter = store.counter("c_total", "h", {});
    counter.add(3);
    counter.add(-1);
    counter.add(std::nan(""));
    EXPECT_THAT(store.text(), HasSubstr("\nc_total 3\n"));
}

TEST(MetricsStore, RefusesWhatPrometheusWouldNotRead) {
    MetricsStore store;
    store.counter("taken_total", "h", {});
    const auto refusal = [&](auto&& ask) -> std::string {
        try {
            ask();
        } catch (const Error& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_THAT(refusal([&] { store.counter("no good", "h", {}); }), HasSubstr("\"no good\" is no name for a metric"));
    EXPECT_THAT(refusal([&] { store.counter("c_total", "h", {{"a-b", "1"}}); }), HasSubstr("\"a-b\""));
    EXPECT_THAT(refusal([&] { store.histogram("h", "h", {1}, {{"le", "1"}}); }), HasSubstr("\"le\""));
    EXPECT_THAT(refusal([&] { store.histogram("h", "h", {2, 1}, {}); }), HasSubstr("ascend"));
    EXPECT_THAT(refusal([&] { store.gauge("taken_total", "h", {}); }), HasSubstr("is a counter already"));
    EXPECT_THAT(store.text(), Not(HasSubstr("no good")));
}

TEST(MetricsStore, ALabelWithoutEndSharesOneSeries) {
    MetricsStore store;
    for (int i = 0; i < 3000; ++i) store.counter("c_total", "h", {{"player", std::to_string(i)}}).add();
    const std::string text = store.text();
    EXPECT_THAT(text, HasSubstr("c_total{player=\"999\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("c_total{player=\"other\"} 2000\n"));
    EXPECT_THAT(text, Not(HasSubstr("player=\"1000\"")));
}

TEST(MetricsStore, CountsRightFromManyThreads) {
    MetricsStore store;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&store, t] {
            for (int i = 0; i < 2000; ++i) {
                store.counter("c_total", "h", {{"t", std::to_string(i % 10)}}).add();
                store.gauge("g", "h", {}).add(t % 2 == 0 ? 1 : -1);
                store.histogram("h", "h", {0.5}, {}).observe(i % 2);
                if (i % 500 == 0) {
                    EXPECT_THAT(store.text(), HasSubstr("c_total"));
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const std::string text = store.text();
    for (int i = 0; i < 10; ++i) EXPECT_THAT(text, HasSubstr("c_total{t=\"" + std::to_string(i) + "\"} 800\n"));
    EXPECT_THAT(text, HasSubstr("\ng 0\n"));
    EXPECT_THAT(text, HasSubstr("h_bucket{le=\"0.5\"} 4000\n"));
    EXPECT_THAT(text, HasSubstr("h_count 8000\n"));
}

TEST(MetricsStore, KnowsTheProcess) {
    const std::string text = MetricsStore().text();
    for (const char* const name :
         {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
          "process_open_fds", "process_max_fds", "process_threads", "process_start_time_seconds"}) {
        const std::string begin = "\n" + std::string(name) + " ";
        const auto at = text.find(begin);
        ASSERT_NE(at, std::string::npos) << name << " in\n" << text;
        EXPECT_GT(std::stod(text.substr(at + begin.size())), 0) << name;
    }
    EXPECT_THAT(text, HasSubstr("cairn_core_uptime_seconds"));
}

}  // namespace
}  // namespace cairn::core
