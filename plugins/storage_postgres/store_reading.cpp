// What PostgresStore reads: queries, the whole, its state, its notes.

#include <array>
#include <utility>

#include <cairn/error.hpp>

#include "plugins/storage_postgres/postgres_store.hpp"
#include "plugins/storage_postgres/values.hpp"

namespace cairn::storage_postgres {
namespace {

constexpr std::size_t kMaxStatements = 64;  // per connection; queries are constants of the plugins, so there are few
constexpr const char* kFetch = "FETCH 1000 FROM cairn_rows";  // what a snapshot holds in memory at a time

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

/// The tables of the schema as people see them: partitions belong to their table, what an extension brought to it.
const char* const kTables =
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() "
    "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = "
    "'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname COLLATE \"C\"";

std::vector<std::string> tables_of(Connection& connection) {
    const Result result = connection.run(kTables, "list the tables");
    std::vector<std::string> names;
    for (int i = 0; i < PQntuples(result.get()); ++i) names.emplace_back(PQgetvalue(result.get(), i, 0));
    return names;
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
    try {
        if (query.replica && replica_ && query_replica(query, row)) return;
        bool delivered = false;
        run_query(*pool_, query, row, delivered);
    } catch (const PostgresError& failure) {
        if (failure.state() == "25006") {
            throw Error(Code::internal, where() + ": a query must only read: changes go through a commit");
        }
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

/// Reads every table to its end, so that damaged pages are found where the server has data checksums; and what the server
/// itself knows to be incomplete. Indexes are looked into only by pg_amcheck, which an admin can run.
std::string PostgresStore::integrity() {
    if (pool_ == nullptr) return where() + " is not open";
    std::string wrong;
    const auto add = [&](const std::string& text) { wrong += (wrong.empty() ? "" : "; ") + text; };
    try {
        const std::unique_ptr<Connection> connection = reader(Duration(3600000));
        const char* const doing = "check";
        if (connection->ask("SELECT count(*) FROM cairn_watermark WHERE id = 1", doing) != "1") {
            add("the table cairn_watermark has no row");
        }
        const std::string checksums = connection->ask(
            "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()", doing);
        if (checksums != "0" && !checksums.empty()) add("the server has counted " + checksums + " damaged pages");
        const Result incomplete = connection->run(
            "SELECT 'index ' || c.relname || ' is not valid: REINDEX it' FROM pg_index i JOIN pg_class c ON c.oid = "
            "i.indexrelid WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace UNION ALL SELECT "
            "'constraint ' || conname || ' of ' || conrelid::regclass || ' has not been checked: VALIDATE it' FROM "
            "pg_constraint WHERE NOT convalidated AND connamespace = current_schema()::regnamespace",
            doing);
        for (int i = 0; i < PQntuples(incomplete.get()); ++i) add(PQgetvalue(incomplete.get(), i, 0));
        for (const std::string& table : tables_of(*connection)) {
            try {
                // Whole rows, so that the parts that lie beside the table (TOAST) are read too.
                connection->run("SELECT sum(length(t::text)) FROM " + quoted(table) + " t", doing);
            } catch (const PostgresError& failure) {
                if (failure.is_lost() || !(is_damage(failure) || failure.state_class() == "XX")) throw;
                add("table " + table + ": " + failure.what());
            }
        }
    } catch (const PostgresError& failure) {
        if (!is_damage(failure)) throw error(failure);
        add(failure.what());
    }
    return wrong;
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
