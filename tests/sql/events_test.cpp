// Events lie in one part a month on PostgreSQL (P261, P266).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sql/databases.hpp"

namespace cairn::test {
namespace {

using ::testing::ElementsAre;

class Events : public testing::Test {
protected:
    Events() { database_.up(own_migrations("postgres", {"analytics"})); }
    void add(const std::string& type, const std::string& at) {
        database_.run("INSERT INTO events (event_type, created_at) VALUES ('" + type + "', " + at + ")");
    }
    /// The name of the part that takes the time `at`.
    std::string part_of(const std::string& at) {
        return "events_" + database_.one("SELECT to_char(" + at + " AT TIME ZONE 'UTC', 'YYYY_MM')");
    }
    std::string where(const std::string& type) {
        return database_.one("SELECT tableoid::regclass FROM events WHERE event_type = '" + type + "'");
    }
    std::string parts() {
        return database_.one("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass");
    }
    PostgresDatabase database_;
    const std::string month_ = "date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'";
};

TEST_F(Events, TheMigrationMakesThisMonthAndThreeMore) {
    EXPECT_EQ(parts(), "5") << "and the default";
    add("now", "now()");
    EXPECT_EQ(where("now"), part_of("now()"));
    EXPECT_EQ(database_.one("SELECT events_make_partitions()"), "0") << "twice does no harm";
}

TEST_F(Events, MonthsAreThoseOfUtcWhateverTheSession) {
    database_.run("SET TIME ZONE 'Asia/Tokyo'");
    EXPECT_EQ(database_.one("SELECT events_make_partitions(4)"), "1");
    add("first", month_ + " + interval '4 months'");
    add("last",
        "(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '5 months') AT TIME ZONE 'UTC' - interval '1 ms'");
    const std::string fifth =
        part_of("((date_trunc('month', now() AT TIME ZONE 'UTC') + interval '4 months') AT TIME ZONE 'UTC')");
    EXPECT_EQ(where("last"), fifth);
    database_.run("SET TIME ZONE 'UTC'");
    add("first in utc", month_ + " + interval '4 months'");
    EXPECT_EQ(where("first in utc"), fifth);
}

TEST_F(Events, NothingIsRefusedForAMissingPartAndItMovesWhenItIsMade) {
    add("far", "now() + interval '1 year'");
    add("old", "now() - interval '1 year'");
    EXPECT_EQ(where("far"), "events_default");
    EXPECT_EQ(where("old"), "events_default");
    EXPECT_EQ(database_.one("SELECT events_make_partitions(12)"), "9");
    EXPECT_EQ(where("far"), part_of("(now() + interval '1 year')"));
    EXPECT_EQ(where("old"), "events_default") << "no part is made for the past";
    EXPECT_EQ(database_.one("SELECT count(*) FROM events"), "2");
    EXPECT_EQ(database_.one("SELECT payload FROM events WHERE event_type = 'far'"), "{}") << "whole rows move";
}

TEST_F(Events, NewPartsHaveTheKeyAndTheIndexes) {
    database_.run("SELECT events_make_partitions(12)");
    EXPECT_EQ(
        database_.one("SELECT count(DISTINCT n) FROM (SELECT count(*) AS n FROM pg_inherits JOIN pg_index ON indrelid "
                      "= inhrelid WHERE inhparent = 'events'::regclass GROUP BY inhrelid) AS of_each"),
        "1");
    const std::string row = "('0190b5c4-0000-7000-8000-00000000000a', 'twice', " +
                            database_.one("SELECT quote_literal(now() + interval '1 year')") + ")";
    database_.run("INSERT INTO events (id, event_type, created_at) VALUES " + row);
    database_.run("INSERT INTO events (id, event_type, created_at) VALUES " + row +
                  " ON CONFLICT (id, created_at) DO NOTHING");
    EXPECT_EQ(database_.one("SELECT count(*) FROM events WHERE event_type = 'twice'"), "1");
}

TEST_F(Events, OldPartsAreDroppedAndOldRowsOfTheDefaultDeleted) {
    // A part of three months ago, as it would be there after three months of running.
    database_.run(
        "DO $$ DECLARE m timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') - interval '3 months'; BEGIN "
        "EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)', 'events_' || "
        "to_char(m, 'YYYY_MM'), m AT TIME ZONE 'UTC', (m + interval '1 month') AT TIME ZONE 'UTC'); END $$");
    add("quarter", month_ + " - interval '80 days'");
    add("ancient", "now() - interval '2 years'");
    add("lately", "now() - interval '29 days'");
    EXPECT_EQ(parts(), "6");
    EXPECT_EQ(database_.one("SELECT events_drop_partitions()"), "1");
    EXPECT_EQ(parts(), "5");
    EXPECT_THAT(database_.run("SELECT event_type FROM events"), ElementsAre("lately"));
    EXPECT_EQ(database_.one("SELECT events_drop_partitions()"), "0");
    EXPECT_EQ(database_.one("SELECT events_drop_partitions(interval '-2 months')"), "2")
        << "whole months that are over";
}

TEST(EventsOnSqlite, LieInTheOrderOfTime) {
    SqliteDatabase database;
    database.up(own_migrations("sqlite", {"analytics"}));
    EXPECT_THAT(database.one("EXPLAIN QUERY PLAN SELECT * FROM events WHERE created_at < 5"),
                ::testing::HasSubstr("PRIMARY KEY"))
        << "what is too old is one run of the table";
    database.run(
        "INSERT INTO events (id, event_type, created_at) VALUES ('a', 'x', 1), ('a', 'x', 1) "
        "ON CONFLICT (id, created_at) DO UPDATE SET event_type = 'again'");
    EXPECT_EQ(database.one("SELECT event_type FROM events"), "again");
}

}  // namespace
}  // namespace cairn::test
