// space_statistics and refresh_all_materialized_views() (P262, P263).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sql/databases.hpp"

namespace cairn::test {
namespace {

using ::testing::ElementsAre;

std::string uuid(int number) {
    std::string digits = std::to_string(number);
    return "0190b5c4-0000-7000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

class Statistics : public testing::TestWithParam<const char*> {
protected:
    Statistics() : database_(make_database(GetParam())) { database_->up(own_migrations(GetParam())); }
    bool postgres() const { return database_->engine() == "postgres"; }
    std::string at(int seconds) const {
        return postgres() ? "to_timestamp(" + std::to_string(seconds) + ")" : std::to_string(seconds * 1000);
    }
    /// Two spaces; in `busy` 3 users in 12 sessions, 5 objects and 7 messages, in `quiet` nothing.
    void fill() {
        database_->run("INSERT INTO spaces (id, name) VALUES ('" + uuid(1) + "', 'busy'), ('" + uuid(2) +
                       "', 'quiet')");
        for (int i = 0; i < 12; ++i) {
            database_->run("INSERT INTO sessions (id, user_id, space_id, socket_id, connected_at) VALUES ('" +
                           uuid(100 + i) + "', '" + uuid(10 + i % 3) + "', '" + uuid(1) + "', 's" + std::to_string(i) +
                           "', " + at(1000 + i) + ")");
        }
        for (int i = 0; i < 5; ++i) {
            database_->run("INSERT INTO world_objects (id, object_id, space_id, position, rotation, scale) VALUES ('" +
                           uuid(200 + i) + "', 'o" + std::to_string(i) + "', '" + uuid(1) +
                           "', '[0,0,0]', '[0,0,0]', '[1,1,1]')");
        }
        for (int i = 0; i < 7; ++i) {
            database_->run("INSERT INTO chat_messages (id, space_id, message) VALUES ('" + uuid(300 + i) + "', '" +
                           uuid(1) + "', 'hello')");
        }
    }
    void refresh() {
        if (postgres()) database_->run("SELECT refresh_all_materialized_views()");
    }
    std::vector<std::string> figures() {
        const std::string last = postgres() ? "extract(epoch FROM last_activity)::bigint" : "last_activity / 1000";
        return database_->run("SELECT name, total_users, total_objects, total_messages, " + last +
                              " FROM space_statistics ORDER BY name");
    }
    std::unique_ptr<Database> database_;
};

TEST_P(Statistics, CountEachThingOnce) {
    fill();
    refresh();
    EXPECT_THAT(figures(), ElementsAre("busy|3|5|7|1011", "quiet|0|0|0|"));
}

TEST_P(Statistics, FollowTheTables) {
    refresh();
    EXPECT_TRUE(figures().empty());
    fill();
    refresh();
    database_->run("DELETE FROM spaces WHERE name = 'quiet'");
    database_->run("DELETE FROM world_objects WHERE object_id = 'o1'");
    refresh();
    EXPECT_THAT(figures(), ElementsAre("busy|3|4|7|1011"));
}

INSTANTIATE_TEST_SUITE_P(Engines, Statistics, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return std::string(one.param); });

TEST(StatisticsOnPostgres, AreRefreshedWhileSomebodyReads) {
    PostgresDatabase writer;
    writer.up(own_migrations("postgres"));
    writer.run("INSERT INTO spaces (name) VALUES ('main')");
    PostgresDatabase reader(writer.url());
    reader.run("BEGIN");
    EXPECT_EQ(reader.one("SELECT count(*) FROM space_statistics"), "0");  // holds the lock that every reader holds
    writer.run("SET lock_timeout = '5s'");
    EXPECT_EQ(writer.one("SELECT refresh_all_materialized_views()"), "1");
    EXPECT_EQ(writer.one("SELECT count(*) FROM space_statistics"), "1");
    reader.run("COMMIT");
    // The counter-proof: the plain way would have waited for that reader.
    reader.run("BEGIN");
    EXPECT_EQ(reader.one("SELECT count(*) FROM space_statistics"), "1");
    writer.run("SET lock_timeout = '200ms'");
    EXPECT_NE(writer.refusal("REFRESH MATERIALIZED VIEW space_statistics"), "");
}

TEST(StatisticsOnPostgres, AllViewsOfTheSchemaAreRefreshed) {
    PostgresDatabase database;
    database.up(own_migrations("postgres"));
    database.run(
        "CREATE TABLE t (n int); CREATE MATERIALIZED VIEW plain AS SELECT count(*) AS n FROM t;"
        "CREATE MATERIALIZED VIEW empty AS SELECT n FROM t WITH NO DATA; INSERT INTO t VALUES (1), (2)");
    EXPECT_EQ(database.one("SELECT refresh_all_materialized_views()"), "3");
    EXPECT_EQ(database.one("SELECT n FROM plain"), "2") << "without a unique index, too";
    EXPECT_EQ(database.one("SELECT count(*) FROM empty"), "2") << "and when it has never been filled";
}

TEST(StatisticsOnPostgres, CountWhatIsThereWhenPluginsAreMissing) {
    PostgresDatabase database;
    database.up(own_migrations("postgres", {"analytics"}));
    EXPECT_EQ(database.one("SELECT refresh_all_materialized_views()"), "1");
    EXPECT_EQ(database.one("SELECT count(*) FROM space_statistics"), "0");
    database.up(own_migrations("postgres", {"world"}));
    database.run("INSERT INTO spaces (name) VALUES ('main')");
    database.run("SELECT refresh_all_materialized_views()");
    EXPECT_EQ(database.one("SELECT name, total_users, total_objects, total_messages FROM space_statistics"),
              "main|0|0|0");
}

TEST(StatisticsOnPostgres, AreFoundWhateverTheSearchPath) {
    // pg_restore empties it.
    PostgresDatabase database;
    database.up(own_migrations("postgres"));
    database.run("INSERT INTO spaces (name) VALUES ('main')");
    database.run("SELECT pg_catalog.set_config('search_path', '', false)");
    database.run("SELECT public.refresh_all_materialized_views()");
    EXPECT_EQ(database.one("SELECT count(*) FROM public.space_statistics"), "1");
}

TEST(StatisticsOnSqlite, ATableBeneathCanBeBuiltAnew) {
    SqliteDatabase database;
    database.up(own_migrations("sqlite"));
    database.run("INSERT INTO spaces (id, name) VALUES ('a', 'main')");
    // The recipe of docs/database.md; without the first line SQLite refuses the RENAME for the sake of the view.
    const std::string rebuild =
        "CREATE TABLE spaces_new (id TEXT NOT NULL PRIMARY KEY, name TEXT) STRICT, WITHOUT ROWID;"
        "INSERT INTO spaces_new SELECT id, name FROM spaces; DROP TABLE spaces;"
        "ALTER TABLE spaces_new RENAME TO spaces;";
    database.run("PRAGMA foreign_keys=OFF");
    database.run("BEGIN");
    EXPECT_THAT(database.refusal(rebuild), ::testing::HasSubstr("space_statistics"));
    database.run("ROLLBACK");
    database.run("BEGIN");
    database.run("PRAGMA legacy_alter_table=ON;" + rebuild + "PRAGMA legacy_alter_table=OFF;");
    database.run("COMMIT");
    EXPECT_EQ(database.one("SELECT name, total_objects FROM space_statistics"), "main|0");
    EXPECT_EQ(database.one("SELECT count(*) FROM pragma_foreign_key_list('sessions') WHERE \"table\" = 'spaces'"), "1");
}

}  // namespace
}  // namespace cairn::test
