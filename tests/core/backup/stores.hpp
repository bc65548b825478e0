#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "plugins/storage_postgres/postgres_store.hpp"
#include "plugins/storage_sqlite/sqlite_store.hpp"
#include "tests/core/backup/file_store.hpp"
#include "tests/core/backup/world.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::core::test {

/// A kind of store that the tests run on.
struct StoreCase {
    std::string name;
    World::Make make;
    std::vector<services::Migration> migrations;
};

inline void PrintTo(const StoreCase& store, std::ostream* out) {
    *out << store.name;
}

inline services::Migration items_migration(std::string sql) {
    return {"test", 1, "items", "checksum", std::move(sql), "DROP TABLE items;"};
}

/// A store in a file, without a database.
inline StoreCase file_store() {
    return {"file", [](const std::string& folder) { return std::make_shared<FileStore>(folder + "/world.db"); }, {}};
}

inline StoreCase sqlite_store() {
    const auto make = [](const std::string& folder) {
        static KeptLog log;
        storage_sqlite::SqliteStore::Options options;
        options.file = folder + "/cairn.db";
        auto store = std::make_shared<storage_sqlite::SqliteStore>();
        store->configure(std::move(options), log);
        return store;
    };
    return {"sqlite",
            make,
            {items_migration("CREATE TABLE items (id TEXT PRIMARY KEY, value INTEGER NOT NULL CHECK (value >= 0)) "
                             "STRICT, WITHOUT ROWID;")}};
}

/// A database of its own on a server that ends with the tests.
inline StoreCase postgres_store() {
    const auto make = [](const std::string&) {
        static KeptLog log;
        storage_postgres::PostgresStore::Options options;
        options.url = storage_postgres::parse_url(cairn::test::PostgresCluster::shared().make_database());
        auto store = std::make_shared<storage_postgres::PostgresStore>();
        store->configure(std::move(options), log, nullptr);
        return store;
    };
    return {"postgres",
            make,
            {items_migration("CREATE TABLE items (id text PRIMARY KEY, value bigint NOT NULL CHECK (value >= 0));")}};
}

inline std::string case_name(const ::testing::TestParamInfo<StoreCase>& info) {
    return info.param.name;
}

}  // namespace cairn::core::test
