// Raw queries, as a plugin sees them: parameters, JSON columns, and nothing that writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/data/engine.hpp"

namespace cairn::test {
namespace {

using testing::HasSubstr;

struct Best {
    std::string player;
    std::int64_t sum = 0;
    Vec3 at;
    std::vector<std::string> tags;
};
void describe(Fields<Best>& f) {
    f(&Best::player, "player", "who");
    f(&Best::sum, "sum", "points");
    f(&Best::at, "at", "where");
    f(&Best::tags, "tags", "words");
}

class Queries : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        engine_.start();
        Commit commit;
        for (int i = 0; i < 6; ++i) {
            Score row{.room = i < 3 ? "a" : "b", .player = "p" + std::to_string(i), .points = i * 10};
            row.at = {1, 2, static_cast<double>(i)};
            row.tags = {"it's", "x"};
            row.visible = i % 2 == 0;
            engine_.scores.put(commit, row);
        }
        ASSERT_TRUE(engine_.commit(std::move(commit)).ok());
    }
    std::int64_t rows() { return engine_.query("SELECT count(*) AS n FROM scores").value()[0]["n"].integer_or(-1); }

    Folder folder_;
    Engine engine_{new_database(GetParam()), folder_.path()};
};

TEST_P(Queries, GiveRowsAndStructs) {
    const Rows rows = engine_.query("SELECT room, sum(points) AS points, count(*) AS n FROM scores WHERE points >= $1 "
                                    "GROUP BY room ORDER BY room",
                                    {10})
                          .value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0]["room"], Document("a"));
    EXPECT_EQ(rows[0]["points"], Document(30));
    EXPECT_EQ(rows[1]["n"], Document(3));
    const auto best = Engine::wait<std::vector<Best>>([&](Then<std::vector<Best>> then) {
                          engine_.storage().load<Best>({"SELECT player, points AS sum, at, tags FROM scores WHERE room = $1 "
                                                        "AND player <> $2 ORDER BY points DESC LIMIT $3",
                                                        {"b", "'; DROP TABLE scores; --", 2}},
                                                       std::move(then));
                      }).value();
    ASSERT_EQ(best.size(), 2u);
    EXPECT_EQ(best[0].player, "p5");
    EXPECT_EQ(best[0].sum, 50);
    EXPECT_EQ(best[0].at, (Vec3{1, 2, 5}));
    EXPECT_EQ(best[0].tags, (std::vector<std::string>{"it's", "x"}));
    EXPECT_FALSE(engine_.query("SELECT 1 WHERE 1 = $1", {}).ok());
    EXPECT_FALSE(engine_.query("SELECT nothing FROM scores").ok());
}

TEST_P(Queries, CannotChangeAnything) {
    std::vector<std::string> attempts{
        "DELETE FROM scores",
        "UPDATE scores SET points = 0",
        "INSERT INTO deeds VALUES ('a', 1, 'b')",
        "INSERT INTO deeds VALUES ('a', 1, 'b') RETURNING who",
        "DROP TABLE scores",
        "CREATE TABLE more (id TEXT)",
        "CREATE TEMP TABLE more (id TEXT)",
        "UPDATE cairn_watermark SET seq = 0",
        "SELECT 1; DELETE FROM scores",
    };
    if (engine_.engine() == "postgres") {
        attempts.insert(attempts.end(), {
            "WITH gone AS (DELETE FROM scores RETURNING *) SELECT * FROM gone",
            "SELECT * FROM scores FOR UPDATE",
            "TRUNCATE scores",
            "SELECT set_config('default_transaction_read_only', 'off', false)",
            "SET default_transaction_read_only = off",
            "RESET default_transaction_read_only",
            "DISCARD ALL",
            "DELETE FROM scores",
        });
    } else {
        attempts.insert(attempts.end(), {"REPLACE INTO deeds VALUES ('a', 1, 'b')", "PRAGMA user_version = 7"});
    }
    for (int round = 0; round < 2; ++round) {  // also by what the first round left behind in a session
        for (const std::string& sql : attempts) {
            const Result<Rows> result = engine_.query(sql);
            EXPECT_FALSE(result.ok()) << sql;
            EXPECT_EQ(rows(), 6) << sql;
        }
    }
    EXPECT_THAT(engine_.query("DELETE FROM scores").error().what(), HasSubstr("a query must only read"));
    if (engine_.engine() == "sqlite") {
        // Taken, and without effect on what is asked next.
        static_cast<void>(engine_.query("PRAGMA query_only = OFF"));
        EXPECT_FALSE(engine_.query("DELETE FROM scores").ok());
    }
    EXPECT_EQ(engine_.query("SELECT count(*) AS n FROM deeds").value()[0]["n"], Document(0));
    EXPECT_EQ(rows(), 6);
    Commit commit;
    engine_.deeds.put(commit, Deed{"a", 1, "commits go on"});
    EXPECT_TRUE(engine_.commit(std::move(commit)).ok());
}

INSTANTIATE_TEST_SUITE_P(OnEachStore, Queries, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace cairn::test
