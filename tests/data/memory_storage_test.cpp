// The tables in memory that the tests of plugins use know selections and additions as the stores do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cairn/table_check.hpp>

#include "tests/data/rows.hpp"
#include "tests/plugins/support/memory_storage.hpp"

namespace cairn::test {
namespace {

using testing::ElementsAre;

class MemoryStorageTest : public testing::Test {
protected:
    MemoryStorageTest() { storage_.run(create_table_sql(scores_spec(), "sqlite")); }
    /// What a call with a completion at its end answers.
    template <class T, class Call>
    Result<T> wait(Call&& call) {
        std::optional<Result<T>> answer;
        call([&](Result<T> result) { answer = std::move(result); });
        while (storage_.work_one()) {
        }
        return std::move(answer).value();
    }
    Result<Committed> commit(Commit commit) {
        return wait<Committed>([&](Then<Committed> then) { storage_.commit(std::move(commit), std::move(then)); });
    }
    std::vector<std::string> players(const Select<Score>& select) {
        std::vector<std::string> names;
        const auto rows = wait<std::vector<Score>>([&](auto then) { select.load(storage_, std::move(then)); });
        for (const Score& row : rows.value()) names.push_back(row.player);
        return names;
    }

    MemoryStorage storage_{{}, [](std::function<void()> job) { job(); }};
    const Table<Score> scores_{scores_spec()};
};

TEST_F(MemoryStorageTest, AddsToWhatIsThereAndToWhatIsNot) {
    Score row;
    row.room = "r";
    row.player = "p";
    row.tags = {"it's"};
    row.visible = true;
    for (const int amount : {5, -2}) {
        Commit made;
        scores_.add(made, row, &Score::points, amount);
        scores_.add(made, row, &Score::ratio, 0.25);
        const Result<Committed> done = commit(std::move(made));
        ASSERT_TRUE(done.ok()) << done.error().what();
        row.tags.clear();  // it is there by then
    }
    const auto found =
        wait<std::optional<Score>>([&](auto then) { scores_.find(storage_, {"r", "p"}, std::move(then)); }).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->points, 3);
    EXPECT_EQ(found->ratio, 0.5);
    EXPECT_EQ(found->tags, std::vector<std::string>{"it's"});
    EXPECT_TRUE(found->visible);
    Commit over;
    scores_.put(over, Score{.room = "r", .player = "q"});
    scores_.add(over, row, &Score::level, 40000 - 7000);
    EXPECT_EQ(commit(std::move(over)).error().code(), Code::conflict) << "more than 16 bits hold";
    EXPECT_THAT(players(scores_.select()), ElementsAre("p")) << "nothing of the commit is there";
}

TEST_F(MemoryStorageTest, ChoosesOrdersAndCounts) {
    Commit made;
    for (int i = 0; i < 6; ++i) {
        Score row{.room = i < 4 ? "a" : "b", .player = "p" + std::to_string(i), .points = i * 10};
        if (i % 2 == 0) row.label = "even";
        scores_.put(made, row);
    }
    ASSERT_TRUE(commit(std::move(made)).ok());
    const auto best = scores_.select().where(&Score::room).is("a").where(&Score::points).at_least(10).descending(
        &Score::points);
    EXPECT_THAT(players(best), ElementsAre("p3", "p2", "p1"));
    EXPECT_THAT(players(Select<Score>(best).limit(1)), ElementsAre("p3"));
    EXPECT_THAT(players(scores_.select().where(&Score::label).is_null()), ElementsAre("p1", "p3", "p5"));
    EXPECT_EQ(wait<std::int64_t>([&](auto then) { best.count(storage_, std::move(then)); }).value(), 3);
    EXPECT_FALSE(wait<bool>([&](auto then) {
                     scores_.select().where(&Score::room).is("c").exists(storage_, std::move(then));
                 }).value());
    EXPECT_EQ(wait<std::vector<Score>>([&](auto then) {
                  scores_.select().where("points").is("many").load(storage_, std::move(then));
              }).error().code(),
              Code::invalid_field);
    storage_.trouble = Error(Code::unavailable, "away");
    EXPECT_EQ(wait<std::int64_t>([&](auto then) { best.count(storage_, std::move(then)); }).error().code(),
              Code::unavailable);
}

}  // namespace
}  // namespace cairn::test
