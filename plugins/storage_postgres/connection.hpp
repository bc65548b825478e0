#pragma once

#include <Poco/Data/PostgreSQL/SessionHandle.h>
#include <libpq-fe.h>

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/values.hpp>

#include "plugins/storage_postgres/database_url.hpp"
#include "plugins/storage_postgres/postgres_error.hpp"

namespace cairn::storage_postgres {

struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

/// How a connection is made and what holds on it.
struct Target {
    DatabaseUrl url;
    std::string sslmode = "prefer";  ///< settled: what the URL, the settings and the place of the host make
    std::string root_certificate;
    std::string application = "cairn";
    std::string schema = "public";
    Duration connect_timeout{2000};
    Duration statement_timeout{5000};  ///< 0: none
    Duration lock_timeout{2000};
    bool read_only = false;
    bool primary = true;  ///< refuses a server that only reads
    /// What libpq is given. [any]
    std::string connection() const;
};

/// A statement that the server has prepared, with the types of its parameters.
struct Prepared {
    std::string name;
    std::vector<Oid> parameters;
};

/// A session of Poco::Data's PostgreSQL connector and the connection beneath it. Poco's handle connects and disconnects;
/// statements go through libpq, because Poco prepares and describes for each execution, hides SQLSTATE in a text, takes a
/// COMMIT that the server answered with ROLLBACK for success, cannot be given a deadline, and forgets connections that
/// failed or broke, 12 KB each (reliability.md 2.5, docs/decisions/0009). Used by one thread at a time.
///
/// Nothing here waits for ever: a server that is stopped in the middle (SIGSTOP, a cut cable) counts as lost shortly after
/// the time at which it would have ended the statement itself. Throws PostgresError.
class Connection {
public:
    explicit Connection(const Target& target);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// False once the link is known to be gone, or when the server has hung up meanwhile. Between statements only; does not
    /// wait.
    bool is_alive() noexcept;
    PGconn* native() noexcept { return link_; }
    int process() const noexcept { return PQbackendPID(link_); }

    /// Runs statements without parameters, several with `;` between them as one message; the result of the last one.
    Result run(const std::string& statements, const char* doing);
    /// Runs one statement with parameters; nullptr is NULL.
    Result run(const std::string& statement, std::span<const char* const> values, const char* doing);
    Prepared prepare(const std::string& name, const std::string& statement, const char* doing);
    Result run(const Prepared& statement, std::span<const char* const> values, const char* doing);
    /// As run(), row by row: `row` gets one-row results until it returns false (then this connection is broken off, as the
    /// server would send the rest).
    template <class Row>
    void stream(const Prepared& statement, std::span<const char* const> values, const char* doing, Row&& row);
    /// The first column of the first row, empty when there is none.
    std::string ask(const std::string& statement, const char* doing);

    /// Ends the transaction. Returns when the server has said COMMIT; throws when it said anything else, ROLLBACK too.
    void commit();
    /// Ends an open transaction, if there is one; on errors the link is broken off, which ends it as well.
    void rollback() noexcept;
    bool in_transaction() const noexcept;
    /// Gives the link up: whatever runs on it is ended by the server.
    void break_off() noexcept;
    /// How long the server may be silent beyond its own statement_timeout. For statements that take long.
    void set_statement_timeout(Duration timeout);

    // The time at which it was last used; the pool's.
    std::chrono::steady_clock::time_point used{};
    std::unordered_map<std::string, Prepared> queries;  ///< by their text; the pool's users'

private:
    Result collect(const char* doing);
    PGresult* next(const char* doing);
    void send(bool sent, const char* doing);
    void wait(bool write, std::chrono::steady_clock::time_point deadline, const char* doing);
    [[noreturn]] void fail(const PGresult* result, const char* doing);
    [[noreturn]] void lose(const std::string& why, const char* doing);
    std::chrono::steady_clock::time_point deadline() const;

    Poco::Data::PostgreSQL::SessionHandle session_;
    PGconn* link_ = nullptr;  ///< the session's; null once it has been given back
    Duration statement_timeout_;
};

template <class Row>
void Connection::stream(const Prepared& statement, std::span<const char* const> values, const char* doing, Row&& row) {
    send(PQsendQueryPrepared(link_, statement.name.c_str(), static_cast<int>(values.size()), values.data(), nullptr,
                             nullptr, 0) == 1 &&
             PQsetSingleRowMode(link_) == 1,
         doing);
    Result failed;
    while (Result result{next(doing)}) {
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) continue;
        if (status != PGRES_SINGLE_TUPLE) {
            if (!failed) failed = std::move(result);
            continue;
        }
        bool more = false;
        try {
            more = row(result.get());
        } catch (...) {
            break_off();
            throw;
        }
        if (!more) {
            break_off();
            return;
        }
    }
    if (failed) fail(failed.get(), doing);
}

}  // namespace cairn::storage_postgres
