#include "plugins/storage_sqlite/sqlite_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>

#include "plugins/storage_sqlite/connection_settings.hpp"
#include "plugins/storage_sqlite/migrator.hpp"
#include "plugins/storage_sqlite/store_writer.hpp"

namespace cairn::storage_sqlite {
namespace {

constexpr int kCheckpointPages = 1000;      // of the write-ahead log, when nothing is queued (reliability.md 5.7)
constexpr int kBusyCheckpointPages = 8000;  // under load: fewer, larger checkpoints are worth a factor of two
constexpr int kRepeatPages = 1000;          // growth before a checkpoint that readers held back is tried again
constexpr std::uint64_t kMaxLogBytes = 64U << 20U;
constexpr std::uint64_t kFullCheckBytes = 128U << 20U;  // some 0.3 s of checking
constexpr int kReopenTries = 5;
constexpr auto kReopenPause = std::chrono::milliseconds(200);
constexpr std::uint64_t kNoRoom = 64U << 10U;  // bytes: what the log's shared memory and a page or two need to be opened

/// What failed may succeed once somebody has made room. What an fsync that failed covers is another matter.
bool lacks_room(const SqliteError& error, const std::string& file) {
    if (is_sync_failure(error.code())) return false;
    return error.primary() == SQLITE_FULL || free_bytes(folder_of(file)) < kNoRoom;
}

}  // namespace

SqliteStore::SqliteStore() = default;

SqliteStore::~SqliteStore() {
    close();
}

void SqliteStore::configure(Options options, Log& log) {
    options_ = std::move(options);
    log_ = &log;
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
        check_folder(options_.file);
        lock_.emplace(options_.file);
        try {
            finish_swap();
            check_place(options_.file);
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
    for (const TableSpec* table : tables_) made->prepare(*table, is_audited(*table));
    writer_ = std::move(made);
}

void SqliteStore::check_integrity() {
    if (options_.check == Check::off) return;
    // The indexes are looked at as well, as long as that does not hold the start up for long, or when there is reason to.
    const bool small = file_size(options_.file) < kFullCheckBytes;
    const bool met = ::access(damage_mark().c_str(), F_OK) == 0;
    const bool full = options_.check == Check::full || small || met;
    const std::string wrong = std::string(
        writer().connection.ask(full ? "PRAGMA integrity_check(3)" : "PRAGMA quick_check(3)", "check").text());
    if (wrong == "ok") {
        if (met) ::unlink(damage_mark().c_str());
        return;
    }
    throw Error(Code::internal, "database " + options_.file + " is damaged: " + wrong +
                                    ". Restore the newest verified backup: cairn restore FILE --latest");
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
    unresolved_.reset();
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

void SqliteStore::bind(std::span<const TableSpec* const> tables, std::span<const std::string> audited) {
    translated([&] {
        std::string problems;
        for (const TableSpec* table : tables) {
            for (const std::string& problem : check_table(writer().connection, *table)) {
                problems += (problems.empty() ? "" : "\n") + problem;
            }
        }
        if (!problems.empty()) throw Error(Code::internal, problems);
        audited_.assign(audited.begin(), audited.end());
        check_audit(tables);
        for (const TableSpec* table : tables) writer().prepare(*table, is_audited(*table));
        tables_.assign(tables.begin(), tables.end());
    });
}

bool SqliteStore::is_audited(const TableSpec& table) const {
    return std::find(audited_.begin(), audited_.end(), table.name) != audited_.end();
}

void SqliteStore::check_audit(std::span<const TableSpec* const> tables) {
    if (audited_.empty()) return;
    for (const std::string& name : audited_) {
        const bool declared =
            std::any_of(tables.begin(), tables.end(), [&](const TableSpec* table) { return table->name == name; });
        if (declared) continue;
        throw Error(Code::not_found, "durability.audit names the table " + name +
                                         ", which no plugin of this configuration has: take it out, or load its plugin");
    }
    if (writer().connection.ask("SELECT count(*) FROM pragma_table_info('audit_log')", "look at audit_log")
            .integer_or(0) == 0) {
        throw Error(Code::not_found, "database " + options_.file +
                                         " has no table audit_log, which durability.audit needs: run cairn migrate up");
    }
}

services::Watermark SqliteStore::watermark() {
    return translated([this] {
        if (writer_ == nullptr && lock_ && !damaged_) open_again();  // an error has closed it
        return services::Watermark{writer().watermark()};
    });
}

// ------------------------------------------------------------------------------------------------------------- writing

void SqliteStore::apply(std::span<const services::TableBatch> batch, services::Watermark watermark) {
    in_transaction(watermark, [&](Writer& writer) {
        for (const services::TableBatch& changes : batch) {
            const auto found = writer.tables.find(changes.table);
            if (found == writer.tables.end()) {
                throw Error(Code::internal, "table " + changes.table->name + " was not declared before the start");
            }
            Writer::TableStatements& statements = found->second;
            // What is erased first: a row that comes may take over a unique value of one that goes.
            if (statements.audit_erase) writer.run(statements.audit_erase, changes.erased, changes.erased_actors);
            statements.erase.run(changes.erased);
            if (statements.audit_upsert) writer.run(statements.audit_upsert, changes.rows, changes.row_actors);
            statements.upsert.run(changes.rows);
        }
    });
}

void SqliteStore::bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) {
    in_transaction(watermark, [&](Writer& writer) {
        for (const services::DeadLetter& letter : letters) {
            Statement& keep = writer.keep_letter;
            keep.bind(1, static_cast<std::int64_t>(letter.seq));
            keep.bind(2, letter.at);
            keep.bind_view(3, letter.actor);
            keep.bind_view(4, letter.operation);
            keep.bind_view(5, letter.changes);
            keep.bind_view(6, letter.reason);
            keep.run();
        }
    });
}

/// Runs `work` and moves the watermark in one transaction.
void SqliteStore::in_transaction(services::Watermark watermark, const std::function<void(Writer&)>& work) {
    if (damaged_) throw Error(Code::internal, health().trouble);
    bool committing = false;
    try {
        if (writer_ == nullptr) open_again();
        Writer& writer = *writer_;
        if (unresolved_) {
            const bool there = *unresolved_ == watermark.seq && writer.watermark() == watermark.seq;
            unresolved_.reset();
            if (there) {
                log_->info("the commit during which the disk was full is there", {{"seq", watermark.seq}});
                return;
            }
        }
        writer.begin.run();
        work(writer);
        writer.move_watermark.bind(1, static_cast<std::int64_t>(watermark.seq));
        writer.move_watermark.run();
        CAIRN_FAILPOINT("store.before_commit");
        committing = true;
        writer.commit.run();
        CAIRN_FAILPOINT("store.after_commit");
        sync_failures_ = 0;
    } catch (const SqliteError& error) {
        recover(error, committing, watermark);
    } catch (...) {
        if (writer_) writer_->connection.rollback();
        throw;
    }
}

/// Opens what an error has closed. A commit whose outcome was left open is copied out of the log before it may count.
void SqliteStore::open_again() {
    try {
        open_writer();
        if (unresolved_ && writer_->watermark() == *unresolved_) truncate_log(*writer_);
        readers_->open();
    } catch (...) {
        readers_->close();
        drop_writer();
        throw;
    }
    set_trouble({});
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
/// out of the log into the file before it counts, and a second failed fsync ends the work (reliability.md 5.4). A full
/// disk does not: the question stays open until there is room, and the engine asks for the same batch again.
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
            if (lacks_room(again, options_.file)) {
                unresolved_ = watermark.seq;
                throw answer;
            }
            if (i == kReopenTries) {
                give_up(std::string(answer.what()) +
                        ". Whether the last commit is there cannot be told, as the database does "
                        "not open any more (" +
                        again.what() + "); exit: crash only");
            }
            std::this_thread::sleep_for(kReopenPause);
        }
    }
    if (!committing && unresolved_) {
        drop_writer();  // the next batch opens it and looks
        throw answer;
    }
    bool there = false;
    try {
        there = committing && writer_->watermark() == watermark.seq;
        if (there) truncate_log(*writer_);
    } catch (const SqliteError& again) {
        if (lacks_room(again, options_.file)) {
            unresolved_ = watermark.seq;
            drop_writer();
            throw answer;
        }
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

/// From here on nothing is written; the next change ends the work, and the next start looks at everything.
void SqliteStore::mark_damaged(const std::string& why) noexcept {
    if (damaged_.exchange(true)) return;
    set_trouble(why);
    const int mark = ::open(damage_mark().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (mark >= 0) ::close(mark);
    log_->error("the database is damaged; nothing is written to it any more", {{"reason", why}});
}

void SqliteStore::give_up(const std::string& why) {
    mark_damaged(why);
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
        CAIRN_FAILPOINT("store.checkpoint");
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
    } catch (const Error& error) {
        log_->warning("checkpoint failed; it is tried again", {{"reason", error.what()}});
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
    read([&] { readers_->borrow()->query(query, options_.query_timeout, row); });
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
