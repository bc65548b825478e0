// Table::add on stores that are asked no SQL: refused at the door with a sentence, or worked out over the rows that the
// host gives. What additions come to on databases is in tests/data/counter_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class AdditionTest : public EngineTest {
protected:
    Commit add(const std::string& id, std::int64_t amount) {
        Commit commit;
        items_.add(commit, Item{id, 0}, &Item::value, amount);
        return commit;
    }
    /// With a look at every row in place of SQL.
    CommitQueue::Options looking(CommitQueue::Options options) {
        options.rows = [this](const TableSpec& table) {
            ++looks_;
            if (away_) throw Error(Code::unavailable, "it is away");
            Rows rows;
            for (const auto& [key, row] : store_.state()) {
                if (key.first == table.name) rows.push_back(Document::parse_json(row));
            }
            return rows;
        };
        return options;
    }
    std::atomic<int> looks_{0};
    std::atomic<bool> away_{false};
};

TEST_F(AdditionTest, AreRefusedByAStoreOfAnUnknownDialectAndNothingElseIs) {
    std::atomic<bool> damaged{false};
    CommitQueue::Options options = ack_store();
    options.on_damage = [&](const std::string&) { damaged = true; };
    start(options);
    for (const bool coalesced : {false, true}) {
        Commit both = put(others_, "b", 2);
        items_.add(both, Item{"a", 0}, &Item::value, 1);
        if (coalesced) both.coalesced();
        const Result<Committed> refused = commit(std::move(both));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), Code::unsupported);
        EXPECT_THAT(refused.error().what(),
                    AllOf(HasSubstr("Table::add"), HasSubstr("the store fake"), HasSubstr("put it (Table::put)")));
    }
    EXPECT_EQ(store_.value("others", "b"), -1) << "all of it or nothing";
    ASSERT_TRUE(commit(put(items_, "a", 5)));
    EXPECT_EQ(store_.value("items", "a"), 5);
    EXPECT_FALSE(damaged);
    EXPECT_EQ(queue_->trouble(), "");
}

TEST_F(AdditionTest, AreWorkedOutOverTheRowsThatTheHostGives) {
    start(looking(ack_store()));
    ASSERT_TRUE(commit(put(items_, "a", 5)));
    EXPECT_EQ(looks_, 0) << "only for what adds";
    ASSERT_TRUE(commit(add("a", 3)));
    ASSERT_TRUE(commit(add("new", 4)));
    EXPECT_EQ(store_.value("items", "a"), 8);
    EXPECT_EQ(store_.value("items", "new"), 4);
    const Result<Committed> refused = commit(add("a", -20));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::conflict) << "the store refuses negative values";
    EXPECT_EQ(store_.value("items", "a"), 8);
}

TEST_F(AdditionTest, WaitForAStoreThatIsAway) {
    CommitQueue::Options options = looking(ack_store());
    options.retry_min = Duration(1);
    options.retry_max = Duration(5);
    start(options);
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    away_ = true;
    ASSERT_TRUE(commit(add("a", 2))) << "the journal answers for it";
    away_ = false;
    wait_for([&] { return store_.value("items", "a") == 3; });
    crash();
    start(looking(ack_journal()));
    ASSERT_TRUE(commit(add("a", 4)));
    crash();
    start(looking(ack_store()));
    EXPECT_EQ(store_.value("items", "a"), 7) << "replayed from the journal";
}

TEST_F(AdditionTest, SelectionsAreAnsweredOverTheSameRows) {
    start(looking(ack_store()));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(commit(put(items_, "p" + std::to_string(i), i)));
    std::promise<Result<std::vector<Item>>> loaded;
    items_.select().where(&Item::value).at_least(1).descending(&Item::value).limit(2).load(
        *queue_, [&](Result<std::vector<Item>> rows) { loaded.set_value(std::move(rows)); });
    std::vector<std::string> ids;
    const Result<std::vector<Item>> best = loaded.get_future().get();
    for (const Item& item : best.value()) ids.push_back(item.id);
    EXPECT_THAT(ids, ElementsAre("p4", "p3"));
    std::promise<Result<std::int64_t>> counted;
    items_.select().where(&Item::value).at_least(1).count(
        *queue_, [&](Result<std::int64_t> count) { counted.set_value(count); });
    EXPECT_EQ(counted.get_future().get().value(), 4);
    std::promise<Result<std::optional<Item>>> found;
    items_.find(*queue_, {"p2"}, [&](Result<std::optional<Item>> item) { found.set_value(std::move(item)); });
    EXPECT_EQ(found.get_future().get().value()->value, 2);
}

}  // namespace
}  // namespace cairn::core::test
