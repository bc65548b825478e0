// SqliteStore: what is read of the database as a whole.
#include <cairn/error.hpp>

#include "plugins/storage_sqlite/store_writer.hpp"

namespace cairn::storage_sqlite {

std::string SqliteStore::integrity() {
    if (readers_ == nullptr) return "database " + options_.file + " is not open";
    try {
        const ReaderPool::Lease reader = readers_->borrow_extra();
        Statement check = reader->connection().prepare("PRAGMA integrity_check(20)", "check");
        std::string wrong;
        while (check.step()) {
            if (check.text(0) != "ok") wrong += (wrong.empty() ? "" : "; ") + check.text(0);
        }
        Statement references = reader->connection().prepare(
            "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2", "check references");
        while (references.step()) {
            wrong += (wrong.empty() ? "" : "; ") + references.text(2) + " rows of " + references.text(0) +
                     " refer to missing rows of " + references.text(1);
        }
        return wrong;
    } catch (const SqliteError& error) {
        if (error.primary() != SQLITE_CORRUPT && error.primary() != SQLITE_NOTADB) throw to_error(error, options_.file);
        return to_error(error, options_.file).what();
    }
}

services::Watermark SqliteStore::snapshot(const services::RowSink& row) {
    if (readers_ == nullptr) throw Error(Code::unavailable, "database " + options_.file + " is not open");
    return read([&] {
        const ReaderPool::Lease reader = readers_->borrow_extra();
        Connection& connection = reader->connection();
        connection.execute("BEGIN", "begin a snapshot");  // all that follows sees one moment; it ends with the reader
        services::Watermark watermark{static_cast<std::uint64_t>(
            connection.ask("SELECT seq FROM cairn_watermark WHERE id = 1", "read the watermark").integer_or(0))};
        std::vector<std::string> tables;
        Statement names = connection.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND name NOT LIKE 'cairn\\_%' ESCAPE '\\' AND name <> 'audit_log' ORDER BY name",
            "list the tables");
        while (names.step()) tables.push_back(names.text(0));
        for (const std::string& table : tables) {
            Statement all = connection.prepare("SELECT * FROM \"" + table + "\"", "read " + table);
            const int count = sqlite3_column_count(all.get());
            std::vector<std::string> columns;
            for (int i = 0; i < count; ++i) columns.emplace_back(sqlite3_column_name(all.get(), i));
            std::vector<Document> values(columns.size());
            while (all.step()) {
                for (int i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = all.value(i);
                row(table, columns, values);
            }
        }
        return watermark;
    });
}

std::string SqliteStore::note(std::string_view name) {
    return translated([&] {
        Statement read = writer().connection.prepare("SELECT text FROM cairn_notes WHERE name = ?1", "read a note");
        read.bind_view(1, name);
        return read.step() ? read.text(0) : std::string();
    });
}

void SqliteStore::set_note(std::string_view name, std::string_view text) {
    translated([&] {
        Statement write = writer().connection.prepare(
            "INSERT INTO cairn_notes (name, text) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET text = excluded.text",
            "write a note");
        write.bind_view(1, name);
        write.bind_view(2, text);
        write.run();
    });
}

/// Pages that are free go back to the file system piece by piece, so that no commit waits long.
void SqliteStore::vacuum(WallTime keep_audit_from) {
    translated([&] {
        constexpr int kPages = 1000;
        constexpr auto kAtMost = std::chrono::seconds(2);
        Connection& connection = writer().connection;
        const auto until = std::chrono::steady_clock::now() + kAtMost;
        if (connection.ask("SELECT count(*) FROM pragma_table_info('audit_log')", "look at audit_log").integer_or(0) > 0) {
            Statement forget = connection.prepare(
                "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE changed_at < ?1 LIMIT 1000)",
                "forget old audit rows");
            do {
                forget.bind(1, std::int64_t{keep_audit_from});
                forget.run();
            } while (sqlite3_changes(connection.handle()) > 0 && std::chrono::steady_clock::now() < until);
        }
        while (connection.ask("PRAGMA freelist_count", "count free pages").integer_or(0) > 0 &&
               std::chrono::steady_clock::now() < until) {
            connection.execute("PRAGMA incremental_vacuum(" + std::to_string(kPages) + ")", "give free pages back");
        }
        connection.execute("PRAGMA analysis_limit=400; PRAGMA optimize", "refresh the planner's figures");
    });
}

}  // namespace cairn::storage_sqlite
