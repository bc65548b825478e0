#include "core/durability/batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/durability/fake_store.hpp"

namespace cairn::core::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class BatchTest : public testing::Test {
protected:
    TableSpec a_ = item_table("a");
    TableSpec b_ = item_table("b");
};

TEST_F(BatchTest, IsEmptyAtFirst) {
    const Batch batch;
    EXPECT_TRUE(batch.empty());
    EXPECT_THAT(batch.tables(), IsEmpty());
}

TEST_F(BatchTest, KeepsTheLastChangeOfEachTableAndKey) {
    const std::vector<Change> changes{{&b_, "1", "b1"}, {&a_, "1", "a1"}, {&b_, "2", "b2"}, {&b_, "1", "b1 again"}};
    Batch batch;
    batch.add(changes);
    const auto tables = batch.tables();
    ASSERT_EQ(tables.size(), 2);
    EXPECT_EQ(tables[0].table, &b_) << "tables stand as they came first";
    EXPECT_THAT(tables[0].rows, ElementsAre("b2", "b1 again")) << "rows stand as they came last";
    EXPECT_THAT(tables[0].erased, IsEmpty());
    EXPECT_THAT(tables[1].rows, ElementsAre("a1"));
    EXPECT_EQ(batch.size(), 3);
}

TEST_F(BatchTest, ATombstoneAfterARowErasesAndARowAfterATombstoneStays) {
    const std::vector<Change> changes{{&a_, "1", "row"}, {&a_, "1", ""}, {&a_, "2", ""}, {&a_, "2", "row 2"}};
    Batch batch;
    batch.add(changes);
    const auto tables = batch.tables();
    ASSERT_EQ(tables.size(), 1);
    EXPECT_THAT(tables[0].erased, ElementsAre("1"));
    EXPECT_THAT(tables[0].rows, ElementsAre("row 2"));
    EXPECT_EQ(batch.size(), 2);
}

}  // namespace
}  // namespace cairn::core::test
