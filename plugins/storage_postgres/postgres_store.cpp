#include "plugins/storage_postgres/postgres_store.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>
#include <cairn/json.hpp>

#include "plugins/storage_postgres/migrator.hpp"
#include "plugins/storage_postgres/places.hpp"
#include "plugins/storage_postgres/row_level_security.hpp"
#include "plugins/storage_postgres/values.hpp"

namespace cairn::storage_postgres {
namespace {

constexpr int kOldestServer = 130000;
constexpr int kLockClass = 0x4341524E;  // of our advisory locks
constexpr auto kLockPatience = std::chrono::milliseconds(800);  // a second instance is refused within a second
constexpr auto kDeadPatience = std::chrono::seconds(5);  // when who holds it runs no more, and the server has yet to notice
constexpr auto kLockLook = std::chrono::milliseconds(10);
constexpr int kSettleTries = 4;  // of a commit whose answer was lost, before the engine is asked to come again
constexpr auto kSettlePause = std::chrono::milliseconds(100);
// Of one statement. A commit may have any number of rows (an import is one), but a list of jsonb has at most 256 MiB, and a
// statement has a time limit.
constexpr std::size_t kRowsAtOnce = 8192;
constexpr std::size_t kBytesAtOnce = 32U << 20U;
const char* const kSystemCertificates = "/etc/ssl/certs/ca-certificates.crt";

std::string application_name() {
    char host[40] = "";
    static_cast<void>(::gethostname(host, sizeof host - 1));
    return "cairn on " + std::string(host) + ", process " + std::to_string(::getpid());
}

/// True when `application` is a Cairn of this machine whose process is gone. (In containers the numbers mean nothing to each
/// other: then it is just waited for longer.)
bool is_gone(const std::string& application) {
    const std::string own = application_name();
    const std::string prefix = own.substr(0, own.rfind(' ') + 1);
    if (!application.starts_with(prefix)) return false;
    const int process = std::atoi(application.c_str() + prefix.size());
    return process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
}

using Texts = std::span<const std::string_view>;

void append_list(std::string& json, Texts items) {
    json.assign(1, '[');
    for (const std::string_view item : items) {
        if (json.size() > 1) json += ',';
        json += item;
    }
    json += ']';
}

std::string text_list(Texts texts) {
    Document list = Document::list();
    for (const std::string_view text : texts) list.push(Document(keepable(text)));
    return list.to_json();
}

/// How many of `items`, from the first on, one statement takes.
std::size_t fitting(Texts items) noexcept {
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const std::string_view item : items) {
        bytes += item.size() + 1;
        if (count > 0 && (bytes > kBytesAtOnce || count == kRowsAtOnce)) break;
        ++count;
    }
    return count;
}

std::size_t rows_of(std::span<const services::TableBatch> batch) noexcept {
    std::size_t rows = 0;
    for (const services::TableBatch& table : batch) rows += table.rows.size() + table.erased.size();
    return rows;
}

/// Gives a batch of many rows time in proportion. Its statements are cut to size, but not its COMMIT, in which the server
/// checks the references of all its rows; ended there, the batch would be tried again for ever.
class TimeForMany {
public:
    TimeForMany(Connection& connection, Duration usual, std::size_t rows) : usual_(usual) {
        if (rows <= kRowsAtOnce || usual.count() == 0) return;
        connection.set_statement_timeout(usual * static_cast<Duration::rep>((rows + kRowsAtOnce - 1) / kRowsAtOnce));
        connection_ = &connection;
    }
    ~TimeForMany() {
        if (connection_ == nullptr) return;
        connection_->rollback();  // nothing is under way, unless it failed
        try {
            if (connection_->is_alive()) connection_->set_statement_timeout(usual_);
        } catch (const std::exception&) {
            connection_->break_off();  // the next one begins with the usual limit
        }
    }
    TimeForMany(const TimeForMany&) = delete;
    TimeForMany& operator=(const TimeForMany&) = delete;

private:
    const Duration usual_;
    Connection* connection_ = nullptr;
};

}  // namespace

std::string settle_sslmode(const DatabaseUrl& url, const std::string& setting, bool insecure) {
    const auto written = url.tls.find("sslmode");
    std::string mode = written != url.tls.end() ? written->second : setting;
    if (mode == "auto") mode = url.is_local() ? "prefer" : "verify-full";
    if (mode != "verify-full" && !url.is_local() && !insecure) {
        throw Error(Code::invalid_field,
                    "sslmode " + mode + " to " + url.host +
                        " lets whoever is on the way read and change everything: use verify-full (with root_certificate, "
                        "if the server's certificate is your own), or write insecure: true if you accept that");
    }
    return mode;
}

/// The session that writes, with its statements. It holds the database for this process.
struct PostgresStore::Writer {
    explicit Writer(const Target& target) : connection(target) {}

    struct Statements {
        Prepared upsert;
        Prepared erase;
        bool audited = false;
    };
    void run(const Prepared& statement, bool audited, Texts items, Texts actors, const char* doing) {
        while (!items.empty()) {
            const std::size_t count = fitting(items);
            // Actors are missing when the engine knows of none.
            run_one(statement, audited, items.first(count), actors.empty() ? actors : actors.first(count), doing);
            items = items.subspan(count);
            if (!actors.empty()) actors = actors.subspan(count);
        }
    }
    void run_one(const Prepared& statement, bool audited, Texts items, Texts actors, const char* doing) {
        append_list(json, items);
        if (!audited) {
            const std::array<const char*, 1> values{json.c_str()};
            connection.run(statement, values, doing);
            return;
        }
        const std::vector<std::string_view> nobody(actors.empty() ? items.size() : 0);
        const std::string who = text_list(actors.empty() ? Texts(nobody) : actors);
        const std::array<const char*, 2> values{json.c_str(), who.c_str()};
        connection.run(statement, values, doing);
    }

    Connection connection;
    std::string json;
    std::map<const TableSpec*, Statements> tables;
};

PostgresStore::PostgresStore() = default;

PostgresStore::~PostgresStore() {
    close();
}

void PostgresStore::configure(Options options, Log& log, Metrics* metrics) {
    options_ = std::move(options);
    log_ = &log;
    metrics_ = metrics;
    target_.url = options_.url;
    target_.sslmode = settle_sslmode(options_.url, options_.sslmode, options_.insecure);
    target_.root_certificate = options_.root_certificate;
    if (target_.root_certificate.empty() && target_.sslmode.starts_with("verify") &&
        ::access(kSystemCertificates, R_OK) == 0) {
        target_.root_certificate = kSystemCertificates;
    }
    target_.application = application_name();
    target_.schema = options_.schema;
    target_.connect_timeout = options_.connect_timeout;
    target_.statement_timeout = options_.statement_timeout;
    target_.lock_timeout = options_.lock_timeout;
    if (!options_.replica.host.empty()) settle_sslmode(options_.replica, options_.sslmode, options_.insecure);
}

Error PostgresStore::error(const PostgresError& error) const {
    return to_error(error, where(), [this](const std::string& constraint) {
        const auto found = constraints_.find(constraint);
        return found == constraints_.end() ? std::string() : found->second;
    });
}

template <class Work>
auto PostgresStore::translated(Work&& work) const {
    try {
        return work();
    } catch (const PostgresError& failure) {
        throw error(failure);
    }
}

void PostgresStore::set_trouble(std::string trouble) {
    const std::lock_guard lock(trouble_mutex_);
    trouble_ = std::move(trouble);
}

void PostgresStore::give_up(const PostgresError& failure) {
    const Error answer = error(failure);
    writer_.reset();
    note_damage(failure);
    throw answer;
}

// ------------------------------------------------------------------------------------------------------ open and close

void PostgresStore::open() {
    translated([this] {
        try {
            // A place that is built from nothing; the configured database is made by people.
            if (options_.is_elsewhere && !database_exists(target_, options_.url.database)) {
                create_database(target_, options_.url.database);
            }
            writer_ = connect_writer();
            check_server(writer_->connection);
            make_own_tables(writer_->connection);
            if (!options_.is_elsewhere) check_integrity();
        } catch (...) {
            writer_.reset();
            throw;
        }
    });
    if (target_.sslmode != "verify-full" && !target_.url.is_local()) {
        log_->warning("the connection to the database can be read and changed on its way",
                      {{"sslmode", target_.sslmode}, {"cure", "use sslmode verify-full and remove insecure"}});
    }
    Target reads = target_;
    reads.read_only = true;
    pool_ = std::make_unique<ConnectionPool>(reads, options_.pool_size, options_.pool_idle, options_.statement_timeout);
    if (!options_.replica.host.empty()) {
        reads.url = options_.replica;
        reads.sslmode = settle_sslmode(options_.replica, options_.sslmode, options_.insecure);
        reads.primary = false;
        replica_ = std::make_unique<ConnectionPool>(reads, options_.pool_size, options_.pool_idle,
                                                    options_.statement_timeout);
        lag_ = std::make_unique<ReplicaLag>(options_.replica_max_lag);
        lag_->note(watermark().seq, std::chrono::steady_clock::now());
    }
    damaged_ = false;
    set_trouble({});
    log_->info("database open", {{"database", where()},
                                 {"server", version_},
                                 {"schema", options_.schema},
                                 {"durability", options_.relaxed ? "relaxed" : "strict"},
                                 {"seq", watermark().seq}});
}

std::unique_ptr<PostgresStore::Writer> PostgresStore::connect_writer() {
    auto made = std::make_unique<Writer>(target_);
    take_database(*made);
    last_process_ = made->connection.process();
    for (const TableSpec* table : tables_) prepare(*made, *table);
    return made;
}

/// Takes the advisory lock that stands for this database and schema; it goes with the session.
void PostgresStore::take_database(Writer& writer) {
    const std::string key = std::to_string(kLockClass) + ", hashtext(" + literal("cairn " + options_.schema) + ")";
    const std::string holder =
        "SELECT a.pid, a.application_name, date_trunc('second', a.backend_start), coalesce(a.client_addr::text, 'its own "
        "machine') FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted AND "
        "l.classid = " +
        std::to_string(kLockClass) + " AND l.objid::bigint = hashtext(" + literal("cairn " + options_.schema) +
        ")::bigint & 4294967295 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    const char* const doing = "take the database for this server";
    const auto began = std::chrono::steady_clock::now();
    auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kLockPatience);
    std::string who = "another session";
    while (writer.connection.ask("SELECT pg_try_advisory_lock(" + key + ")", doing) != "t") {
        const Result found = writer.connection.run(holder, doing);
        if (PQntuples(found.get()) == 1) {
            const auto text = [&](int column) { return std::string(PQgetvalue(found.get(), 0, column)); };
            // What we lost may still be at work over there, unaware that nobody listens.
            if (last_process_ != 0 && text(0) == std::to_string(last_process_) && text(1) == target_.application) {
                writer.connection.run("SELECT pg_terminate_backend(" + text(0) + ")", doing);
            }
            if (is_gone(text(1))) patience = kDeadPatience;
            who = (text(1).empty() ? "server process " + text(0) : text(1)) + ", connected from " + text(3) + " since " +
                  text(2);
        }
        if (std::chrono::steady_clock::now() - began > patience) {
            throw PostgresError("55006",
                                "it is in use by " + who + ". Stop that one, or give this one a database of its own", doing);
        }
        std::this_thread::sleep_for(kLockLook);
    }
}

void PostgresStore::check_server(Connection& connection) {
    const int number = PQserverVersion(connection.native());
    version_ = connection.ask("SHOW server_version", "look at the server");
    if (number < kOldestServer) {
        throw Error(Code::unsupported, where() + ": the server is PostgreSQL " + version_ + "; 13 or newer is needed");
    }
    for (const char* const setting : {"fsync", "full_page_writes", "synchronous_commit"}) {
        if (connection.ask(std::string("SHOW ") + setting, "look at the server's settings") != "off") continue;
        const std::string what = where() + ": the server runs with " + setting +
                                 " = off, so what it has acknowledged does not survive a crash";
        if (!options_.relaxed) {
            throw Error(Code::internal, what + ": set " + setting +
                                            " = on in postgresql.conf and reload, or write durability: relaxed if a loss does "
                                            "not matter");
        }
        log_->warning(what, {{"durability", "relaxed"}});
    }
    if (connection.ask("SHOW data_checksums", "look at the server's settings") != "on") {
        log_->warning("the server has no data checksums: damaged pages may be read as if they were sound",
                      {{"cure", "stop the server and run pg_checksums --enable"}});
    }
}

void PostgresStore::make_own_tables(Connection& connection) {
    const char* const doing = "make Cairn's own tables";
    if (connection.ask("SELECT count(*) FROM pg_namespace WHERE nspname = " + literal(options_.schema), doing) == "0") {
        connection.run("CREATE SCHEMA " + quoted(options_.schema), doing);
    }
    if (connection.ask("SELECT to_regclass('cairn_dead_letters') IS NOT NULL AND to_regclass('cairn_notes') IS NOT NULL AND "
                       "EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = " +
                           literal(options_.schema) + " AND tablename = 'cairn_watermark')",
                       doing) == "t") {
        return;
    }
    connection.run(
        "BEGIN;"
        "CREATE TABLE IF NOT EXISTS cairn_watermark (id integer PRIMARY KEY CHECK (id = 1), seq bigint NOT NULL);"
        "INSERT INTO cairn_watermark VALUES (1, 0) ON CONFLICT DO NOTHING;"
        "CREATE TABLE IF NOT EXISTS cairn_migrations (plugin text NOT NULL, number integer NOT NULL, what text NOT NULL, "
        "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (plugin, number));"
        "CREATE TABLE IF NOT EXISTS cairn_notes (name text PRIMARY KEY, value text NOT NULL);"
        "CREATE TABLE IF NOT EXISTS cairn_dead_letters (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "seq bigint NOT NULL, at timestamptz NOT NULL, actor text NOT NULL, operation text NOT NULL, "
        "changes text NOT NULL, reason text NOT NULL)",
        doing);
    connection.commit();
}

PostgresStore::Writer& PostgresStore::writer() {
    if (pool_ == nullptr && writer_ == nullptr) throw Error(Code::unavailable, where() + " is not open");
    if (writer_ == nullptr || !writer_->connection.is_alive()) {
        writer_.reset();
        writer_ = connect_writer();
    }
    return *writer_;
}

void PostgresStore::close() noexcept {
    {
        const std::lock_guard lock(vacuum_mutex_);
        char why[256];
        if (vacuum_cancel_ != nullptr) PQcancel(vacuum_cancel_, why, sizeof why);
    }
    if (vacuum_.joinable()) vacuum_.join();
    if (replica_) replica_->close();
    if (pool_) pool_->close();
    if (writer_) writer_->connection.rollback();
    replica_.reset();
    pool_.reset();
    writer_.reset();
    set_trouble("the database is closed");
}

// ---------------------------------------------------------------------------------------------------- tables

int PostgresStore::migrate(std::span<const services::Migration> migrations) {
    return translated([&] { return apply_migrations(writer().connection, migrations); });
}

std::vector<services::AppliedMigration> PostgresStore::applied_migrations() {
    return translated([&] { return read_applied(writer().connection); });
}

void PostgresStore::migrate_down(const services::Migration& migration) {
    translated([&] { take_back(writer().connection, migration); });
}

void PostgresStore::bind(std::span<const TableSpec* const> tables, std::span<const std::string> audited) {
    translated([&] {
        Writer& writer = this->writer();
        audited_.assign(audited.begin(), audited.end());
        audit_user_.clear();
        if (!audited_.empty()) {
            for (const Column& column : read_columns(writer.connection, options_.schema, "audit_log")) {
                if (column.name == "user_id") audit_user_ = column.type;
            }
            if (audit_user_.empty()) {
                throw Error(Code::internal, where() + ": there is no table audit_log with a column user_id, which "
                                                      "durability.audit needs: run cairn migrate up");
            }
        }
        std::string problems;
        for (const TableSpec* table : tables) {
            const Columns columns = read_columns(writer.connection, options_.schema, table->name);
            const StoredTable stored = stored_table(writer.connection, options_.schema, table->name, columns);
            const std::vector<std::string> wrong = table_problems(*table, "postgres", stored);
            for (const std::string& problem : wrong) problems += (problems.empty() ? "" : "\n") + problem;
            if (!wrong.empty()) continue;
            const bool is_audited = std::find(audited_.begin(), audited_.end(), table->name) != audited_.end();
            statements_[table] = table_sql(*table, columns, is_audited ? audit_user_ : std::string());
            prepare(writer, *table);
        }
        if (!problems.empty()) throw Error(Code::internal, problems);
        tables_.assign(tables.begin(), tables.end());
        constraints_ = read_constraints(writer.connection, options_.schema);
        if (!options_.is_elsewhere) set_row_level_security(writer.connection, options_.row_level_security);
    });
}

void PostgresStore::prepare(Writer& writer, const TableSpec& table) {
    if (writer.tables.count(&table) != 0) return;
    const TableSql& sql = statements_.at(&table);
    const std::string number = std::to_string(writer.tables.size());
    Writer::Statements made;
    made.audited = std::find(audited_.begin(), audited_.end(), table.name) != audited_.end();
    try {
        made.upsert = writer.connection.prepare("upsert" + number, sql.upsert, "prepare");
        made.erase = writer.connection.prepare("erase" + number, sql.erase, "prepare");
        // Whether the key is unique is found out by planning only.
        writer.connection.run("EXPLAIN EXECUTE upsert" + number + (made.audited ? "('[]', '[]')" : "('[]')"), "prepare");
    } catch (const PostgresError& failure) {
        if (failure.is_lost() || failure.state_class() != "42") throw;
        throw Error(Code::internal, refused_statement(table, failure));
    }
    writer.tables.emplace(&table, std::move(made));
}

// ------------------------------------------------------------------------------------------------------------- writing

/// Begins a transaction and moves the watermark. False: it was as far already, so the batch is there, and nothing is begun.
/// Whoever else is still committing with it (a session that we lost) holds its row, and is waited for.
bool PostgresStore::begin(Writer& writer, services::Watermark watermark) {
    const std::string seq = std::to_string(watermark.seq);
    const Result moved = writer.connection.run("BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE cairn_watermark SET seq = " +
                                                   seq + " WHERE id = 1 AND seq < " + seq,
                                               "begin a batch");
    if (std::string_view(PQcmdTuples(moved.get())) == "1") return true;
    const std::string there = writer.connection.ask("SELECT seq FROM cairn_watermark WHERE id = 1", "read the watermark");
    writer.connection.rollback();
    if (there.empty()) {
        throw Error(Code::internal, where() + ": the table cairn_watermark has lost its row: restore the newest verified backup");
    }
    return false;
}

/// Runs `work` in a transaction that moves the watermark. Returns once that is known to be there; throws Error(unavailable)
/// when it is known not to be there, or when it cannot be told yet: then the next call with the same watermark tells.
/// `rows`: of how many the work is.
void PostgresStore::write(services::Watermark watermark, std::size_t rows, const std::function<void(Writer&)>& work) {
    if (damaged_) throw Error(Code::internal, health().trouble);
    bool unknown = false;
    for (int attempt = 1;; ++attempt) {
        bool committing = false;  // of this attempt
        try {
            Writer& session = writer();
            const TimeForMany time(session.connection, options_.statement_timeout, rows);
            if (begin(session, watermark)) {
                work(session);
                CAIRN_FAILPOINT("store.before_commit");
                committing = true;
                session.connection.commit();
                CAIRN_FAILPOINT("store.after_commit");
            } else if (unknown) {
                log_->warning("the connection broke while committing; the commit is there, nothing was lost",
                              {{"seq", watermark.seq}});
            }
            if (lag_) lag_->note(watermark.seq, std::chrono::steady_clock::now());
            set_trouble({});
            return;
        } catch (const PostgresError& failure) {
            const Error answer = error(failure);
            if (is_damage(failure)) give_up(failure);
            if (writer_) writer_->connection.rollback();
            if (failure.is_lost() || is_stale(failure)) writer_.reset();
            unknown = unknown || (committing && failure.is_lost());
            if (!is_refusal(failure)) set_trouble(answer.what());
            // After an unknown outcome the server is asked what has become of it, if it is there. A connection that broke
            // before the COMMIT is worth one more try: it may have been dead for long.
            const bool again = unknown ? !is_refusal(failure) && attempt < kSettleTries
                                       : (failure.is_lost() || is_stale(failure)) && attempt == 1;
            if (!again) throw answer;
        } catch (...) {
            if (writer_) writer_->connection.rollback();
            throw;
        }
        std::this_thread::sleep_for(kSettlePause * (attempt - 1));
    }
}

void PostgresStore::apply(std::span<const services::TableBatch> batch, services::Watermark watermark) {
    write(watermark, rows_of(batch), [&](Writer& session) {
        for (const services::TableBatch& changes : batch) {
            const auto found = session.tables.find(changes.table);
            if (found == session.tables.end()) {
                throw Error(Code::internal, "table " + changes.table->name + " was not declared before the start");
            }
            const Writer::Statements& statements = found->second;
            // What is erased first: a row that comes may take over a unique value of one that goes.
            session.run(statements.erase, statements.audited, changes.erased, changes.erased_actors, "erase rows");
            session.run(statements.upsert, statements.audited, changes.rows, changes.row_actors, "write rows");
        }
    });
}

void PostgresStore::bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) {
    write(watermark, letters.size(), [&](Writer& session) {
        for (const services::DeadLetter& letter : letters) {
            const std::string seq = std::to_string(letter.seq);
            const std::string at = format_timestamp(letter.at);
            const std::string actor = keepable(letter.actor);
            const std::string operation = keepable(letter.operation);
            const std::string changes = keepable(letter.changes);
            const std::string reason = keepable(letter.reason);
            const std::array<const char*, 6> values{seq.c_str(),       at.c_str(),      actor.c_str(),
                                                    operation.c_str(), changes.c_str(), reason.c_str()};
            session.connection.run(
                "INSERT INTO cairn_dead_letters (seq, at, actor, operation, changes, reason) VALUES ($1::bigint, "
                "$2::timestamptz, $3, $4, $5, $6)",
                values, "keep a dead letter");
        }
    });
}

void PostgresStore::maintain(bool) noexcept {
    if (pool_) pool_->sweep();
    if (replica_) replica_->sweep();
}

void PostgresStore::vacuum(WallTime keep_audit_from) {
    require_open();
    if (vacuuming_.exchange(true)) return;  // the last one is still at it
    if (vacuum_.joinable()) vacuum_.join();
    vacuum_ = std::thread([this, target = target_, keep_audit_from]() mutable {
        target.statement_timeout = Duration(0);
        target.lock_timeout = Duration(0);
        PGcancel* cancel = nullptr;
        try {
            Connection connection(target);
            cancel = PQgetCancel(connection.native());
            {
                const std::lock_guard lock(vacuum_mutex_);
                vacuum_cancel_ = cancel;
            }
            const auto began = std::chrono::steady_clock::now();
            if (!connection.ask("SELECT to_regclass('audit_log')", "look at audit_log").empty()) {
                const std::string from = std::to_string(keep_audit_from);
                const char* const values[] = {from.c_str()};
                connection.run("DELETE FROM audit_log WHERE changed_at < to_timestamp($1::bigint / 1000.0)", values,
                               "forget old audit rows");
            }
            connection.run("VACUUM (ANALYZE)", "vacuum");
            const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
            log_->info("vacuum done", {{"ms", took.count()}});
        } catch (const PostgresError& failure) {
            log_->warning("vacuum did not end well; the server's own goes on", {{"reason", error(failure).what()}});
        }
        const std::lock_guard lock(vacuum_mutex_);
        vacuum_cancel_ = nullptr;
        PQfreeCancel(cancel);
        vacuuming_ = false;
    });
}

PostgresStore::Health PostgresStore::health() const {
    Health health;
    {
        const std::lock_guard lock(trouble_mutex_);
        health.trouble = trouble_;
    }
    health.ok = health.trouble.empty();
    health.connections = pool_ ? pool_->connections() + 1 : 0;
    health.replica_fallbacks = replica_fallbacks_;
    health.version = version_;
    return health;
}

}  // namespace cairn::storage_postgres
