// Selections give the same in memory, on SQLite and on PostgreSQL: the evaluator is what they are held to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <random>

#include "core/durability/selection_evaluator.hpp"
#include "core/durability/selection_sql.hpp"
#include "tests/data/engine.hpp"

namespace cairn::test {
namespace {

using testing::HasSubstr;

const std::vector<std::string>& words() {
    static const std::vector<std::string> all{
        "", "a", "A", "aa", "ab", "a b", "a%", "a_", "a'b", "a\"b", "b", "B", "Z", "z", "~", "\x7f", "\u00e4", "\u00df", "e\u0301",
        "\u00e9", "\u4e2d", "\u4e2d\u6587", "\ud7ff", "\ud7ff\u4e2d", "\ue000", "\uffff", "\U0001F600", "\U0001F600\U0001F601",
        "\U0010FFFF", "\U0010FFFFx", "10", "9", "NULL", "null", "0", "true", "$1", "a\\b", "a\nb"};
    return all;
}

class Random {
public:
    explicit Random(unsigned seed) : random_(seed) {}
    int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
    bool one_in(int count) { return below(count) == 0; }
    template <class List>
    const auto& of(const List& list) {
        return *std::next(std::begin(list), below(static_cast<int>(std::size(list))));
    }

private:
    std::mt19937 random_;
};

constexpr std::int64_t kWhole[] = {INT64_MIN, -5, -1, 0, 1, 2, 3, 9, 10, 1000000007, 9007199254740993, INT64_MAX};
constexpr double kReal[] = {-1e300, -1.5, 0, 0.1, 0.25, 1, 1e-300, 3, 1e300, 9007199254740993.0};

std::vector<Score> some_rows() {
    Random random(7);
    std::vector<Score> rows;
    for (int i = 0; i < 120; ++i) {
        Score row;
        row.room = "r" + std::to_string(i % 4);
        row.player = words()[static_cast<std::size_t>(i / 4) % words().size()] + (i / 4 < 20 ? "" : "+");
        row.points = random.of(kWhole);
        row.level = static_cast<std::int16_t>(random.below(5) - 2);
        row.wide = random.one_in(3) ? 4294967295u : static_cast<std::uint32_t>(random.below(3));
        row.weight = random.of(kReal);
        row.visible = random.one_in(2);
        row.played = Duration(random.below(4) * 500);
        row.used = Bytes{random.one_in(4) ? std::uint64_t{INT64_MAX} : static_cast<std::uint64_t>(random.below(3))};
        if (!random.one_in(3)) row.label = random.of(words());
        if (!random.one_in(3)) row.bonus = random.below(4);
        if (!random.one_in(3)) row.ratio = random.of(kReal);
        if (!random.one_in(3)) row.invited = random.one_in(2);
        row.at = {1, 2.5, static_cast<double>(i)};
        if (random.one_in(2)) row.home = Vec3{0, 0, 1};
        if (random.one_in(2)) row.tags = {"x", "y\"z"};
        if (random.one_in(3)) row.extra = Document{{"k", i}};
        rows.push_back(std::move(row));
    }
    return rows;
}

Document some_value(Random& random, const std::string& column) {
    if (column == "room") return "r" + std::to_string(random.below(5));
    if (column == "player" || column == "label") return random.of(words());
    if (column == "weight" || column == "ratio") return random.of(kReal);
    if (column == "visible" || column == "invited") return random.one_in(2);
    if (column == "points") return random.of(kWhole);
    if (column == "played") return random.below(4) * 500;
    return random.below(4);
}

Selection some_selection(Random& random) {
    static const std::vector<std::string> columns{"room", "player", "points", "level",   "wide",  "weight", "visible",
                                                  "played", "used",   "label",  "bonus", "ratio",  "invited"};
    Selection made;
    made.table = &scores_spec();
    for (int i = random.below(4); i > 0; --i) {
        Condition condition;
        condition.column = random.of(columns);
        condition.compare = static_cast<Compare>(random.below(10));
        if (condition.compare == Compare::begins_with && condition.column != "player") condition.column = "label";
        switch (condition.compare) {
            case Compare::is_null:
            case Compare::is_not_null:
                if (random.one_in(2)) condition.column = random.one_in(2) ? "home" : "extra";  // also what is kept as JSON
                break;
            case Compare::among:
                for (int n = random.below(6); n > 0; --n) {
                    condition.values.push_back(random.one_in(8) ? Document() : some_value(random, condition.column));
                }
                break;
            case Compare::equal:
            case Compare::differs:
                condition.values.push_back(random.one_in(8) ? Document() : some_value(random, condition.column));
                break;
            default:
                condition.values.push_back(some_value(random, condition.column));
        }
        made.conditions.push_back(std::move(condition));
    }
    std::vector<std::string> left = columns;
    for (int i = random.below(4); i > 0; --i) {
        const auto at = left.begin() + random.below(static_cast<int>(left.size()));
        made.order.push_back({*at, random.one_in(2)});
        left.erase(at);
    }
    if (random.one_in(3)) made.limit = static_cast<std::size_t>(random.below(20));
    return made;
}

/// What a selection is, for the message of a failure.
std::string words_of(const Selection& selection) {
    const Query query = core::selection_sql(selection, core::Dialect::postgres);
    return query.sql + " " + Document::list(query.parameters).to_json();
}

class Selections : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        engine_.start();
        Commit commit;
        for (const Score& row : some_rows()) {
            engine_.scores.put(commit, row);
            memory_.push_back(Document::parse_json(commit.changes().back().row));
        }
        ASSERT_TRUE(engine_.commit(std::move(commit)).ok());
    }

    std::vector<std::string> stored(const Selection& selection) {
        std::vector<Score> rows;
        Engine::wait<Done>([&](Then<Done> then) {
            engine_.storage().select_erased(selection, [&]() -> void* { return &rows.emplace_back(); }, std::move(then));
        }).value();
        std::vector<std::string> lines;
        for (const Score& row : rows) lines.push_back(to_json(row));
        return lines;
    }
    std::vector<std::string> expected(const Selection& selection) {
        std::vector<std::string> lines;
        for (const Document& row : core::select_rows(selection, memory_)) {
            lines.push_back(to_json(from_json<Score>(row.to_json())));
        }
        return lines;
    }
    std::int64_t counted(const Selection& selection) {
        return Engine::wait<std::int64_t>([&](Then<std::int64_t> then) {
                   engine_.storage().count(selection, std::move(then));
               })
            .value();
    }

    Folder folder_;
    Engine engine_{new_database(GetParam()), folder_.path()};
    Rows memory_;
};

TEST_P(Selections, GiveWhatTheEvaluatorSays) {
    Random random(11);
    int with_rows = 0;
    for (int i = 0; i < 600; ++i) {
        const Selection selection = some_selection(random);
        const std::vector<std::string> wanted = expected(selection);
        ASSERT_EQ(stored(selection), wanted) << words_of(selection);
        ASSERT_EQ(counted(selection), static_cast<std::int64_t>(wanted.size())) << words_of(selection);
        if (!wanted.empty()) ++with_rows;
    }
    EXPECT_GT(with_rows, 200) << "most of them chose nothing, so nothing was tried";
}

TEST_P(Selections, PagesComeWithoutGapsAndTwice) {
    Random random(13);
    for (int i = 0; i < 60; ++i) {
        Selection selection = some_selection(random);
        selection.limit = 0;
        const std::vector<std::string> all = expected(selection);
        const std::vector<Order> order = full_order(selection);
        selection.limit = static_cast<std::size_t>(1 + random.below(9));
        std::vector<std::string> pages;
        for (;;) {
            const std::vector<std::string> page = stored(selection);
            ASSERT_EQ(page, expected(selection)) << words_of(selection);
            pages.insert(pages.end(), page.begin(), page.end());
            if (page.size() < selection.limit) break;
            const Document last = Document::parse_json(page.back());
            selection.after.clear();
            for (const Order& one : order) selection.after.push_back(last[one.column]);
        }
        ASSERT_EQ(pages, all) << words_of(selection);
    }
}

TEST_P(Selections, TextIsOrderedByItsBytes) {
    Select<Score> select(scores_spec());
    select.ascending(&Score::label).where(&Score::label).is_not_null();
    std::vector<std::string> labels;
    for (const std::string& line : stored(select.selection())) labels.push_back(*from_json<Score>(line).label);
    ASSERT_GT(labels.size(), 40u);
    EXPECT_TRUE(std::is_sorted(labels.begin(), labels.end()));
}

TEST_P(Selections, ReadAsPluginsWriteThem) {
    Storage& storage = engine_.storage();
    const auto rows = Engine::wait<std::vector<Score>>([&](Then<std::vector<Score>> then) {
                          engine_.scores.select()
                              .where(&Score::room).is("r1")
                              .where(&Score::visible).is(true)
                              .where("points").at_least(1)
                              .where(&Score::played).less_than(Duration(1500))
                              .where(&Score::label).is_not("a")
                              .where(&Score::level).in({-1, 0, 1, 2})
                              .descending(&Score::points)
                              .ascending("player")
                              .limit(3)
                              .load(storage, std::move(then));
                      }).value();
    ASSERT_FALSE(rows.empty());
    EXPECT_LE(rows.size(), 3u);
    for (const Score& row : rows) {
        EXPECT_EQ(row.room, "r1");
        EXPECT_TRUE(row.visible);
        EXPECT_GE(row.points, 1);
        EXPECT_NE(row.label, "a");
    }
    const auto next = Engine::wait<std::optional<Score>>([&](Then<std::optional<Score>> then) {
                          engine_.scores.select().after(Score{.room = "r1", .player = ""}).first(storage, std::move(then));
                      }).value();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->room, "r1");
    EXPECT_NE(next->player, "");
    EXPECT_TRUE(engine_.score("r2", "a").has_value());
    EXPECT_FALSE(engine_.score("r2", "nobody").has_value());
    const auto exists = [&](const std::string& room) {
        return Engine::wait<bool>([&](Then<bool> then) {
                   engine_.scores.select().where(&Score::room).is(room).exists(storage, std::move(then));
               })
            .value();
    };
    EXPECT_TRUE(exists("r3"));
    EXPECT_FALSE(exists("r9"));
    const auto all = Engine::wait<std::vector<Score>>([&](Then<std::vector<Score>> then) {
                         engine_.scores.load(storage, std::move(then));
                     }).value();
    EXPECT_EQ(all.size(), memory_.size());
}

TEST_P(Selections, SeeWhatWasCommittedBefore) {
    engine_.stop();
    engine_.start(Engine::ack_journal());
    Commit commit;
    engine_.scores.put(commit, Score{.room = "new", .player = "p"});
    ASSERT_TRUE(engine_.commit(std::move(commit)).ok());
    EXPECT_TRUE(engine_.score("new", "p").has_value());
}

TEST_P(Selections, MistakesAreSentences) {
    const auto refusal = [&](const std::function<void(Selection&)>& change) {
        Selection selection;
        selection.table = &scores_spec();
        change(selection);
        const auto result = Engine::wait<std::int64_t>([&](Then<std::int64_t> then) {
            engine_.storage().count(selection, std::move(then));
        });
        EXPECT_FALSE(result.ok());
        EXPECT_EQ(result.error().code(), Code::invalid_field);
        EXPECT_THAT(result.error().what(), HasSubstr("plugin game, table scores: "));
        return std::string(result.error().what());
    };
    const auto where = [&](std::string column, Compare compare, std::vector<Document> values) {
        return refusal([&](Selection& s) { s.conditions.push_back({column, compare, values}); });
    };
    EXPECT_THAT(where("pionts", Compare::equal, {1}), HasSubstr("did you mean 'points'?"));
    EXPECT_THAT(where("at", Compare::less, {1}), HasSubstr("column at is a vector"));
    EXPECT_THAT(where("extra", Compare::equal, {1}), HasSubstr("column extra is a document"));
    EXPECT_THAT(where("level", Compare::equal, {40000}), HasSubstr("from -32768 to 32767"));
    EXPECT_THAT(where("points", Compare::equal, {"7"}), HasSubstr("compared with \"7\", expected an integer"));
    EXPECT_THAT(where("visible", Compare::equal, {1}), HasSubstr("expected true or false"));
    EXPECT_THAT(where("weight", Compare::less, {std::numeric_limits<double>::infinity()}), HasSubstr("a finite number"));
    EXPECT_THAT(where("room", Compare::equal, {std::string("a\0b", 3)}), HasSubstr("U+0000"));
    EXPECT_THAT(where("room", Compare::equal, {"\xff"}), HasSubstr("valid UTF-8"));
    EXPECT_THAT(where("points", Compare::begins_with, {1}), HasSubstr("begins_with goes with text"));
    EXPECT_THAT(where("points", Compare::less, {Document()}), HasSubstr("use is_null"));
    EXPECT_THAT(where("points", Compare::less, {}), HasSubstr("0 values, expected one"));
    EXPECT_THAT(where("points", Compare::among, std::vector<Document>(1001, 1)), HasSubstr("at most 1000"));
    EXPECT_THAT(refusal([](Selection& s) { s.order = {{"tags", false}}; }), HasSubstr("a list, which has no order"));
    EXPECT_THAT(refusal([](Selection& s) { s.order = {{"points", false}, {"points", true}}; }), HasSubstr("twice"));
    EXPECT_THAT(refusal([](Selection& s) { s.after = {"a"}; }), HasSubstr("1 values, the order 2 columns"));
    EXPECT_THROW(engine_.scores.select().where("nothing"), Error);
    EXPECT_THROW(engine_.scores.find(engine_.storage(), "r1", [](Result<std::optional<Score>>) {}), Error);
}

INSTANTIATE_TEST_SUITE_P(OnEachStore, Selections, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace cairn::test
