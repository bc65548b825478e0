// What PostgresStore reads: queries, the whole, its state, its notes.

#include <array>
#include <utility>

#include <cairn/error.hpp>

#include "plugins/storage_postgres/damage_check.hpp"
#include "plugins/storage_postgres/postgres_store.hpp"
#include "plugins/storage_postgres/values.hpp"

namespace cairn::storage_postgres {
namespace {

constexpr std::size_t kMaxStatements = 64;  // per connection; queries are constants of the plugins, so there are few
constexpr Duration kCheckTime{3600000};
constexpr const char* kDamageNote = "damage";
constexpr const char* kFetch = "FETCH 1000 FROM cairn_rows";  // what a snapshot holds in memory at a time

/// Looking at everything takes a second at most.
bool is_small(Connection& connection) {
    return connection.ask("SELECT pg_database_size(current_database()) < 64 * 1024 * 1024", "check") == "t";
}

/// Rows of results as the caller of a query sees them.
class RowReader {
public:
    bool give(const PGresult* result, int row,
              const std::function<bool(std::span<const std::string>, std::span<const Document>)>& sink) {
        const int count = PQnfields(result);
        if (columns_.empty()) {
            for (int i = 0; i < count; ++i) columns_.emplace_back(PQfname(result, i));
        }
        values_.clear();
        for (int i = 0; i < count; ++i) values_.push_back(value_of(result, row, i));
        return sink(columns_, values_);
    }

private:
    std::vector<std::string> columns_;
    std::vector<Document> values_;
};

const Prepared& prepared(Connection& connection, const std::string& sql) {
    const auto found = connection.queries.find(sql);
    if (found != connection.queries.end()) return found->second;
    if (connection.queries.size() >= kMaxStatements) {
        connection.run("DEALLOCATE ALL", "query");
        connection.queries.clear();
    }
    Prepared statement = connection.prepare("query" + std::to_string(connection.queries.size()), sql, "query");
    return connection.queries.emplace(sql, std::move(statement)).first->second;
}

}  // namespace

void PostgresStore::require_open() const {
    if (pool_ == nullptr) throw Error(Code::unavailable, where() + " is not open");
}

std::unique_ptr<Connection> PostgresStore::reader(Duration statement_timeout) const {
    Target target = target_;
    target.read_only = true;
    target.statement_timeout = statement_timeout;
    auto made = std::make_unique<Connection>(target);
    // Whoever takes the rows may be slow.
    made->run("SET idle_in_transaction_session_timeout = 0", "connect");
    return made;
}

void PostgresStore::run_query(ConnectionPool& pool, const Query& query, const Row& row, bool& delivered) {
    for (int attempt = 1;; ++attempt) {
        const ConnectionPool::Lease connection = pool.borrow();
        try {
            const Prepared& statement = prepared(*connection, query.sql);
            const Parameters parameters(query.parameters, statement.parameters);
            RowReader reader;
            connection->stream(statement, parameters.values(), "query", [&](const PGresult* result) {
                delivered = true;
                return reader.give(result, 0, row);
            });
            // A query may have allowed the next ones to write (set_config); the server says so. Such a session is not used again.
            const char* const read_only = PQparameterStatus(connection->native(), "default_transaction_read_only");
            if (read_only != nullptr && std::string_view(read_only) != "on") {
                connection->break_off();
                throw PostgresError("25006", "the session was made writable", "query");
            }
            return;
        } catch (const PostgresError& failure) {
            // A server that was started anew leaves connections behind that look sound until they are used.
            const bool again = failure.is_lost() || is_stale(failure);
            if (is_stale(failure)) connection->break_off();
            if (!again || delivered || attempt == 2) throw;
        }
    }
}

bool PostgresStore::query_replica(const Query& query, const Row& row) {
    bool delivered = false;
    std::string why = "it is too far behind";
    try {
        std::uint64_t seq = 0;
        bool ignored = false;
        run_query(*replica_, {"SELECT seq FROM cairn_watermark WHERE id = 1", {}},
                  [&](std::span<const std::string>, std::span<const Document> values) {
                      seq = static_cast<std::uint64_t>(values[0].integer_or(0));
                      return true;
                  },
                  ignored);
        if (lag_->recent_enough(seq, std::chrono::steady_clock::now())) {
            run_query(*replica_, query, row, delivered);
            if (replica_away_.exchange(false)) log_->info("the replica answers again");
            return true;
        }
    } catch (const PostgresError& failure) {
        if (delivered || failure.state_class() == "42" || failure.state_class() == "22") throw;
        why = to_error(failure, options_.replica.words()).what();
    }
    ++replica_fallbacks_;
    if (metrics_ != nullptr) {
        metrics_->counter("cairn_storage_postgres_replica_fallbacks_total",
                          "Queries for the replica that the database itself answered")
            .add();
    }
    if (!replica_away_.exchange(true)) {
        log_->warning("the replica does not serve; the database itself answers until it does", {{"reason", why}});
    }
    return false;
}

void PostgresStore::query(const Query& query, const Row& row) {
    require_open();
    bool of_the_replica = query.replica && replica_ != nullptr;
    try {
        if (of_the_replica && query_replica(query, row)) return;
        of_the_replica = false;
        bool delivered = false;
        run_query(*pool_, query, row, delivered);
    } catch (const PostgresError& failure) {
        if (failure.state() == "25006") {
            throw Error(Code::internal, where() + ": a query must only read: changes go through a commit");
        }
        if (is_damage(failure) && !of_the_replica) note_damage(failure);
        throw error(failure);
    }
}

services::Watermark PostgresStore::watermark() {
    services::Watermark watermark;
    bool there = false;
    query({"SELECT seq FROM cairn_watermark WHERE id = 1", {}},
          [&](std::span<const std::string>, std::span<const Document> values) {
              watermark.seq = static_cast<std::uint64_t>(values[0].integer_or(0));
              there = true;
              return true;
          });
    if (!there) throw Error(Code::internal, where() + ": the table cairn_watermark has lost its row: restore a backup");
    return watermark;
}

services::Watermark PostgresStore::snapshot(const services::RowSink& sink) {
    require_open();
    try {
        const std::unique_ptr<Connection> connection = reader(Duration(600000));
        connection->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "begin a snapshot");
        const std::string seq = connection->ask("SELECT seq FROM cairn_watermark WHERE id = 1", "read the watermark");
        for (const std::string& table : tables_of(*connection)) {
            if (table.starts_with("cairn_") || table == "audit_log") continue;
            connection->run("DECLARE cairn_rows NO SCROLL CURSOR FOR SELECT * FROM " + quoted(table), "read a table");
            RowReader rows;
            for (;;) {
                const Result result = connection->run(kFetch, "read a table");
                const int count = PQntuples(result.get());
                for (int i = 0; i < count; ++i) {
                    rows.give(result.get(), i, [&](std::span<const std::string> columns, std::span<const Document> values) {
                        sink(table, columns, values);
                        return true;
                    });
                }
                if (count == 0) break;
            }
            connection->run("CLOSE cairn_rows", "read a table");
        }
        connection->rollback();
        return {std::stoull(seq.empty() ? "0" : seq)};
    } catch (const PostgresError& failure) {
        throw error(failure);
    }
}

/// Reads every table to its end and walks along its indexes; those of a large place beside have just been built, and are not
/// walked.
std::string PostgresStore::integrity() {
    if (pool_ == nullptr) return where() + " is not open";
    try {
        const std::unique_ptr<Connection> connection = reader(kCheckTime);
        const bool all = !options_.is_elsewhere || is_small(*connection);
        const std::string wrong = find_damage(*connection, all ? CheckDepth::all : CheckDepth::rows);
        if (wrong.empty()) return unfinished(*connection);
        try {
            const std::string open_work = unfinished(*connection);
            return open_work.empty() ? wrong : wrong + "; " + open_work;
        } catch (const PostgresError&) {
            return wrong;  // a damaged catalogue: what was found first matters more
        }
    } catch (const PostgresError& failure) {
        if (!is_damage(failure)) throw error(failure);
        return failure.what();
    }
}

/// Throws Error(internal) when the database is damaged.
void PostgresStore::check_integrity() {
    std::string wrong;
    const std::unique_ptr<Connection> connection = reader(kCheckTime);
    const std::string met = connection->ask("SELECT value FROM cairn_notes WHERE name = " + literal(kDamageNote), "check");
    if (!met.empty()) {
        wrong = "the last run met this: " + met + " (who has mended it himself: DELETE FROM cairn_notes WHERE name = '" +
                kDamageNote + "')";
    } else if (options_.check != Check::off) {
        const std::string why = suspicion(*connection);
        const bool all = options_.check == Check::full || is_small(*connection) || !why.empty();
        wrong = find_damage(*connection, all ? CheckDepth::all : CheckDepth::tables);
        const std::string open_work = wrong.empty() ? unfinished(*connection) : std::string();
        if (!open_work.empty()) log_->warning("the database has something unfinished in it", {{"what", open_work}});
    }
    if (wrong.empty()) return;
    throw Error(Code::internal,
                where() + " is damaged: " + wrong + ". Restore the newest verified backup: cairn restore FILE --latest");
}

/// Damage was met. The next change ends the work, and the next start finds the note, whether its check sees the page or not.
void PostgresStore::note_damage(const PostgresError& failure) noexcept {
    if (damaged_.exchange(true)) return;
    try {
        const std::string why = error(failure).what();
        set_trouble(why);
        log_->error("the database is damaged; the next start makes it anew", {{"reason", why}});
        const std::string note = failure.doing() + ": " + failure.what();
        const std::array<const char*, 2> values{kDamageNote, note.c_str()};
        Connection(target_).run(
            "INSERT INTO cairn_notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            values, "note");
    } catch (const std::exception& trouble) {
        log_->warning("that the database is damaged could not be noted in it", {{"reason", trouble.what()}});
    }
}

std::string PostgresStore::note(std::string_view name) {
    std::string value;
    query({"SELECT value FROM cairn_notes WHERE name = $1", {Document(name)}},
          [&](std::span<const std::string>, std::span<const Document> values) {
              value = std::string(values[0].text());
              return true;
          });
    return value;
}

void PostgresStore::set_note(std::string_view name, std::string_view value) {
    require_open();
    const std::string key(name);
    const std::string text = keepable(value);
    const std::array<const char*, 2> values{key.c_str(), text.c_str()};
    for (int attempt = 1;; ++attempt) {
        try {
            const ConnectionPool::Lease connection = pool_->borrow();
            connection->run("BEGIN READ WRITE", "note");
            connection->run("INSERT INTO cairn_notes (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
                            "excluded.value",
                            values, "note");
            connection->commit();
            return;
        } catch (const PostgresError& failure) {
            if (!failure.is_lost() || attempt == 2) throw error(failure);  // to note twice does no harm
        }
    }
}

}  // namespace cairn::storage_postgres
