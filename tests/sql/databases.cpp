#include "tests/sql/databases.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "core/durability/migration_files.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
    return parts;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
}

/// The store allows schemas no function but harmless ones, and replaces json_valid by a harmless one of its own.
void harmless_json_valid(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    auto* statement = static_cast<sqlite3_stmt*>(sqlite3_user_data(context));
    sqlite3_bind_value(statement, 1, values[0]);
    sqlite3_step(statement);
    sqlite3_result_int(context, sqlite3_column_int(statement, 0));
    sqlite3_reset(statement);
}

}  // namespace

std::string Database::one(const std::string& sql) {
    const std::vector<std::string> rows = run(sql);
    return rows.empty() ? "(no row)" : rows.front();
}

std::string Database::refusal(const std::string& sql) {
    try {
        run(sql);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    ADD_FAILURE() << "was not refused: " << sql;
    return {};
}

void Database::up(const std::vector<services::Migration>& migrations) {
    for (const services::Migration& migration : migrations) {
        SCOPED_TRACE(migration.plugin + " " + migration.what);
        run("BEGIN");
        run(migration.sql);
        run("COMMIT");
    }
}

void Database::down(const std::vector<services::Migration>& migrations) {
    for (auto at = migrations.rbegin(); at != migrations.rend(); ++at) {
        SCOPED_TRACE(at->plugin + " " + at->what);
        run("BEGIN");
        run(at->down);
        run("COMMIT");
    }
}

// -------------------------------------------------------------------------------------------------------------- SQLite

SqliteDatabase::SqliteDatabase() {
    if (sqlite3_open(":memory:", &handle_) != SQLITE_OK) throw std::runtime_error("SQLite does not open");
    sqlite3_open(":memory:", &judge_);
    sqlite3_prepare_v2(judge_, "SELECT json_valid(?1)", -1, &valid_, nullptr);
    sqlite3_create_function(handle_, "json_valid", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, valid_,
                            harmless_json_valid, nullptr, nullptr);
    run("PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF");
}

SqliteDatabase::~SqliteDatabase() {
    sqlite3_close(handle_);
    sqlite3_finalize(valid_);
    sqlite3_close(judge_);
}

std::vector<std::string> SqliteDatabase::run(const std::string& sql) {
    std::vector<std::string> rows;
    for (const char* at = sql.c_str(); *at != '\0';) {
        sqlite3_stmt* statement = nullptr;
        const char* tail = nullptr;
        int code = sqlite3_prepare_v2(handle_, at, -1, &statement, &tail);
        at = tail;
        if (code == SQLITE_OK && statement != nullptr) {
            rows.clear();
            while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
                std::string row;
                for (int i = 0; i < sqlite3_column_count(statement); ++i) {
                    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
                    row += (i == 0 ? "" : "|") + std::string(text == nullptr ? "" : text);
                }
                rows.push_back(std::move(row));
            }
        }
        const std::string message = sqlite3_errmsg(handle_);
        sqlite3_finalize(statement);
        if (code != SQLITE_OK && code != SQLITE_DONE) throw std::runtime_error(message + " in: " + sql);
    }
    return rows;
}

std::vector<std::string> SqliteDatabase::tables() {
    return run(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1");
}

std::vector<Column> SqliteDatabase::columns(const std::string& relation) {
    std::vector<Column> columns;
    for (const std::string& row : run("SELECT name, type FROM pragma_table_info('" + relation + "') ORDER BY cid")) {
        const std::size_t bar = row.find('|');
        columns.push_back({row.substr(0, bar), row.substr(bar + 1)});
    }
    return columns;
}

std::vector<Index> SqliteDatabase::indexes(const std::string& relation) {
    std::vector<Index> indexes;
    for (const std::string& row :
         run("SELECT name, \"unique\", partial FROM pragma_index_list('" + relation + "') ORDER BY name")) {
        const std::vector<std::string> parts = split(row, '|');
        const std::vector<std::string> columns =
            run("SELECT name FROM pragma_index_info('" + parts[0] + "') ORDER BY seqno");
        indexes.push_back({parts[0], columns, parts[1] == "1", parts[2] == "1"});
    }
    return indexes;
}

std::vector<std::string> SqliteDatabase::schema() {
    return run("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'sqlite_sequence' ORDER BY 1, 2");
}

// ---------------------------------------------------------------------------------------------------------- PostgreSQL

PostgresDatabase::PostgresDatabase() : PostgresDatabase(PostgresCluster::shared().make_database("sql")) {}

PostgresDatabase::PostgresDatabase(std::string url) : url_(std::move(url)), connection_(PQconnectdb(url_.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
}

PostgresDatabase::~PostgresDatabase() {
    PQfinish(connection_);
}

std::vector<std::string> PostgresDatabase::run(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection_, sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        throw std::runtime_error(std::string(PQresultErrorMessage(result.get())) + " in: " + sql);
    }
    std::vector<std::string> rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        std::string text;
        for (int i = 0; i < PQnfields(result.get()); ++i) {
            text += (i == 0 ? "" : "|") + std::string(PQgetvalue(result.get(), row, i));
        }
        rows.push_back(std::move(text));
    }
    return rows;
}

std::vector<std::string> PostgresDatabase::tables() {
    return run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
        "AND NOT relispartition ORDER BY relname COLLATE \"C\"");
}

std::vector<Column> PostgresDatabase::columns(const std::string& relation) {
    std::vector<Column> columns;
    for (const std::string& row :
         run("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '" + relation +
             "'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")) {
        const std::size_t bar = row.find('|');
        std::string type = row.substr(bar + 1);
        replace_all(type, "character varying", "varchar");
        replace_all(type, "timestamp with time zone", "timestamptz");
        columns.push_back({row.substr(0, bar), std::move(type)});
    }
    return columns;
}

std::vector<Index> PostgresDatabase::indexes(const std::string& relation) {
    std::vector<Index> indexes;
    for (const std::string& row : run("SELECT c.relname, i.indisunique, i.indpred IS NOT NULL, m.amname, "
                                      "(SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true), ' ' ORDER BY n) FROM "
                                      "generate_series(1, i.indnkeyatts) n) "
                                      "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = "
                                      "c.relam WHERE i.indrelid = '" +
                                      relation + "'::regclass ORDER BY 1")) {
        const std::vector<std::string> parts = split(row, '|');
        indexes.push_back({parts[0], split(parts[4], ' '), parts[1] == "t", parts[2] == "t", parts[3] == "gin"});
    }
    return indexes;
}

std::vector<std::string> PostgresDatabase::schema() {
    const std::string of_public = "relnamespace = 'public'::regnamespace";
    return run(
        "SELECT 'relation', c.relname, c.relkind::text, c.reloptions::text, pg_get_expr(c.relpartbound, c.oid) FROM "
        "pg_class c "
        "WHERE " +
        of_public +
        " "
        "UNION ALL SELECT 'column', attrelid::regclass::text || '.' || attname, format_type(atttypid, atttypmod) || "
        "' not null ' || attnotnull::text || ' ' || attidentity::text, attcollation::regcollation::text, "
        "(SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum) "
        "FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped AND " +
        of_public +
        " "
        "UNION ALL SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid), '', '' FROM pg_index JOIN "
        "pg_class c "
        "ON c.oid = indexrelid WHERE " +
        of_public +
        " "
        "UNION ALL SELECT 'constraint', conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(oid), '', '' "
        "FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
        "UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid), '', '' FROM pg_trigger WHERE NOT tgisinternal "
        "UNION ALL SELECT 'function', proname, pg_get_functiondef(oid), '', '' FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace "
        "UNION ALL SELECT 'view', matviewname, definition, '', '' FROM pg_matviews WHERE schemaname = 'public' "
        "ORDER BY 1, 2, 3");
}

// ----------------------------------------------------------------------------------------------------------- the files

std::unique_ptr<Database> make_database(const std::string& engine) {
    if (engine == "sqlite") return std::make_unique<SqliteDatabase>();
    return std::make_unique<PostgresDatabase>();
}

std::vector<std::string> sql_owners() {
    std::vector<std::string> owners;
    for (const auto& entry : std::filesystem::directory_iterator(CAIRN_SOURCE_DIR "/sql")) {
        if (entry.is_directory()) owners.push_back(entry.path().filename().string());
    }
    std::sort(owners.begin(), owners.end(), [](const std::string& a, const std::string& b) {
        return (a != "cairn") != (b != "cairn") ? a == "cairn" : a < b;
    });
    return owners;
}

std::vector<services::Migration> own_migrations(const std::string& engine, const std::vector<std::string>& owners) {
    return core::find_migrations(CAIRN_SOURCE_DIR, owners, engine);
}

}  // namespace cairn::test
