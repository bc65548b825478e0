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

TEST_F(CoalescerTest, AdditionsAreAddedUpAndGoBehindWhatIsPutBack) {
    const auto add = [](int amount, const std::string& id = "a") {
        return Change{nullptr, id, "+[{\"value\":" + std::to_string(amount) + "},{\"id\":\"" + id + "\",\"value\":100}]"};
    };
    const auto changes = [&](Change change) {
        change.table = &table_;
        return std::vector<Change>{std::move(change)};
    };
    EXPECT_TRUE(coalescer_.mergeable(changes(add(2))));
    coalescer_.add(changes(add(2)), nullptr, at(0));
    coalescer_.add(changes(add(3)), nullptr, at(1));
    EXPECT_EQ(coalescer_.size(), 1);
    auto taken = coalescer_.take_all();
    EXPECT_EQ(taken[0].changes[0].row, "+[{\"value\":5},{\"id\":\"a\",\"value\":100}]");
    EXPECT_EQ(coalescer_.bytes(), 0);

    coalescer_.add(changes(add(4)), nullptr, at(2));  // before the 5 could be written
    coalescer_.restore(std::move(taken[0]));
    taken = coalescer_.take_all();
    ASSERT_EQ(taken.size(), 1);
    EXPECT_EQ(taken[0].changes[0].row, "+[{\"value\":9},{\"id\":\"a\",\"value\":100}]");

    coalescer_.add({change("a", R"({"id":"a","value":1})")}, nullptr, at(3));
    EXPECT_FALSE(coalescer_.mergeable(changes(add(1)))) << "the sum may be refused, the row must not";
    EXPECT_TRUE(coalescer_.mergeable(changes(add(1, "b"))));
    EXPECT_FALSE(coalescer_.mergeable({change("b", R"({"id":"b","value":1})"), changes(add(1, "b"))[0]}));
}

TEST_F(CoalescerTest, ASumThatIsTooLargeIsRefusedAndTheRowStays) {
    const std::string full = R"({"id":"a","value":9223372036854775807})";
    coalescer_.add({change("a", full)}, nullptr, at(0));
    auto taken = coalescer_.take_all();
    auto waiter = std::make_shared<Waiter>();
    coalescer_.add({change("a", R"(+[{"value":1},{"id":"a","value":0}])")}, waiter, at(1));
    coalescer_.restore(std::move(taken[0]));
    taken = coalescer_.take_all();
    ASSERT_EQ(taken.size(), 1);
    EXPECT_EQ(taken[0].changes[0].row, full);
    ASSERT_TRUE(waiter->refused.has_value());
    EXPECT_EQ(waiter->refused->code(), Code::conflict);
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
