#include "plugins/storage_sqlite/sqlite_store.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include <cairn/error.hpp>

#include "plugins/storage_sqlite/backup.hpp"
#include "plugins/storage_sqlite/connection_settings.hpp"
#include "plugins/storage_sqlite/migrator.hpp"
#include "plugins/storage_sqlite/table_statements.hpp"

namespace cairn::storage_sqlite {
namespace {

constexpr int kCheckpointPages = 1000;      // of the write-ahead log, when nothing is queued (reliability.md 5.7)
constexpr int kBusyCheckpointPages = 8000;  // under load: fewer, larger checkpoints are worth a factor of two
constexpr int kRepeatPages = 1000;          // growth before a checkpoint that readers held back is tried again
constexpr std::uint64_t kMaxLogBytes = 64U << 20U;
constexpr int kReopenTries = 5;
constexpr auto kReopenPause = std::chrono::milliseconds(200);

int note_log_pages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

void append_array(std::string& json, const std::vector<std::string_view>& items) {
    json.assign(1, '[');
    for (const std::string_view item : items) {
        if (json.size() > 1) json += ',';
        json += item;
    }
    json += ']';
}

}  // namespace

/// The one connection that writes, with its statements. Statements are finalized before the connection closes.
struct SqliteStore::Writer {
    struct TableStatements {
        Statement upsert;
        Statement erase;
    };

    explicit Writer(const std::string& file) : connection(file, Connection::Mode::writer) {}

    void prepare() {
        sqlite3_wal_hook(connection.handle(), note_log_pages, &log_pages);
        begin = connection.prepare("BEGIN IMMEDIATE", "begin a batch");
        commit = connection.prepare("COMMIT", "commit a batch");
        read_watermark = connection.prepare("SELECT seq FROM cairn_watermark WHERE id = 1", "read the watermark");
        move_watermark = connection.prepare("UPDATE cairn_watermark SET seq = ?1 WHERE id = 1", "move the watermark");
    }
    void prepare(const TableSpec& table) {
        TableStatements& made = tables[&table];
        made.upsert = connection.prepare(upsert_sql(table), "write " + table.name);
        made.erase = connection.prepare(erase_sql(table), "erase from " + table.name);
    }
    std::uint64_t watermark() {
        if (!read_watermark.step())
            throw SqliteError(SQLITE_CORRUPT, "read the watermark", "cairn_watermark has no row");
        const auto seq = static_cast<std::uint64_t>(read_watermark.integer(0));
        read_watermark.reset();
        return seq;
    }
    /// Passes all of `items` as one JSON array.
    void run(Statement& statement, const std::vector<std::string_view>& items) {
        if (items.empty()) return;
        append_array(json, items);
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
    std::unordered_map<const TableSpec*, TableStatements> tables;
};

SqliteStore::SqliteStore() = default;

SqliteStore::~SqliteStore() {
    close();
}

void SqliteStore::configure(Options options, Log& log) {
    options_ = std::move(options);
    log_ = &log;
}

template <class Work>
auto SqliteStore::translated(Work&& work) const {
    try {
        return work();
    } catch (const SqliteError& error) {
        throw to_error(error, options_.file);
    }
}

SqliteStore::Writer& SqliteStore::writer() {
    if (writer_ == nullptr) throw Error(Code::unavailable, "database " + options_.file + " is not open");
    return *writer_;
}

void SqliteStore::set_trouble(std::string trouble) {
    const std::lock_guard lock(trouble_mutex_);
    trouble_ = std::move(trouble);
}

// ------------------------------------------------------------------------------------------------------ open and close

void SqliteStore::open() {
    translated([this] {
        check_place(options_.file);
        lock_.emplace(options_.file);
        try {
            open_writer();
            check_integrity();
            readers_ = std::make_unique<ReaderPool>(options_.file, options_.readers, options_.query_timeout);
            readers_->open();
        } catch (...) {
            close();
            throw;
        }
    });
    set_trouble({});
    log_->info("database open", {{"file", options_.file},
                                 {"sqlite", sqlite3_libversion()},
                                 {"durability", options_.relaxed ? "relaxed" : "strict"},
                                 {"seq", watermark().seq},
                                 {"bytes", file_size(options_.file)}});
}

void SqliteStore::open_writer() {
    auto made = std::make_unique<Writer>(options_.file);
    check_owner(made->connection, options_.file);
    configure_writer(made->connection, {options_.cache, options_.relaxed}, options_.file);
    make_own_tables(made->connection);
    made->prepare();
    for (const TableSpec* table : tables_) made->prepare(*table);
    writer_ = std::move(made);
}

void SqliteStore::check_integrity() {
    if (options_.check == Check::off) return;
    const bool full = options_.check == Check::full;
    const std::string wrong = std::string(
        writer().connection.ask(full ? "PRAGMA integrity_check(3)" : "PRAGMA quick_check(3)", "check").text());
    if (wrong == "ok") return;
    throw Error(Code::internal,
                "database " + options_.file + " is damaged: " + wrong +
                    ". Put the file with its -wal and -shm aside and restore the newest verified backup");
}

void SqliteStore::drop_writer() noexcept {
    if (writer_ == nullptr) return;
    // After an error nothing may be moved from the log to the file on the way out.
    sqlite3_db_config(writer_->connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    writer_.reset();
}

void SqliteStore::close() noexcept {
    if (readers_) readers_->close();
    if (writer_ && !damaged_) {
        writer_->connection.rollback();
        try {
            truncate_log(*writer_);
        } catch (const std::exception& error) {
            log_->warning("the write-ahead log stays beside the database; it is read at the next start",
                          {{"reason", error.what()}});
        }
    }
    if (damaged_) drop_writer();
    writer_.reset();
    readers_.reset();
    lock_.reset();
    set_trouble("the database is closed");
}

int SqliteStore::migrate(std::span<const services::Migration> migrations) {
    return translated([&] { return apply_migrations(writer().connection, migrations); });
}

std::vector<services::AppliedMigration> SqliteStore::applied_migrations() {
    return translated([&] { return read_applied(writer().connection); });
}

void SqliteStore::migrate_down(const services::Migration& migration) {
    translated([&] { take_back(writer().connection, migration); });
}

void SqliteStore::bind(std::span<const TableSpec* const> tables, std::span<const std::string>) {
    translated([&] {
        for (const TableSpec* table : tables) check_table(writer().connection, *table);
        for (const TableSpec* table : tables) writer().prepare(*table);
        tables_.assign(tables.begin(), tables.end());
    });
}

services::Watermark SqliteStore::watermark() {
    return translated([this] { return services::Watermark{writer().watermark()}; });
}

// ------------------------------------------------------------------------------------------------------------- writing

void SqliteStore::apply(std::span<const services::TableBatch> batch, services::Watermark watermark) {
    if (damaged_) throw Error(Code::internal, health().trouble);
    bool committing = false;
    try {
        if (writer_ == nullptr) {
            open_writer();
            readers_->open();
            set_trouble({});
        }
        write(*writer_, batch, watermark, committing);
        sync_failures_ = 0;
    } catch (const SqliteError& error) {
        recover(error, committing, watermark);
    } catch (...) {
        if (writer_) writer_->connection.rollback();
        throw;
    }
}

void SqliteStore::write(Writer& writer, std::span<const services::TableBatch> batch, services::Watermark watermark,
                        bool& committing) {
    writer.begin.run();
    for (const services::TableBatch& changes : batch) {
        const auto found = writer.tables.find(changes.table);
        if (found == writer.tables.end()) {
            throw Error(Code::internal, "table " + changes.table->name + " was not declared before the start");
        }
        // What is erased first: a row that comes may take over a unique value of one that goes.
        writer.run(found->second.erase, changes.erased);
        writer.run(found->second.upsert, changes.rows);
    }
    writer.move_watermark.bind(1, static_cast<std::int64_t>(watermark.seq));
    writer.move_watermark.run();
    committing = true;
    writer.commit.run();
}

/// Returns when the batch is there in spite of the error, throws when it is not.
void SqliteStore::recover(const SqliteError& error, bool committing, services::Watermark watermark) {
    const Error answer = to_error(error, options_.file);
    switch (error.primary()) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            give_up(answer.what());
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
            return reopen_and_resolve(error, committing, watermark);
        case SQLITE_FULL:
            if (committing) return reopen_and_resolve(error, committing, watermark);
            break;
        default:
            break;
    }
    if (writer_) {
        writer_->connection.rollback();
        if (writer_->connection.in_transaction()) {  // the next batch begins with new connections
            readers_->close();
            drop_writer();
        }
    }
    if (error.primary() == SQLITE_ERROR && std::string_view(error.what()) == "malformed JSON") {
        throw Error(Code::conflict, "a row is not JSON");
    }
    throw answer;
}

/// After an I/O error the outcome of a COMMIT is unknown: the log may hold it although its fsync failed. All
/// connections are closed, so that the next one reads the log anew; the watermark tells then. What a failed fsync
/// covered must not be fsynced again (the kernel may have dropped the pages), therefore a batch that is there is copied
/// out of the log into the file before it counts, and a second failed fsync ends the work (reliability.md 5.4).
void SqliteStore::reopen_and_resolve(const SqliteError& error, bool committing, services::Watermark watermark) {
    const Error answer = to_error(error, options_.file);
    set_trouble(answer.what());
    if (is_sync_failure(error.code()) && ++sync_failures_ > 1) {
        give_up(std::string(answer.what()) +
                ". The disk failed to keep written data twice; exit: crash only. Start again on a sound disk");
    }
    readers_->close();
    drop_writer();
    for (int i = 0; writer_ == nullptr; ++i) {
        try {
            open_writer();
        } catch (const SqliteError& again) {
            if (again.primary() == SQLITE_CORRUPT || again.primary() == SQLITE_NOTADB)
                give_up(to_error(again, options_.file).what());
            if (!committing) throw answer;  // known: not applied; the next batch tries to open again
            if (i == kReopenTries) {
                give_up(std::string(answer.what()) +
                        ". Whether the last commit is there cannot be told, as the database does "
                        "not open any more (" +
                        again.what() + "); exit: crash only");
            }
            std::this_thread::sleep_for(kReopenPause);
        }
    }
    bool there = false;
    try {
        there = committing && writer_->watermark() == watermark.seq;
        if (there) truncate_log(*writer_);
    } catch (const SqliteError& again) {
        give_up(std::string(answer.what()) + ", and then " + again.doing() + ": " + again.what() +
                "; exit: crash only");
    }
    try {
        readers_->open();
        set_trouble({});
    } catch (const SqliteError& again) {
        log_->warning("queries wait until the database opens again", {{"reason", again.what()}});
        drop_writer();  // the next batch opens both
    }
    if (!there) throw answer;
    sync_failures_ = 0;
    log_->warning("an error while committing; the commit is there, nothing was lost", {{"error", answer.what()}});
}

void SqliteStore::give_up(const std::string& why) {
    damaged_ = true;
    set_trouble(why);
    drop_writer();
    throw Error(Code::internal, why);
}

/// Moves the whole log into the file and empties it. Throws SqliteError, SQLITE_BUSY when a reader still needs the log.
void SqliteStore::truncate_log(Writer& writer) {
    sqlite3_busy_timeout(writer.connection.handle(), 0);  // readers are waited for the next time
    const int code =
        sqlite3_wal_checkpoint_v2(writer.connection.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(writer.connection.handle(), 5000);
    if (code != SQLITE_OK) throw SqliteError(writer.connection.handle(), code, "empty the write-ahead log");
    writer.log_pages = writer.log_pages_tried = 0;
}

void SqliteStore::maintain(bool idle) noexcept {
    if (writer_ == nullptr || damaged_) return;
    Writer& writer = *writer_;
    if (writer.log_pages < writer.log_pages_tried) writer.log_pages_tried = 0;  // the log has begun anew
    if (writer.log_pages < writer.log_pages_tried + (idle ? kCheckpointPages : kBusyCheckpointPages)) return;
    try {
        int in_log = 0;
        int moved = 0;
        const int code =
            sqlite3_wal_checkpoint_v2(writer.connection.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
        if (code != SQLITE_OK && code != SQLITE_BUSY) {
            throw SqliteError(writer.connection.handle(), code, "checkpoint");
        }
        writer.log_pages_tried = moved == in_log ? 0 : in_log - kCheckpointPages + kRepeatPages;
        if (moved == in_log) writer.log_pages = 0;
        if (file_size(options_.file + "-wal") > kMaxLogBytes) truncate_log(writer);
    } catch (const SqliteError& error) {
        writer.log_pages_tried = writer.log_pages;
        // A reader in the way is no trouble. Other errors leave the log as it is, and nothing is lost.
        if (error.primary() != SQLITE_BUSY)
            log_->warning("checkpoint failed; it is tried again", {{"reason", error.what()}});
    }
}

// ------------------------------------------------------------------------------------------------------------- reading

void SqliteStore::query(
    const Query& query,
    const std::function<bool(std::span<const std::string> columns, std::span<const Document> values)>& row) {
    if (readers_ == nullptr) throw Error(Code::unavailable, "database " + options_.file + " is not open");
    translated([&] { readers_->borrow()->query(query, options_.query_timeout, row); });
}

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

void SqliteStore::backup(const std::string& path) {
    if (readers_ == nullptr) throw Error(Code::unavailable, "database " + options_.file + " is not open");
    translated([&] { write_backup(readers_->borrow_extra()->connection(), path); });
}

SqliteStore::Health SqliteStore::health() const {
    Health health;
    {
        const std::lock_guard lock(trouble_mutex_);
        health.trouble = trouble_;
    }
    health.ok = health.trouble.empty();
    health.file = options_.file;
    health.size_bytes = file_size(options_.file);
    health.wal_bytes = file_size(options_.file + "-wal");
    return health;
}

}  // namespace cairn::storage_sqlite
