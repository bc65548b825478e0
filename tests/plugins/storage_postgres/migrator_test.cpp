#include "tests/plugins/storage_postgres/store_fixture.hpp"

namespace cairn::storage_postgres::test {
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
    std::string said(const std::vector<services::Migration>& migrations) {
        const Error error = refusal([&] { migrate(migrations); });
        EXPECT_EQ(error.code(), Code::internal);
        return error.what();
    }
    std::string sql(const std::string& text) { return cluster().run(options_.url.database, text); }
};

TEST_F(MigratorTest, AppliesWhatIsNewInOrder) {
    EXPECT_EQ(migrate({migration(2, "ALTER TABLE a ADD COLUMN y int"), migration(1, "CREATE TABLE a (x int)")}), 2);
    EXPECT_EQ(migrate({migration(1, "CREATE TABLE a (x int)"), migration(2, "ALTER TABLE a ADD COLUMN y int"),
                       migration(3, "INSERT INTO a VALUES (1, 2); INSERT INTO a VALUES (3, 4);")}),
              1);
    EXPECT_EQ(sql("SELECT sum(x + y) FROM a"), "10");
    const auto applied = store_->applied_migrations();
    ASSERT_EQ(applied.size(), 3U);
    EXPECT_EQ(applied[2].number, 3);
    EXPECT_EQ(applied[2].plugin, "test");
    EXPECT_EQ(applied[2].what, "step");
    EXPECT_GT(applied[2].applied_at, 1700000000000);
}

TEST_F(MigratorTest, PluginsComeInTheOrderGiven) {
    EXPECT_EQ(migrate({migration(1, "CREATE TABLE base (x int)", "zoo"), migration(1, "INSERT INTO base VALUES (1)", "app")}), 2);
}

TEST_F(MigratorTest, RefusesWhatDoesNotFitToWhatWasApplied) {
    const services::Migration first = migration(1, "CREATE TABLE a (x int)");
    const services::Migration second = migration(2, "CREATE TABLE b (x int)");
    migrate({first});
    services::Migration changed = first;
    changed.checksum = "other";
    EXPECT_THAT(said({changed}), AllOf(HasSubstr("was changed after it had been applied"),
                                       HasSubstr("sql/test/postgres/0001_step.sql")));
    EXPECT_THAT(said({first, first}), HasSubstr("same number"));
    migrate({first, second});
    EXPECT_THAT(said({first}), HasSubstr("written by a newer Cairn"));
    sql("DELETE FROM cairn_migrations WHERE number = 1");
    EXPECT_THAT(said({first, second}), HasSubstr("was never applied, but number 2"));
    EXPECT_EQ(migrate({migration(1, "SELECT 1", "another")}), 1);  // plugins that are not there today do not matter
}

TEST_F(MigratorTest, AnErrorLeavesNothingOfItsFileAndNamesTheLine) {
    const services::Migration good = migration(1, "CREATE TABLE a (x int)");
    EXPECT_THAT(said({good, migration(2, "CREATE TABLE b (x int);\n-- äöü\n\nCREATE TABEL c (x int);")}),
                AllOf(HasSubstr("0002_step.sql, line 4"), HasSubstr("Nothing of this file was applied")));
    EXPECT_EQ(sql("SELECT to_regclass('a') IS NOT NULL, to_regclass('b') IS NULL"), "t|t");
    EXPECT_THAT(said({good, migration(2, "INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1)")}), HasSubstr("nowhere"));
    EXPECT_EQ(sql("SELECT count(*) FROM a"), "0");
    EXPECT_EQ(migrate({good, migration(2, "CREATE TABLE b (x int)")}), 1);
}

TEST_F(MigratorTest, AFileMustNotEndItsTransaction) {
    EXPECT_THAT(said({migration(1, "CREATE TABLE a (x int); COMMIT;")}), HasSubstr("take BEGIN, COMMIT and ROLLBACK out"));
    EXPECT_THAT(said({migration(1, "COMMIT; BEGIN; CREATE TABLE b (x int);")}), HasSubstr("take BEGIN, COMMIT and ROLLBACK out"));
    EXPECT_EQ(store_->applied_migrations().size(), 0U);
}

TEST_F(MigratorTest, OneThatIsCutOffLeavesNothing) {
    const services::Migration slow = migration(1, "CREATE TABLE a (x int); SELECT pg_sleep(30);");
    std::thread cutter([&] {
        for (int i = 0; i < 500; ++i) {
            if (sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND "
                    "query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()") == "1") {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    });
    const Error error = refusal([&] { migrate({slow}); });
    cutter.join();
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_EQ(sql("SELECT to_regclass('a') IS NULL"), "t");
    EXPECT_EQ(migrate({migration(1, "CREATE TABLE a (x int)")}), 1);
}

TEST_F(MigratorTest, ALongOneIsNotHeldToTheTimeLimitOfStatements) {
    options_.statement_timeout = Duration(100);
    make().open();
    EXPECT_EQ(migrate({migration(1, "SELECT pg_sleep(0.5)")}), 1);
    EXPECT_EQ(refusal([&] { ask("SELECT pg_sleep(5)"); }).code(), Code::unavailable);
}

TEST_F(MigratorTest, TheNewestOfAPluginIsTakenBack) {
    const services::Migration first = migration(1, "CREATE TABLE a (x int)", "test", "DROP TABLE a");
    const services::Migration second = migration(2, "CREATE TABLE b (x int)", "test", "DROP TABLE b");
    const services::Migration third = migration(3, "CREATE TABLE c (x int)");
    migrate({first, second});
    EXPECT_THAT(refusal([&] { store_->migrate_down(first); }).what(), HasSubstr("is not the newest one"));
    store_->migrate_down(second);
    EXPECT_EQ(sql("SELECT to_regclass('b') IS NULL"), "t");
    EXPECT_EQ(migrate({first, second, third}), 2);
    EXPECT_THAT(refusal([&] { store_->migrate_down(third); }).what(), HasSubstr("cannot be taken back"));
    services::Migration wrong = third;
    wrong.down = "DROP TABLE nowhere";
    EXPECT_EQ(refusal([&] { store_->migrate_down(wrong); }).code(), Code::internal);
    EXPECT_EQ(store_->applied_migrations().size(), 3U);
}

}  // namespace
}  // namespace cairn::storage_postgres::test
