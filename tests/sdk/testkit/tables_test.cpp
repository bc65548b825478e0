// Tables in memory answer what plugins ask without SQL, as a database would.
#include <cairn/testkit.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cairn::testkit {
namespace {

using ::testing::ElementsAre;

struct Score {
    std::string id;
    std::int64_t points = 0;
    std::vector<std::string> badges;
};
void describe(Fields<Score>& f) {
    f(&Score::id, "id", "whose");
    f(&Score::points, "points", "how many");
    f(&Score::badges, "badges", "what for");
}

class ScorePlugin final : public Plugin {
public:
    Table<Score> table;

private:
    void setup(Setup& setup) override { table = setup.table<Score>("scores", {"id"}); }
};

class Tables : public ::testing::Test {
protected:
    Tables() {
        host_.add<ScorePlugin>("score").behaviour([](Space&) {});
        anna_ = host_.join("main", "Anna");
        for (const auto& [id, points] : {std::pair{"b", 7}, std::pair{"a", 7}, std::pair{"c", 3}, std::pair{"d", 9}})
            host_.store().put("scores", {{"id", id}, {"points", points}, {"badges", Document::list({"tidy"})}});
    }
    const Table<Score>& table() { return host_.plugin<ScorePlugin>("score").table; }
    /// Asks in the space "main" and gives the answer.
    template <class T>
    Result<T> ask(const std::function<void(Storage& storage, Then<T> then)>& question) {
        auto answer = std::make_shared<std::optional<Result<T>>>();
        host_.inside("main", [&](Space& space) {
            question(space.storage(), [answer](Result<T> got) { answer->emplace(std::move(got)); });
        });
        host_.run();
        if (!*answer) throw Failure("no answer came");
        return std::move(**answer);
    }
    std::int64_t points(const std::string& id) {
        for (const Document& row : host_.store().rows("scores"))
            if (row["id"].text() == id) return row["points"].integer_or(-1);
        return -1;
    }

    Host host_;
    Player anna_;
};

TEST_F(Tables, SelectionsChooseAndOrder) {
    const auto best = ask<std::vector<Score>>([&](Storage& storage, auto then) {
        table().select().where(&Score::points).at_least(5).descending(&Score::points).limit(3).load(storage, then);
    });
    std::vector<std::string> ids;
    for (const Score& score : best.value()) ids.push_back(score.id);
    EXPECT_THAT(ids, ElementsAre("d", "a", "b"));
    EXPECT_THAT(best.value().front().badges, ElementsAre("tidy"));
    const auto count = ask<std::int64_t>([&](Storage& storage, auto then) {
        table().select().where(&Score::points).is(7).count(storage, then);
    });
    EXPECT_EQ(count.value(), 2);
    const auto found = ask<std::optional<Score>>([&](Storage& storage, auto then) { table().find(storage, {"c"}, then); });
    ASSERT_TRUE(found.value().has_value());
    EXPECT_EQ(found.value()->points, 3);
    const auto wrong = ask<std::vector<Score>>([&](Storage& storage, auto then) {
        table().select().where("points").is("many").load(storage, then);
    });
    EXPECT_EQ(wrong.error().code(), Code::invalid_field);
}

TEST_F(Tables, SelectionsFailWhenTheStoreDoes) {
    const auto all = [&] {
        return ask<std::vector<Score>>([&](Storage& storage, auto then) { table().load(storage, then); });
    };
    host_.store().fail_next(Code::unavailable);
    EXPECT_EQ(all().error().code(), Code::unavailable);
    host_.store().take_away();
    EXPECT_EQ(all().error().code(), Code::unavailable);
    host_.store().heal();
    EXPECT_EQ(all().value().size(), 4U);
}

TEST_F(Tables, AdditionsAreAddedToWhatIsThere) {
    for (int i = 0; i < 3; ++i) {
        const auto done = ask<Committed>([&](Storage& storage, auto then) {
            Commit commit;
            table().add(commit, Score{"c", 0, {}}, &Score::points, 10);
            table().add(commit, Score{"new", 100, {}}, &Score::points, 1);
            storage.commit(std::move(commit), then);
        });
        EXPECT_TRUE(done);
    }
    EXPECT_EQ(points("c"), 33);
    EXPECT_EQ(points("new"), 103);
}

}  // namespace
}  // namespace cairn::testkit
