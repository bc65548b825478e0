#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/json.hpp>

#include "plugins/storage_sqlite/sqlite_store.hpp"
#include "plugins/storage_sqlite/table_statements.hpp"

namespace cairn::storage_sqlite {
namespace detail {

inline int note_log_pages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace detail

/// The one connection that writes, with its statements. Statements are finalized before the connection closes.
struct SqliteStore::Writer {
    struct TableStatements {
        RowStatement upsert;
        RowStatement erase;
        Statement audit_upsert;  ///< of audited tables only, like the next
        Statement audit_erase;
    };

    explicit Writer(const std::string& file) : connection(file, Connection::Mode::writer) {}

    void prepare() {
        sqlite3_wal_hook(connection.handle(), detail::note_log_pages, &log_pages);
        begin = connection.prepare("BEGIN IMMEDIATE", "begin a batch");
        commit = connection.prepare("COMMIT", "commit a batch");
        read_watermark = connection.prepare("SELECT seq FROM cairn_watermark WHERE id = 1", "read the watermark");
        move_watermark = connection.prepare("UPDATE cairn_watermark SET seq = ?1 WHERE id = 1", "move the watermark");
        keep_letter = connection.prepare(
            "INSERT INTO cairn_dead_letters (seq, at, actor, operation, changes, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            " ON CONFLICT (seq) DO NOTHING",
            "keep a dead letter");
    }
    void prepare(const TableSpec& table, bool audited) {
        TableStatements& made = tables[&table];
        if (audited) {
            made.audit_upsert = connection.prepare(audit_upsert_sql(table), "audit " + table.name);
            made.audit_erase = connection.prepare(audit_erase_sql(table), "audit " + table.name);
        }
        made.upsert = {connection.prepare(upsert_sql(table), "write " + table.name), row_columns(table)};
        made.erase = {connection.prepare(erase_sql(table), "erase from " + table.name), key_columns(table)};
    }
    std::uint64_t watermark() {
        if (!read_watermark.step())
            throw SqliteError(SQLITE_CORRUPT, "read the watermark", "cairn_watermark has no row");
        const auto seq = static_cast<std::uint64_t>(read_watermark.integer(0));
        read_watermark.reset();
        return seq;
    }
    /// Passes all of `items` as one JSON array of pairs, each with its actor.
    void run(Statement& statement, const std::vector<std::string_view>& items,
             const std::vector<std::string_view>& actors) {
        if (items.empty()) return;
        json.assign(1, '[');
        for (std::size_t i = 0; i < items.size(); ++i) {
            json += json.size() > 1 ? ",[" : "[";
            json += items[i];
            json += ',';
            write_json_text(json, i < actors.size() ? actors[i] : std::string_view());
            json += ']';
        }
        json += ']';
        statement.bind_view(1, json);
        statement.run();
    }

    Connection connection;
    int log_pages = 0;        ///< in the write-ahead log, after the last commit
    int log_pages_tried = 0;  ///< the same when a checkpoint was last tried
    std::string json;         // declared before the statements that borrow it
    Statement begin;
    Statement commit;
    Statement read_watermark;
    Statement move_watermark;
    Statement keep_letter;
    std::unordered_map<const TableSpec*, TableStatements> tables;
};

}  // namespace cairn::storage_sqlite
