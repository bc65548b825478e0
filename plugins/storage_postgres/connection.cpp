#include "plugins/storage_postgres/connection.hpp"

#include <Poco/Exception.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "plugins/storage_postgres/postgres_error.hpp"

namespace cairn::storage_postgres {
namespace {

using Poco::Data::PostgreSQL::SessionHandle;
using Clock = std::chrono::steady_clock;

constexpr Duration kGrace{2000};          // beyond the server's own timeout, until it counts as gone
constexpr int kChecksClients = 140000;
constexpr Duration kForever{6 * 3600000};  // for what has no timeout: backups' snapshots, migrations

// Poco's handle forgets its connection without PQfinish when connecting failed and when the link broke, and gives no way
// to do it: isConnected() is false and disconnect() does nothing. So the pointer is taken out of it. The language allows to
// name a private member in an explicit instantiation ([temp.spec.general]/6); should Poco rename it, this does not compile.
PGconn*& link_of(SessionHandle& handle) noexcept;
template <auto Member>
struct Reach {
    friend PGconn*& link_of(SessionHandle& handle) noexcept { return handle.*Member; }
};
template struct Reach<&SessionHandle::_pConnection>;

void finish(SessionHandle& handle) noexcept {
    PQfinish(std::exchange(link_of(handle), nullptr));
}

/// libpq tells no SQLSTATE for failed connects; the texts are the server's, in its language, so only what is sure counts.
std::string state_of_failed_connect(PGconn* link, const std::string& message) {
    if (PQconnectionNeedsPassword(link) == 1 || message.find("authentication failed") != std::string::npos) return "28P01";
    if (message.find("no pg_hba.conf entry") != std::string::npos) return "28000";
    // The catalogue of the database itself: a page, a file or the whole folder of it.
    if (names_data_file(message)) return "XX001";
    if (message.find("does not exist") != std::string::npos && message.find("database") != std::string::npos) return "3D000";
    if (message.find("too many") != std::string::npos || message.find("remaining connection slots") != std::string::npos)
        return "53300";
    if (message.find("session is read-only") != std::string::npos) return "25006";
    return "08001";
}

std::string quoted_setting(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + "'";
}

}  // namespace

std::string Target::connection() const {
    std::map<std::string, std::string> parameters = {
        {"host", url.host},
        {"port", std::to_string(url.port)},
        {"dbname", url.database},
        {"user", url.user},
        {"connect_timeout", std::to_string((connect_timeout.count() + 999) / 1000)},
        {"application_name", application},
        {"client_encoding", "UTF8"},
        {"keepalives_idle", "5"},
        {"keepalives_interval", "2"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "5000"},
        {"gssencmode", "disable"},
        {"target_session_attrs", primary ? "read-write" : "any"},
    };
    if (!url.password.empty()) parameters["password"] = url.password;
    for (const auto& [key, value] : url.tls) parameters[key] = value;
    parameters["sslmode"] = sslmode;
    if (parameters.count("sslrootcert") == 0 && !root_certificate.empty()) parameters["sslrootcert"] = root_certificate;
    return connection_string(parameters);
}

Connection::Connection(const Target& target) : statement_timeout_(target.statement_timeout) {
    const char* const doing = "connect";
    try {
        session_.connect(target.connection());
    } catch (const Poco::Exception&) {
        PGconn* const failed = session_;
        const std::string message = failed == nullptr ? "out of memory" : one_line(PQerrorMessage(failed));
        const std::string state = failed == nullptr ? "53200" : state_of_failed_connect(failed, message);
        finish(session_);
        throw PostgresError(state, message, doing);
    }
    link_ = session_;
    PQsetnonblocking(link_, 1);
    PQsetNoticeProcessor(link_, [](void*, const char*) {}, nullptr);  // not to stderr
    try {
        run("SET search_path = \"" + target.schema + "\"; SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; " +
                "SET bytea_output = 'hex'; SET intervalstyle = 'iso_8601'; SET standard_conforming_strings = on; " +
                "SET statement_timeout = " + std::to_string(target.statement_timeout.count()) +
                "; SET lock_timeout = " + std::to_string(target.lock_timeout.count()) +
                "; SET idle_in_transaction_session_timeout = '10s'; SET app.cairn_engine = " + quoted_setting("on") +
                // The writer's few statements are the same for each batch: planning them again would read the rows twice.
                (target.read_only ? "; SET default_transaction_read_only = on"
                                  : "; SET plan_cache_mode = force_generic_plan") +
                // Otherwise what a killed server of ours was doing goes on, and holds the database for it.
                (PQserverVersion(link_) >= kChecksClients ? "; SET client_connection_check_interval = '500ms'" : ""),
            doing);
    } catch (...) {
        break_off();
        throw;
    }
    used = Clock::now();
}

Connection::~Connection() {
    break_off();
}

void Connection::break_off() noexcept {
    if (link_ == nullptr) return;
    link_ = nullptr;
    finish(session_);
}

bool Connection::is_alive() noexcept {
    if (link_ == nullptr || PQstatus(link_) != CONNECTION_OK) return false;
    pollfd descriptor{PQsocket(link_), POLLIN, 0};
    // Between statements the server speaks to say goodbye. (Or that a setting has changed, which is rare enough to take
    // for the same: a new connection costs little.)
    return ::poll(&descriptor, 1, 0) == 0;
}

void Connection::fail(const PGresult* result, const char* doing) {
    const PostgresError error(result, doing);
    if (error.is_lost()) break_off();
    else if (PQstatus(link_) != CONNECTION_OK) lose(error.what(), doing);
    throw error;
}

void Connection::lose(const std::string& why, const char* doing) {
    const std::string message = one_line(why);
    break_off();
    throw PostgresError::lost(message, doing);
}

Clock::time_point Connection::deadline() const {
    return Clock::now() + (statement_timeout_.count() == 0 ? kForever : statement_timeout_ + kGrace);
}

void Connection::set_statement_timeout(Duration timeout) {
    run("SET statement_timeout = " + std::to_string(timeout.count()), "set the time limit");
    statement_timeout_ = timeout;
}

void Connection::wait(bool write, Clock::time_point deadline, const char* doing) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) lose("the server does not answer", doing);
        pollfd descriptor{PQsocket(link_), static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0};
        const int ready = ::poll(&descriptor, 1, static_cast<int>(std::min<std::int64_t>(left, 60000)));
        if (ready > 0) return;
        if (ready < 0 && errno != EINTR) lose("poll failed", doing);
    }
}

void Connection::send(bool sent, const char* doing) {
    if (link_ == nullptr) throw PostgresError::lost("the connection is closed", doing);
    if (!sent) {
        const std::string message = PQerrorMessage(link_);
        if (PQstatus(link_) != CONNECTION_OK) lose(message, doing);
        throw PostgresError("08000", one_line(message), doing);
    }
    const Clock::time_point end = deadline();
    while (const int left = PQflush(link_)) {
        if (left < 0) break;  // what the server said before it went is read below
        wait(true, end, doing);
        if (PQconsumeInput(link_) == 0) break;
    }
}

PGresult* Connection::next(const char* doing) {
    const Clock::time_point end = deadline();
    while (PQisBusy(link_) == 1) {
        wait(false, end, doing);
        if (PQconsumeInput(link_) == 0 && PQisBusy(link_) == 1) lose(PQerrorMessage(link_), doing);
    }
    return PQgetResult(link_);
}

Result Connection::collect(const char* doing) {
    Result last;
    Result failed;
    while (Result result{next(doing)}) {
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
            last = std::move(result);
        } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            break_off();
            throw PostgresError("0A000", "COPY to or from the client is not possible here", doing);
        } else if (!failed) {
            failed = std::move(result);
        }
    }
    if (failed) fail(failed.get(), doing);
    if (PQstatus(link_) != CONNECTION_OK) lose(PQerrorMessage(link_), doing);
    return last;
}

Result Connection::run(const std::string& statements, const char* doing) {
    send(link_ != nullptr && PQsendQuery(link_, statements.c_str()) == 1, doing);
    return collect(doing);
}

Result Connection::run(const std::string& statement, std::span<const char* const> values, const char* doing) {
    send(link_ != nullptr && PQsendQueryParams(link_, statement.c_str(), static_cast<int>(values.size()), nullptr,
                                               values.data(), nullptr, nullptr, 0) == 1,
         doing);
    return collect(doing);
}

Prepared Connection::prepare(const std::string& name, const std::string& statement, const char* doing) {
    send(link_ != nullptr && PQsendPrepare(link_, name.c_str(), statement.c_str(), 0, nullptr) == 1, doing);
    collect(doing);
    send(PQsendDescribePrepared(link_, name.c_str()) == 1, doing);
    const Result description = collect(doing);
    Prepared prepared{name, {}};
    for (int i = 0; i < PQnparams(description.get()); ++i) {
        prepared.parameters.push_back(PQparamtype(description.get(), i));
    }
    return prepared;
}

Result Connection::run(const Prepared& statement, std::span<const char* const> values, const char* doing) {
    send(link_ != nullptr && PQsendQueryPrepared(link_, statement.name.c_str(), static_cast<int>(values.size()),
                                                 values.data(), nullptr, nullptr, 0) == 1,
         doing);
    return collect(doing);
}

std::string Connection::ask(const std::string& statement, const char* doing) {
    const Result result = run(statement, doing);
    if (PQntuples(result.get()) == 0 || PQnfields(result.get()) == 0) return {};
    return PQgetvalue(result.get(), 0, 0);
}

bool Connection::in_transaction() const noexcept {
    return link_ != nullptr && PQtransactionStatus(link_) != PQTRANS_IDLE;
}

void Connection::commit() {
    const char* const doing = "commit";
    if (link_ != nullptr && PQtransactionStatus(link_) == PQTRANS_INERROR) {
        rollback();
        throw PostgresError("25P02", "a statement before had failed; rolled back", doing);
    }
    const Result result = run("COMMIT", doing);
    const std::string_view said = PQcmdStatus(result.get());
    if (said != "COMMIT") throw PostgresError("25P02", "the server answered " + std::string(said) + " to COMMIT", doing);
}

void Connection::rollback() noexcept {
    if (!in_transaction()) return;
    try {
        run("ROLLBACK", "roll back");
    } catch (const std::exception&) {
        break_off();
    }
}

}  // namespace cairn::storage_postgres
