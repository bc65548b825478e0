#include "plugins/storage_sqlite/connection_settings.hpp"

#include <cstdint>

#include <cairn/error.hpp>

#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

constexpr std::int64_t kApplicationId = 0x4341524E;  // "CARN", in the file's header
constexpr std::int64_t kFormat = 1;                  // of our own tables, in user_version
constexpr std::int64_t kFull = 2;                    // PRAGMA synchronous

void set(Connection& connection, const std::string& pragma) {
    connection.execute("PRAGMA " + pragma, "set " + pragma);
}

void set_option(Connection& connection, int option, const char* name) {
    const int code = sqlite3_db_config(connection.handle(), option, 1, nullptr);
    if (code != SQLITE_OK) throw SqliteError(connection.handle(), code, std::string("set ") + name);
}

void set_common(Connection& connection) {
    set(connection, "temp_store=MEMORY");
    set(connection, "mmap_size=0");
    set(connection, "cell_size_check=ON");
    set(connection, "trusted_schema=OFF");
}

}  // namespace

void check_owner(Connection& writer, const std::string& file) {
    const std::int64_t owner = writer.ask("PRAGMA application_id", "read the header").integer_or(0);
    const std::int64_t format = writer.ask("PRAGMA user_version", "read the header").integer_or(0);
    const std::int64_t tables = writer.ask("SELECT count(*) FROM sqlite_schema", "read the schema").integer_or(0);
    if (owner != kApplicationId && (owner != 0 || tables != 0)) {
        const bool ours = writer.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'cairn_watermark'", "read the schema")
                              .integer_or(0) != 0;
        if (ours) throw Error(Code::internal, "database " + file + " is damaged: its header names another program");
        throw Error(Code::forbidden, "database " + file + " belongs to another program: name another file");
    }
    if (owner == kApplicationId && format > kFormat) {
        throw Error(Code::forbidden, "database " + file + " was written by a newer Cairn (format " +
                                        std::to_string(format) + ", this one knows " + std::to_string(kFormat) +
                                        "): start the newer version, or restore a backup from before");
    }
}

void configure_writer(Connection& writer, const WriterSettings& settings, const std::string& file) {
    // These two only have an effect while the file is empty; later the second would still write a page, for which a full
    // disk has no room.
    if (writer.ask("PRAGMA page_count", "count the pages").integer_or(0) == 0) {
        set(writer, "page_size=4096");
        set(writer, "auto_vacuum=INCREMENTAL");
    }
    const Document mode = writer.ask("PRAGMA journal_mode=WAL", "set journal_mode=WAL");
    if (mode.text() != "wal") {
        throw Error(Code::forbidden, "database " + file + " cannot use a write-ahead log (journal_mode is " +
                                        std::string(mode.text()) +
                                        "): its disk gives no shared memory; use a local disk");
    }
    set(writer, settings.relaxed ? "synchronous=NORMAL" : "synchronous=FULL");
    set(writer, "foreign_keys=ON");
    set(writer, "busy_timeout=5000");
    set(writer, "wal_autocheckpoint=0");
    set(writer, "journal_size_limit=67108864");
    set(writer, "cache_size=-" + std::to_string(settings.cache.value >> 10U));
    set_common(writer);
    set(writer, "secure_delete=OFF");  // Debian switches it on, which writes every freed page once more
    set_option(writer, SQLITE_DBCONFIG_DEFENSIVE, "defensive mode");
    const std::int64_t synchronous = writer.ask("PRAGMA synchronous", "read synchronous").integer_or(0);
    if (synchronous < kFull && !settings.relaxed) {
        throw Error(Code::forbidden,
                    "database " + file + " runs with synchronous=" + std::to_string(synchronous) +
                        ", below FULL: acknowledged changes would not survive a power loss. This SQLite was "
                        "built so; install another, or say `durability: relaxed`");
    }
    if (writer.ask("PRAGMA foreign_keys", "read foreign_keys").integer_or(0) != 1) {
        throw Error(Code::forbidden, "this SQLite was built without foreign keys: install another");
    }
}

void make_own_tables(Connection& writer) {
    const std::string doing = "make cairn's own tables";
    // Nothing is written when all is there: a database must open on a full disk, too.
    const bool made =
        writer.ask("PRAGMA application_id", doing).integer_or(0) == kApplicationId &&
        writer.ask("PRAGMA user_version", doing).integer_or(0) == kFormat &&
        writer.ask("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN "
                   "('cairn_migrations', 'cairn_watermark', 'cairn_notes', 'cairn_dead_letters')",
                   doing)
                .integer_or(0) == 4 &&
        writer.ask("SELECT count(*) FROM cairn_watermark WHERE id = 1", doing).integer_or(0) == 1;
    if (made) return;
    writer.execute("BEGIN IMMEDIATE", doing);
    try {
        writer.execute(
            "CREATE TABLE IF NOT EXISTS cairn_migrations ("
            " plugin TEXT NOT NULL, number INTEGER NOT NULL, what TEXT NOT NULL, checksum TEXT NOT NULL,"
            " applied_at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),"
            " PRIMARY KEY (plugin, number)) STRICT, WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS cairn_watermark ("
            " id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL) STRICT;"
            "INSERT INTO cairn_watermark (id, seq) VALUES (1, 0) ON CONFLICT DO NOTHING;"
            "CREATE TABLE IF NOT EXISTS cairn_notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS cairn_dead_letters ("
            " seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, operation TEXT NOT NULL,"
            " changes TEXT NOT NULL, reason TEXT NOT NULL) STRICT;"
            "PRAGMA application_id=" +
                std::to_string(kApplicationId) +
                ";"
                "PRAGMA user_version=" +
                std::to_string(kFormat),
            doing);
        writer.execute("COMMIT", doing);
    } catch (...) {
        writer.rollback();
        throw;
    }
}

void configure_reader(Connection& reader) {
    set(reader, "query_only=ON");
    set(reader, "busy_timeout=5000");
    set(reader, "wal_autocheckpoint=0");
    set_common(reader);
    set_option(reader, SQLITE_DBCONFIG_DEFENSIVE, "defensive mode");
    set_option(reader, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, "no checkpoint on close");
}

}  // namespace cairn::storage_sqlite
