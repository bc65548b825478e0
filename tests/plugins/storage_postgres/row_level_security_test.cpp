#include <fstream>
#include <iterator>

#include "tests/plugins/storage_postgres/store_fixture.hpp"

namespace cairn::storage_postgres::test {
namespace {

std::string shipped(const std::string& path) {
    std::ifstream in(std::string(CAIRN_SOURCE_DIR) + "/sql/world/postgres/" + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

class RowLevelSecurityTest : public StoreTest {
protected:
    void prepare(bool on) {
        options_.row_level_security = on;
        PostgresStore& store = make();
        store.open();
        const std::vector<services::Migration> migrations{migration(1, shipped("0001_spaces.sql"), "world"),
                                                          migration(2, shipped("0002_sessions.sql"), "world"),
                                                          migration(3, shipped("0003_world_objects.sql"), "world")};
        store.migrate(migrations);
        store.bind({}, {});
        role_ = "visitor_" + options_.url.database;
    }
    std::string sql(const std::string& text) { return cluster().run(options_.url.database, text); }
    /// As the other role, for `user`.
    std::string visible(const std::string& user) {
        const std::string rows = cluster().run(
            options_.url.database, "SET ROLE " + role_ + "; SET app.current_user_id = '" + user +
                                       "'; SELECT string_agg(object_id, ' ' ORDER BY object_id) FROM world_objects");
        return rows;
    }
    std::string role_;
};

TEST_F(RowLevelSecurityTest, OtherRolesSeeOnlyWhereTheirUserIs) {
    prepare(true);
    sql("CREATE ROLE " + role_ + "; GRANT SELECT, INSERT, UPDATE, DELETE ON world_objects TO " + role_);
    const std::string here = uuid(1);
    const std::string there = uuid(2);
    const std::string anna = uuid(11);
    const std::string ben = uuid(12);
    sql("INSERT INTO spaces (id, name) VALUES ('" + here + "', 'here'), ('" + there + "', 'there')");
    sql("INSERT INTO world_objects (object_id, space_id, position, rotation, scale) VALUES ('a', '" + here +
        "', '[]', '[]', '[]'), ('b', '" + there + "', '[]', '[]', '[]')");
    sql("INSERT INTO sessions (user_id, space_id, socket_id, is_active) VALUES ('" + anna + "', '" + here + "', '1', true), ('" +
        ben + "', '" + here + "', '2', false), ('" + ben + "', '" + there + "', '3', true)");
    EXPECT_EQ(visible(anna), "a");
    EXPECT_EQ(visible(ben), "b");
    EXPECT_EQ(visible(""), "");
    EXPECT_EQ(visible("nobody"), "");
    const std::string as_anna = "SET ROLE " + role_ + "; SET app.current_user_id = '" + anna + "'; ";
    EXPECT_EQ(sql(as_anna + "WITH gone AS (DELETE FROM world_objects RETURNING 1) SELECT count(*) FROM gone"), "1");
    EXPECT_THROW(sql(as_anna + "INSERT INTO world_objects (object_id, space_id, position, rotation, scale) VALUES ('c', '" +
                     there + "', '[]', '[]', '[]')"),
                 std::runtime_error);
    EXPECT_EQ(sql("SELECT count(*) FROM world_objects"), "1");
    // The engine is not held back.
    EXPECT_EQ(one("SELECT count(*) FROM world_objects").integer_or(-1), 1);

    prepare(true);  // again: nothing changes
    EXPECT_EQ(visible(ben), "b");
    prepare(false);
    EXPECT_EQ(visible("nobody"), "b");
    store_.reset();
    sql("DROP OWNED BY " + role_ + "; DROP ROLE " + role_);
}

TEST_F(RowLevelSecurityTest, IsOffUnlessAskedFor) {
    prepare(false);
    EXPECT_EQ(sql("SELECT relrowsecurity FROM pg_class WHERE relname = 'world_objects'"), "f");
}

}  // namespace
}  // namespace cairn::storage_postgres::test
