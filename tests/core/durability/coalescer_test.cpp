#include "core/durability/coalescer.hpp"

#include <gtest/gtest.h>

#include "tests/core/durability/fake_store.hpp"

namespace cairn::core::test {
namespace {

using Instant = Coalescer::Instant;

Instant at(int ms) {
    return Instant{} + std::chrono::milliseconds(ms);
}

class CoalescerTest : public testing::Test {
protected:
    Change change(const std::string& key, const std::string& row) { return {&table_, key, row}; }
    TableSpec table_ = item_table("items");
    Coalescer coalescer_;
};

TEST_F(CoalescerTest, KeepsTheNewestRowAndTheOldestTime) {
    EXPECT_EQ(coalescer_.add({change("a", "1")}, nullptr, at(10)), 0);
    EXPECT_EQ(coalescer_.add({change("b", "1")}, nullptr, at(20)), 0);
    EXPECT_EQ(coalescer_.add({change("a", "22")}, nullptr, at(30)), 1);
    EXPECT_EQ(coalescer_.oldest(), at(10)) << "a row that is replaced all the time is written all the same";
    const std::size_t bytes = coalescer_.bytes();
    const auto taken = coalescer_.take_all();
    ASSERT_EQ(taken.size(), 2);
    EXPECT_EQ(taken[0].changes[0].row, "22");
    EXPECT_EQ(taken[1].changes[0].row, "1");
    EXPECT_EQ(bytes, taken[0].bytes + taken[1].bytes);
    EXPECT_TRUE(coalescer_.empty());
    EXPECT_EQ(coalescer_.bytes(), 0);
}

TEST_F(CoalescerTest, TakesOutWhatACommitTouchesWithItsCompanions) {
    coalescer_.add({change("a", "1")}, nullptr, at(0));
    coalescer_.add({change("b", "1"), change("c", "1")}, nullptr, at(0));
    const auto alone = coalescer_.take_touched({change("a", "2"), change("z", "2")});
    ASSERT_EQ(alone.size(), 1);
    EXPECT_EQ(alone[0].changes[0].key, "a");
    const auto companions = coalescer_.take_touched({change("c", "2")});
    ASSERT_EQ(companions.size(), 1);
    EXPECT_EQ(companions[0].changes.size(), 2);
    EXPECT_TRUE(coalescer_.empty());
}

TEST_F(CoalescerTest, WhatIsPutBackGivesWayToWhatHasCome) {
    coalescer_.add({change("a", "old")}, nullptr, at(0));
    coalescer_.add({change("b", "old")}, nullptr, at(0));
    auto taken = coalescer_.take_all();
    coalescer_.add({change("a", "new")}, nullptr, at(5));
    for (PendingCommit& commit : taken) coalescer_.restore(std::move(commit));
    EXPECT_EQ(coalescer_.oldest(), at(0));
    const auto again = coalescer_.take_all();
    ASSERT_EQ(again.size(), 2);
    EXPECT_EQ(again[0].changes[0].row, "new");
    EXPECT_EQ(again[1].changes[0].row, "old");
}

TEST_F(CoalescerTest, AWaiterIsCountedOncePerRow) {
    const auto waiter = std::make_shared<Waiter>();
    coalescer_.add({change("a", "1"), change("b", "1")}, waiter, at(0));
    EXPECT_EQ(waiter->remaining, 2);
    auto together = coalescer_.take_all();
    ASSERT_EQ(together.size(), 1);
    EXPECT_EQ(together[0].waiters.size(), waiter->remaining);
    coalescer_.restore(std::move(together[0]));
    const auto again = coalescer_.take_all();
    ASSERT_EQ(again.size(), 1);
    EXPECT_EQ(again[0].waiters.size(), waiter->remaining) << "however often it is put back";
}

}  // namespace
}  // namespace cairn::core::test
