// Every table of the source with every column, its type, its key and its indexes, on both engines; and the way there
// and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <sstream>

#include "tests/integration/server_process.hpp"
#include "tests/sql/databases.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

struct WantedIndex {
    const char* columns;  ///< it may have more after these
    bool partial = false;
};

struct WantedTable {
    const char* promise;
    const char* name;
    /// In the order of the table, with PostgreSQL's types; SQLite's follow from them.
    const char* columns;
    const char* key;  ///< what the plugin's TableSpec names and ON CONFLICT finds
    std::vector<WantedIndex> indexes;
    std::vector<const char*> gin;  ///< PostgreSQL only
};

const std::vector<WantedTable>& wanted_tables() {
    static const std::vector<WantedTable> kTables{
        {"P160",
         "spaces",
         "id uuid, name varchar(100), created_at timestamptz, updated_at timestamptz, owner_id uuid, settings jsonb, "
         "is_public boolean, max_users integer, visitor_count bigint, total_runtime_seconds bigint, last_active_at "
         "timestamptz",
         "id",
         {{"name"}, {"is_public"}},
         {}},
        {"P180",
         "users",
         "id uuid, username varchar(50), display_name varchar(100), email varchar(255), avatar_url text, "
         "custom_avatar_model_id uuid, created_at timestamptz, last_seen_at timestamptz, total_time_seconds bigint, "
         "preferences jsonb, stats jsonb, auth_provider varchar(50), auth_id varchar(255), is_active boolean, is_admin "
         "boolean",
         "id",
         {{"username"}, {"email"}, {"last_seen_at"}},
         {}},
        {"P161",
         "sessions",
         "id uuid, user_id uuid, space_id uuid, socket_id varchar(255), ip_address inet, user_agent text, connected_at "
         "timestamptz, disconnected_at timestamptz, duration_seconds bigint, position jsonb, rotation jsonb, is_active "
         "boolean",
         "id",
         {{"user_id"}, {"space_id"}, {"socket_id"}, {"is_active", true}, {"space_id", true}},
         {}},
        {"P162",
         "world_objects",
         "id uuid, object_id varchar(255), space_id uuid, name varchar(255), type varchar(50), position jsonb, "
         "rotation "
         "jsonb, scale jsonb, model_id uuid, model_url text, created_by uuid, created_at timestamptz, updated_by uuid, "
         "updated_at timestamptz, properties jsonb, physics jsonb, visibility boolean, locked boolean, "
         "interaction_count "
         "bigint, last_interacted_at timestamptz",
         "space_id, object_id",
         {{"id"}, {"space_id"}, {"model_id", true}, {"created_by"}, {"space_id", true}},
         {"properties"}},
        {"P190",
         "chat_messages",
         "id uuid, space_id uuid, user_id uuid, username varchar(100), message text, message_type varchar(20), "
         "attachment_url text, attachment_type varchar(50), attachment_size_bytes bigint, created_at timestamptz, "
         "edited_at timestamptz, deleted_at timestamptz, is_flagged boolean, flagged_reason text, moderated_by uuid",
         "id",
         {{"space_id"}, {"user_id", true}, {"created_at"}, {"space_id, created_at", true}},
         {}},
        {"P200",
         "screen_shares",
         "id uuid, space_id uuid, user_id uuid, started_at timestamptz, ended_at timestamptz, duration_seconds bigint, "
         "share_type varchar(50), video_url text, video_filename varchar(255), viewer_count integer, peak_viewers "
         "integer, total_view_seconds bigint",
         "id",
         {{"space_id"}, {"user_id"}, {"space_id", true}},
         {}},
        {"P240",
         "uploaded_models",
         "id uuid, model_id varchar(255), name varchar(255), original_filename varchar(255), r2_key varchar(500), "
         "public_url text, mobile_url text, thumbnail_url text, file_size_bytes bigint, format varchar(10), mime_type "
         "varchar(100), validation_status varchar(50), validation_details jsonb, processing_status varchar(50), "
         "processed_at timestamptz, model_metadata jsonb, bounding_box jsonb, uploaded_by uuid, uploaded_at "
         "timestamptz, "
         "space_id uuid, is_public boolean, tags text[], usage_count bigint, last_used_at timestamptz, "
         "total_bandwidth_bytes bigint",
         "id",
         {{"model_id"}, {"uploaded_by"}, {"space_id"}, {"is_public"}},
         {"tags"}},
        {"P241",
         "media_assets",
         "id uuid, asset_type varchar(50), r2_key varchar(500), public_url text, cdn_url text, filename varchar(255), "
         "mime_type varchar(100), size_bytes bigint, width integer, height integer, duration_seconds numeric, "
         "uploaded_by "
         "uuid, space_id uuid, object_id uuid, message_id uuid, processing_status varchar(50), thumbnails jsonb, "
         "metadata "
         "jsonb, created_at timestamptz, expires_at timestamptz, deleted_at timestamptz",
         "id",
         {{"asset_type"}, {"uploaded_by"}, {"space_id"}, {"expires_at", true}},
         {}},
        {"P260",
         "visitor_tracking",
         "id uuid, visitor_id varchar(255), space_id uuid, ip_address inet, country_code varchar(2), city "
         "varchar(100), "
         "user_agent text, device_type varchar(20), browser varchar(50), os varchar(50), first_visit_at timestamptz, "
         "last_visit_at timestamptz, visit_count bigint, total_duration_seconds bigint, objects_interacted bigint, "
         "messages_sent bigint, models_uploaded bigint, registered_user_id uuid, converted_at timestamptz",
         "id",
         {{"space_id"}, {"visitor_id"}, {"registered_user_id", true}},
         {}},
        {"P261",
         "events",
         "id uuid, event_type varchar(100), space_id uuid, user_id uuid, session_id uuid, payload jsonb, metadata "
         "jsonb, "
         "created_at timestamptz, duration_ms bigint, error_message text",
         "id, created_at",
         {{"event_type"}, {"space_id"}, {"user_id"}, {"created_at"}},
         {}},
        {"P280",
         "audit_log",
         "id bigint, table_name varchar(63), operation varchar(10), user_id text, old_data jsonb, new_data jsonb, "
         "changed_at timestamptz",
         "id",
         {{"table_name, changed_at"}, {"user_id, changed_at", true}, {"changed_at"}},
         {}},
    };
    return kTables;
}

std::vector<std::string> listed(const std::string& text) {
    std::vector<std::string> items;
    std::istringstream in(text);
    for (std::string item; std::getline(in, item, ',');) items.push_back(item.substr(item.find_first_not_of(' ')));
    return items;
}

std::string sqlite_type(const std::string& type) {
    if (type == "timestamptz" || type == "boolean" || type == "integer" || type == "bigint") return "INTEGER";
    return type == "numeric" ? "REAL" : "TEXT";
}

bool begins_with(const std::vector<std::string>& columns, const std::vector<std::string>& wanted) {
    return columns.size() >= wanted.size() && std::equal(wanted.begin(), wanted.end(), columns.begin());
}

std::string plain(std::string column) {
    if (const std::size_t space = column.find(' '); space != std::string::npos) column.resize(space);
    return column;
}

class Schema : public testing::TestWithParam<const char*> {
protected:
    Schema() : database_(make_database(GetParam())), all_(own_migrations(GetParam())) {}
    std::unique_ptr<Database> database_;
    std::vector<services::Migration> all_;
};

TEST_P(Schema, HasEveryColumnOfTheSourceWithItsType) {
    database_->up(all_);
    for (const WantedTable& table : wanted_tables()) {
        std::vector<std::string> found;
        for (const Column& column : database_->columns(table.name)) found.push_back(column.name + " " + column.type);
        std::vector<std::string> wanted = listed(table.columns);
        if (database_->engine() == "sqlite") {
            for (std::string& column : wanted) {
                const std::size_t space = column.find(' ');
                column = column.substr(0, space) + " " + sqlite_type(column.substr(space + 1));
            }
        }
        EXPECT_EQ(found, wanted) << table.promise << " " << table.name;
    }
}

TEST_P(Schema, HasEveryIndexOfTheSource) {
    database_->up(all_);
    for (const WantedTable& table : wanted_tables()) {
        const std::vector<Index> indexes = database_->indexes(table.name);
        for (const WantedIndex& wanted : table.indexes) {
            const std::vector<std::string> columns = listed(wanted.columns);
            const bool found = std::any_of(indexes.begin(), indexes.end(), [&](const Index& index) {
                return index.partial == wanted.partial && begins_with(index.columns, columns);
            });
            EXPECT_TRUE(found) << table.promise << " " << table.name << " (" << wanted.columns << ")"
                               << (wanted.partial ? " of some rows" : "");
        }
        if (database_->engine() == "sqlite") continue;  // it has no such index
        for (const char* column : table.gin) {
            const bool found = std::any_of(indexes.begin(), indexes.end(), [&](const Index& index) {
                return index.gin && plain(index.columns.front()) == column;
            });
            EXPECT_TRUE(found) << table.promise << " " << table.name << " GIN (" << column << ")";
        }
    }
}

TEST_P(Schema, TheKeysOfThePluginsCanBeUpserted) {
    database_->up(all_);
    for (const WantedTable& table : wanted_tables()) {
        std::vector<std::string> key = listed(table.key);
        std::sort(key.begin(), key.end());
        const std::vector<Index> indexes = database_->indexes(table.name);
        const bool found = std::any_of(indexes.begin(), indexes.end(), [&](const Index& index) {
            std::vector<std::string> columns = index.columns;
            std::sort(columns.begin(), columns.end());
            return index.unique && !index.partial && columns == key;
        });
        // SQLite has no separate index where an integer is the row's own number.
        const bool own_number = database_->engine() == "sqlite" && std::string(table.name) == "audit_log";
        EXPECT_TRUE(found || own_number) << table.name << " (" << table.key << ")";
    }
}

TEST_P(Schema, HasNoTableThatNobodyAsserts) {
    database_->up(all_);
    std::vector<std::string> wanted;
    for (const WantedTable& table : wanted_tables()) wanted.emplace_back(table.name);
    std::sort(wanted.begin(), wanted.end());
    std::vector<std::string> found = database_->tables();
    // What `cairn torture` writes to is no promise of the source.
    found.erase(std::remove_if(found.begin(), found.end(),
                               [](const std::string& name) { return name.rfind("torture_", 0) == 0; }),
                found.end());
    EXPECT_EQ(found, wanted);
}

TEST_P(Schema, UpDownUpGivesTheSame) {
    const std::vector<std::string> empty = database_->schema();
    database_->up(all_);
    const std::vector<std::string> full = database_->schema();
    EXPECT_GT(full.size(), empty.size() + 30);
    database_->down(all_);
    EXPECT_EQ(database_->schema(), empty) << "nothing is left";
    database_->up(all_);
    EXPECT_EQ(database_->schema(), full);
}

TEST_P(Schema, EachCanBeTakenBackAndAppliedAgainAlone) {
    database_->up(all_);
    const std::vector<std::string> full = database_->schema();
    // The last of each plugin: whatever the others hold, it goes and comes back.
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if (i + 1 < all_.size() && all_[i + 1].plugin == all_[i].plugin) continue;
        SCOPED_TRACE(all_[i].plugin + " " + all_[i].what);
        database_->down({all_[i]});
        EXPECT_NE(database_->schema(), full);
        database_->up({all_[i]});
        EXPECT_EQ(database_->schema(), full);
    }
}

TEST_P(Schema, ThePluginsMayComeInAnyOrder) {
    database_->up(all_);
    const std::vector<std::string> expected = database_->schema();
    std::vector<std::string> owners = sql_owners();
    std::mt19937 random(7);
    for (int round = 0; round < 4; ++round) {
        std::shuffle(owners.begin(), owners.end(), random);
        const auto other = make_database(GetParam());
        other->up(own_migrations(GetParam(), owners));
        EXPECT_EQ(other->schema(), expected) << testing::PrintToString(owners);
    }
}

TEST_P(Schema, EachPluginStandsAlone) {
    for (const std::string& owner : sql_owners()) {
        const auto alone = make_database(GetParam());
        EXPECT_NO_THROW(alone->up(own_migrations(GetParam(), {owner}))) << owner;
    }
}

TEST_P(Schema, SessionsAndObjectsGoWithTheirSpaceAndMayComeBeforeIt) {
    database_->up(all_);
    const std::string a = "'0190b5c4-0000-7000-8000-00000000000a'";
    const std::string o = "'0190b5c4-0000-7000-8000-00000000000b'";
    const std::string object =
        "INSERT INTO world_objects (id, object_id, space_id, position, rotation, scale) VALUES (" + o + ", 'x', " + a +
        ", '[0,0,0]', '[0,0,0]', '[1,1,1]');";
    database_->run("BEGIN;" + object + "INSERT INTO sessions (id, space_id, socket_id) VALUES (" + o + ", " + a +
                   ", 's'); INSERT INTO spaces (id, name) VALUES (" + a + ", 'main'); COMMIT");
    EXPECT_EQ(database_->one("SELECT count(*) FROM world_objects"), "1");
    database_->run("DELETE FROM spaces");
    EXPECT_EQ(database_->one("SELECT (SELECT count(*) FROM world_objects) + (SELECT count(*) FROM sessions)"), "0");
    database_->run("BEGIN;" + object);
    EXPECT_NE(database_->refusal("COMMIT"), "") << "an object without its space";
}

TEST_P(Schema, RowsOfOtherPluginsNeedNotBeThere) {
    database_->up(all_);
    const std::string id = "'0190b5c4-0000-7000-8000-00000000000a'";
    database_->run("INSERT INTO chat_messages (id, space_id, user_id, message) VALUES (" + id + ", " + id + ", " + id +
                   ", 'hello')");
    database_->run(
        "INSERT INTO media_assets (id, asset_type, r2_key, public_url, space_id, object_id, message_id) VALUES (" + id +
        ", 'screenshot', 'k', 'u', " + id + ", " + id + ", " + id + ")");
    EXPECT_EQ(database_->one("SELECT count(*) FROM media_assets"), "1");
}

TEST_P(Schema, LengthsAreKept) {
    database_->up(all_);
    const std::string id = "'0190b5c4-0000-7000-8000-00000000000a'";
    EXPECT_NE(database_->refusal("INSERT INTO spaces (id, name) VALUES (" + id + ", '" + std::string(101, 'x') + "')"),
              "");
    EXPECT_NE(database_->refusal("INSERT INTO spaces (id, name) VALUES (" + id + ", '')"), "");
    std::string wide;
    for (int i = 0; i < 100; ++i) wide += "é";
    database_->run("INSERT INTO spaces (id, name) VALUES (" + id + ", '" + wide + "')");
    EXPECT_NE(database_->refusal("INSERT INTO visitor_tracking (id, visitor_id, country_code) VALUES (" + id +
                                 ", 'v', 'DEU')"),
              "");
}

INSTANTIATE_TEST_SUITE_P(Engines, Schema, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return std::string(one.param); });

TEST(BothEngines, HaveTheSameTablesAndColumns) {
    SqliteDatabase sqlite;
    PostgresDatabase postgres;
    sqlite.up(own_migrations("sqlite"));
    postgres.up(own_migrations("postgres"));
    EXPECT_EQ(sqlite.tables(), postgres.tables());
    std::vector<std::string> relations = sqlite.tables();
    relations.emplace_back("space_statistics");
    for (const std::string& relation : relations) {
        std::vector<std::string> here;
        std::vector<std::string> there;
        for (const Column& column : sqlite.columns(relation)) here.push_back(column.name);
        for (const Column& column : postgres.columns(relation)) there.push_back(column.name);
        EXPECT_FALSE(here.empty()) << relation;
        EXPECT_EQ(here, there) << relation;
    }
}

TEST(BothEngines, HaveTheSameFiles) {
    const auto names = [](const std::string& engine) {
        std::vector<std::string> list;
        for (const services::Migration& migration : own_migrations(engine)) {
            list.push_back(migration.plugin + " " + std::to_string(migration.number) + " " + migration.what);
        }
        return list;
    };
    EXPECT_EQ(names("sqlite"), names("postgres"));
}

TEST(OnPostgres, ADumpRestoresToTheSame) {
    PostgresDatabase database;
    database.up(own_migrations("postgres"));
    database.run(
        "INSERT INTO spaces (name) VALUES ('main'); INSERT INTO events (event_type) VALUES ('x');"
        "INSERT INTO world_objects (object_id, space_id, position, rotation, scale) SELECT 'o', id, '[]', '[]', '[]' "
        "FROM spaces; SELECT refresh_all_materialized_views()");
    PostgresDatabase restored;
    const TemporaryFolder folder;
    const std::string file = (folder.path() / "all.dump").string();
    const std::string programs = PostgresCluster::shared().programs();
    ASSERT_EQ(std::system((programs + "/pg_dump -Fc -f " + file + " '" + database.url() + "'").c_str()), 0);
    ASSERT_EQ(std::system((programs + "/pg_restore -e -d '" + restored.url() + "' " + file).c_str()), 0);
    EXPECT_EQ(restored.schema(), database.schema());
    EXPECT_EQ(restored.one("SELECT name, total_objects FROM space_statistics"), "main|1");
    EXPECT_EQ(restored.one("SELECT count(*) FROM audit_log"), "1");
    restored.run("UPDATE world_objects SET locked = true");
    EXPECT_EQ(restored.one("SELECT count(*) FROM audit_log"), "2") << "the trigger came along";
    EXPECT_EQ(restored.one("SELECT events_make_partitions(4)"), "1");
}

TEST(BothEngines, EveryDownFileSaysWhatItLoses) {
    for (const char* engine : {"sqlite", "postgres"}) {
        for (const services::Migration& migration : own_migrations(engine)) {
            EXPECT_THAT(migration.down, HasSubstr("-- Loses "))
                << engine << " " << migration.plugin << " " << migration.what;
        }
    }
}

}  // namespace
}  // namespace cairn::test
