// The audit trail (P280). On SQLite the engine writes it; on PostgreSQL a trigger sees what others write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cairn/document.hpp>

#include "tests/sql/databases.hpp"

namespace cairn::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Audit : public testing::Test {
protected:
    Audit() { database_.up(own_migrations("postgres")); }
    void SetUp() override { database_.run("INSERT INTO spaces (name) VALUES ('main')"); }
    void add_object(const std::string& id) {
        database_.run("INSERT INTO world_objects (object_id, space_id, position, rotation, scale) SELECT '" + id +
                      "', id, '[1,2,3]', '[0,0,0]', '[1,1,1]' FROM spaces");
    }
    std::vector<std::string> trail(const std::string& columns) {
        return database_.run("SELECT " + columns + " FROM audit_log ORDER BY id");
    }
    PostgresDatabase database_;
};

TEST_F(Audit, TheTriggerWritesOldAndNewRow) {
    database_.run("SET app.current_user_id = '0190b5c4-0000-7000-8000-000000000001'");
    add_object("a");
    database_.run("UPDATE world_objects SET locked = true WHERE object_id = 'a'");
    database_.run("DELETE FROM world_objects WHERE object_id = 'a'");
    EXPECT_THAT(trail("table_name, operation, user_id, old_data->>'locked', new_data->>'locked'"),
                ElementsAre("world_objects|INSERT|0190b5c4-0000-7000-8000-000000000001||false",
                            "world_objects|UPDATE|0190b5c4-0000-7000-8000-000000000001|false|true",
                            "world_objects|DELETE|0190b5c4-0000-7000-8000-000000000001|true|"));
    EXPECT_THAT(trail("old_data IS NULL, new_data IS NULL"), ElementsAre("t|f", "f|f", "f|t"));
    EXPECT_EQ(Document::parse_json(trail("new_data->'position'")[0]), Document::parse_json("[1, 2, 3]"));
}

TEST_F(Audit, WithoutAUserTheRoleIsNamed) {
    add_object("a");
    database_.run("SET app.current_user_id = ''");
    add_object("b");
    EXPECT_THAT(trail("user_id"), ElementsAre("role postgres", "role postgres"));
}

TEST_F(Audit, IsQuietForTheEngineWhichWritesItsOwn) {
    database_.run("BEGIN; SET LOCAL app.cairn_engine = 'on'");
    add_object("a");
    database_.run("COMMIT");
    EXPECT_TRUE(trail("id").empty());
    add_object("b");
    EXPECT_EQ(trail("id").size(), 1U) << "only for that transaction";
}

TEST_F(Audit, UploadedModelsAreAudited) {
    database_.run(
        "INSERT INTO uploaded_models (model_id, name, r2_key, public_url, tags) VALUES ('m', 'M', 'k', 'u', "
        "ARRAY['tree', 'oak'])");
    EXPECT_THAT(trail("table_name, operation, new_data->'tags'->>1"), ElementsAre("uploaded_models|INSERT|oak"));
}

TEST_F(Audit, ObjectsThatGoWithTheirSpaceAreInIt) {
    add_object("a");
    database_.run("DELETE FROM spaces");
    EXPECT_THAT(trail("operation"), ElementsAre("INSERT", "DELETE"));
}

TEST_F(Audit, WhatIsRolledBackLeavesNoTrace) {
    database_.run("BEGIN");
    add_object("a");
    database_.run("ROLLBACK");
    EXPECT_TRUE(trail("id").empty());
}

TEST_F(Audit, AWriterWithoutRightsToTheTrailIsAudited) {
    database_.run(
        "DROP ROLE IF EXISTS sql_test_writer; CREATE ROLE sql_test_writer;"
        "GRANT SELECT, INSERT ON world_objects, spaces TO sql_test_writer; SET ROLE sql_test_writer");
    EXPECT_THAT(database_.refusal("SELECT * FROM audit_log"), HasSubstr("permission denied"));
    add_object("a");
    database_.run("RESET ROLE");
    EXPECT_EQ(trail("id").size(), 1U);
    database_.run("DROP OWNED BY sql_test_writer; DROP ROLE sql_test_writer");
}

TEST(AuditOnSqlite, TakesWhatTheEngineWrites) {
    SqliteDatabase database;
    database.up(own_migrations("sqlite"));
    database.run(
        "INSERT INTO audit_log (table_name, operation, user_id, old_data, new_data) VALUES "
        "('world_objects', 'UPDATE', 'somebody', '{\"locked\":0}', '{\"locked\":1}')");
    database.run("DELETE FROM audit_log");
    database.run("INSERT INTO audit_log (table_name, operation, new_data) VALUES ('spaces', 'INSERT', '{}')");
    EXPECT_EQ(database.one("SELECT id FROM audit_log"), "2") << "numbers are not used twice, so that a gap shows";
    EXPECT_EQ(database.one("SELECT changed_at > 1700000000000 FROM audit_log"), "1");
    EXPECT_NE(database.refusal("INSERT INTO audit_log (table_name, operation) VALUES ('spaces', 'LOOK')"), "");
    EXPECT_NE(database.refusal("INSERT INTO audit_log (table_name, operation, new_data) VALUES ('a', 'INSERT', '{')"),
              "");
}

}  // namespace
}  // namespace cairn::test
