#include "@name@.hpp"

#include <gtest/gtest.h>

namespace @name@_plugin {
namespace {

TEST(Counts, OneMoreEachTimeForEachPlayer) {
    Counts counts("main");
    counts.load({{"main", "anna", 41}});
    EXPECT_EQ(counts.add("anna").count, 42);
    const CountRow row = counts.add("ben");
    EXPECT_EQ(row.space, "main");
    EXPECT_EQ(row.player, "ben");
    EXPECT_EQ(row.count, 1);
}

TEST(Counts, WhatCouldNotBeKeptDoesNotCount) {
    Counts counts("main");
    counts.add("ben");
    counts.take_back("ben");
    counts.take_back("nobody");
    EXPECT_EQ(counts.of("ben"), 0);
    EXPECT_EQ(counts.of("nobody"), 0);
}

}  // namespace
}  // namespace @name@_plugin
