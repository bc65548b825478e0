#include "core/observe/health.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

TEST(Health, IsWellWhenNobodyComplains) {
    Health health("1.2.3");
    bool ok = false;
    const Document body = health.body(ok);
    EXPECT_TRUE(ok);
    EXPECT_EQ(body["status"].text(), "ok");
    EXPECT_EQ(body["version"].text(), "1.2.3");
    EXPECT_TRUE(body["uptime_seconds"].is_integer());
    EXPECT_GE(body["uptime_seconds"].integer_or(-1), 0);
}

TEST(Health, EachReportIsAMember) {
    Health health("1");
    health.add("persistence", [] { return Health::Report{true, {{"database", "sqlite"}, {"cache", "memory"}}}; });
    health.add("worldState", [] { return Health::Report{true, {{"users", 3}, {"objects", 40}, {"ok", "not this"}}}; });
    health.add("plain", [] { return Health::Report{true, "just text"}; });
    health.add("empty", [] { return Health::Report{}; });
    bool ok = false;
    const Document body = health.body(ok);
    EXPECT_TRUE(ok);
    EXPECT_EQ(body["persistence"], (Document{{"ok", true}, {"database", "sqlite"}, {"cache", "memory"}}));
    EXPECT_EQ(body["worldState"], (Document{{"ok", true}, {"users", 3}, {"objects", 40}}));
    EXPECT_EQ(body["plain"], (Document{{"ok", true}, {"details", "just text"}}));
    EXPECT_EQ(body["empty"], (Document{{"ok", true}}));
}

TEST(Health, OneThatIsNotWellDegradesTheWhole) {
    Health health("1");
    health.add("good", [] { return Health::Report{}; });
    health.add("bad", [] { return Health::Report{false, {{"why", "disk full"}}}; });
    bool ok = true;
    const Document body = health.body(ok);
    EXPECT_FALSE(ok);
    EXPECT_EQ(body["status"].text(), "degraded");
    EXPECT_EQ(body["good"], (Document{{"ok", true}}));
    EXPECT_EQ(body["bad"], (Document{{"ok", false}, {"why", "disk full"}}));
}

TEST(Health, AReportThatThrowsIsNotWell) {
    Health health("1");
    health.add("throws", []() -> Health::Report { throw std::runtime_error("no connection"); });
    health.add("throws_oddly", []() -> Health::Report { throw 42; });
    bool ok = true;
    const Document body = health.body(ok);
    EXPECT_FALSE(ok);
    EXPECT_EQ(body["throws"], (Document{{"ok", false}, {"error", "no connection"}}));
    EXPECT_FALSE(body["throws_oddly"]["ok"].boolean_or(true));
}

TEST(Health, ReportsCanBeReplacedAndRemoved) {
    Health health("1");
    health.add("part", [] { return Health::Report{false, {}}; });
    health.add("part", [] { return Health::Report{true, {{"second", true}}}; });
    bool ok = false;
    EXPECT_TRUE(health.body(ok)["part"]["second"].boolean_or(false));
    EXPECT_TRUE(ok);
    health.remove("part");
    health.remove("part");
    EXPECT_EQ(health.body(ok).find("part"), nullptr);
}

TEST(Health, TheHostsOwnMembersAreNotForSale) {
    Health health("1");
    for (const char* const name : {"status", "uptime_seconds", "version"})
        EXPECT_THROW(health.add(name, [] { return Health::Report{}; }), Error) << name;
}

// After remove() the plugin that reported may go: no call is under way and none comes.
TEST(Health, RemoveWaitsForTheCallThatIsUnderWay) {
    Health health("1");
    std::atomic<bool> stop{false};
    std::thread asker([&] {
        while (!stop.load()) {
            bool ok = false;
            health.body(ok);
        }
    });
    for (int i = 0; i < 500; ++i) {
        auto alive = std::make_unique<std::atomic<int>>(1);
        health.add("part", [raw = alive.get()] {
            EXPECT_EQ(raw->load(), 1);
            return Health::Report{};
        });
        std::this_thread::yield();
        health.remove("part");
        alive->store(0);
    }
    stop.store(true);
    asker.join();
}

}  // namespace
}  // namespace cairn::core
