#include "tests/plugins/storage_sqlite/store_fixture.hpp"

namespace cairn::storage_sqlite::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class MigratorTest : public StoreTest {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        make().open();
    }
    int migrate(const std::vector<services::Migration>& migrations) { return store_->migrate(migrations); }
    std::string refused(const std::vector<services::Migration>& migrations) {
        return refusal([&] { migrate(migrations); }).what();
    }
    bool has_table(const std::string& name) {
        return one("SELECT count(*) FROM sqlite_schema WHERE name = $1", {name}).integer_or(0) == 1;
    }
};

TEST_F(MigratorTest, AppliesEachOnce) {
    const std::vector<services::Migration> both{migration(1, "CREATE TABLE a (x);"),
                                                migration(2, "ALTER TABLE a ADD COLUMN y;")};
    EXPECT_EQ(migrate({both[0]}), 1);
    EXPECT_EQ(migrate(both), 1);
    EXPECT_EQ(migrate(both), 0);
    make().open();
    EXPECT_EQ(migrate(both), 0) << "remembered in the file";
    EXPECT_EQ(one("SELECT count(*) FROM pragma_table_info('a')"), Document(2));
    EXPECT_EQ(one("SELECT checksum FROM cairn_migrations WHERE number = 2"), Document(both[1].checksum));
    EXPECT_GT(one("SELECT applied_at FROM cairn_migrations WHERE number = 1").integer_or(0), 1500000000000);
}

TEST_F(MigratorTest, AChangedFileIsRefusedWithBothSums) {
    const services::Migration before = migration(1, "CREATE TABLE a (x);");
    const services::Migration after = migration(1, "CREATE TABLE a (x, y);");
    migrate({before});
    EXPECT_THAT(refused({after, migration(2, "CREATE TABLE b (x);")}),
                AllOf(HasSubstr("sql/test/sqlite/0001_step.sql"), HasSubstr("was changed"),
                      HasSubstr(before.checksum.substr(0, 12)), HasSubstr(after.checksum.substr(0, 12))));
    EXPECT_FALSE(has_table("b")) << "all problems come before the first change";
}

TEST_F(MigratorTest, TwoWithOneNumberAreRefused) {
    EXPECT_THAT(refused({migration(1, "CREATE TABLE a (x);"), migration(1, "CREATE TABLE b (x);")}),
                HasSubstr("same number"));
    EXPECT_FALSE(has_table("a"));
}

TEST_F(MigratorTest, AFileOfANewerVersionIsRefused) {
    migrate({migration(1, "CREATE TABLE a (x);"), migration(2, "CREATE TABLE b (x);")});
    EXPECT_THAT(refused({migration(1, "CREATE TABLE a (x);")}),
                AllOf(HasSubstr("newer Cairn"), HasSubstr("0002_step")));
}

TEST_F(MigratorTest, ALateOneIsRefused) {
    migrate({migration(2, "CREATE TABLE b (x);")});
    EXPECT_THAT(refused({migration(1, "CREATE TABLE a (x);"), migration(2, "CREATE TABLE b (x);")}),
                HasSubstr("was never applied"));
}

TEST_F(MigratorTest, PluginsThatAreNotLoadedTodayAreLeftAlone) {
    migrate({migration(1, "CREATE TABLE a (x);", "one"), migration(1, "CREATE TABLE b (x);", "two")});
    make().open();
    EXPECT_EQ(migrate({migration(1, "CREATE TABLE b (x);", "two")}), 0);
    EXPECT_TRUE(has_table("a"));
}

TEST_F(MigratorTest, AFailingOneLeavesNothingAndNamesItsLine) {
    EXPECT_THAT(
        refused({migration(1, "-- first\nCREATE TABLE a (x);\n\nCREATE TABLE a (x);\n")}),
        AllOf(HasSubstr("0001_step.sql, line 4"), HasSubstr("already exists"), HasSubstr("Nothing of this file")));
    EXPECT_FALSE(has_table("a"));
    EXPECT_THAT(refused({migration(1, "CREATE TABLE ok (x);\nCREATE TALBE a (x);\n")}),
                AllOf(HasSubstr("line 2"), HasSubstr("TALBE")));
    EXPECT_FALSE(has_table("ok"));
    EXPECT_EQ(migrate({migration(1, "CREATE TABLE a (x);")}), 1);
}

TEST_F(MigratorTest, EarlierOnesStayWhenALaterOneFails) {
    refused({migration(1, "CREATE TABLE a (x);"), migration(2, "nonsense")});
    EXPECT_TRUE(has_table("a"));
    EXPECT_EQ(migrate({migration(1, "CREATE TABLE a (x);"), migration(2, "CREATE TABLE b (x);")}), 1);
}

TEST_F(MigratorTest, MayNotEndItsTransaction) {
    EXPECT_THAT(refused({migration(1, "CREATE TABLE a (x); COMMIT;")}),
                HasSubstr("take BEGIN, COMMIT and ROLLBACK out"));
}

TEST_F(MigratorTest, ThePluginsComeInTheirOrderAndNotByName) {
    migrate({migration(1, "CREATE TABLE first (x);", "z"), migration(1, "CREATE TABLE second AS SELECT * FROM first;", "a")});
    EXPECT_TRUE(has_table("second"));
}

TEST_F(MigratorTest, SaysWhatIsApplied) {
    EXPECT_TRUE(store_->applied_migrations().empty());
    const services::Migration one = migration(1, "CREATE TABLE a (x);");
    migrate({one});
    const auto applied = store_->applied_migrations();
    ASSERT_EQ(applied.size(), 1);
    EXPECT_EQ(applied[0].plugin, "test");
    EXPECT_EQ(applied[0].number, 1);
    EXPECT_EQ(applied[0].what, one.what);
    EXPECT_EQ(applied[0].checksum, one.checksum);
    EXPECT_GT(applied[0].applied_at, 1500000000000);
}

TEST_F(MigratorTest, TakesBackTheNewest) {
    std::vector<services::Migration> all{migration(1, "CREATE TABLE a (x);"), migration(2, "CREATE TABLE b (x);")};
    all[0].down = "DROP TABLE a;";
    all[1].down = "DROP TABLE b;";
    migrate(all);
    EXPECT_THAT(refusal([&] { store_->migrate_down(all[0]); }).what(),
                AllOf(HasSubstr("is not the newest"), HasSubstr("number 2")));
    store_->migrate_down(all[1]);
    EXPECT_FALSE(has_table("b"));
    EXPECT_EQ(store_->applied_migrations().size(), 1);
    store_->migrate_down(all[0]);
    EXPECT_FALSE(has_table("a"));
    EXPECT_THAT(refusal([&] { store_->migrate_down(all[0]); }).what(), HasSubstr("none is"));
    EXPECT_EQ(migrate(all), 2);
}

TEST_F(MigratorTest, WhatCannotBeTakenBackStays) {
    services::Migration one = migration(1, "CREATE TABLE a (x);");
    migrate({one});
    EXPECT_THAT(refusal([&] { store_->migrate_down(one); }).what(), HasSubstr("0001_step.down.sql"));
    one.down = "DROP TABLE a;\nDROP TABLE never;";
    EXPECT_THAT(refusal([&] { store_->migrate_down(one); }).what(),
                AllOf(HasSubstr("0001_step.down.sql, line 2"), HasSubstr("never")));
    EXPECT_TRUE(has_table("a"));
    EXPECT_EQ(store_->applied_migrations().size(), 1);
}

TEST_F(MigratorTest, ATableCanBeRebuiltUnderItsReferences) {
    migrate(
        {migration(1,
                   "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);"
                   "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);")});
    EXPECT_EQ(
        store_->migrate(std::vector{
            migration(1,
                      "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);"
                      "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);"),
            migration(2,
                      "CREATE TABLE n (id INTEGER PRIMARY KEY, more); INSERT INTO n (id) SELECT id FROM p;"
                      "DROP TABLE p; ALTER TABLE n RENAME TO p;")}),
        1);
    EXPECT_EQ(one("SELECT count(*) FROM c"), Document(1)) << "the references did not cascade";
}

TEST_F(MigratorTest, MayNotLeaveDanglingReferences) {
    EXPECT_THAT(refused({migration(1,
                                   "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id));"
                                   "INSERT INTO c VALUES (9);")}),
                AllOf(HasSubstr("rows of c"), HasSubstr("missing rows of p")));
    EXPECT_FALSE(has_table("c"));
}

}  // namespace
}  // namespace cairn::storage_sqlite::test
