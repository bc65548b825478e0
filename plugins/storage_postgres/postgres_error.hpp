#pragma once

#include <libpq-fe.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <cairn/error.hpp>

namespace cairn::storage_postgres {

/// What libpq or a tool says, on one line. Passwords never stand in it. [any]
std::string one_line(std::string text);

/// What PostgreSQL or the way to it reported. Stays inside this plugin; to_error() makes an Error of it.
class PostgresError : public std::runtime_error {
public:
    /// Reads SQLSTATE, message, table, column and constraint from `result`.
    PostgresError(const PGresult* result, std::string doing);
    /// `state`: a SQLSTATE, empty when there is none.
    PostgresError(std::string state, const std::string& message, std::string doing);
    /// The connection is gone or does not answer: what was asked may have been done or not.
    static PostgresError lost(const std::string& message, std::string doing);

    const std::string& state() const noexcept { return state_; }
    std::string_view state_class() const noexcept { return std::string_view(state_).substr(0, 2); }
    bool is_lost() const noexcept { return lost_; }
    const std::string& doing() const noexcept { return doing_; }
    const std::string& table() const noexcept { return table_; }
    const std::string& column() const noexcept { return column_; }
    const std::string& constraint() const noexcept { return constraint_; }
    /// Where in the text of the statements, in characters from 1; 0: not said.
    int position() const noexcept { return position_; }

private:
    std::string state_;
    std::string doing_;
    std::string table_;
    std::string column_;
    std::string constraint_;
    int position_ = 0;
    bool lost_ = false;
};

/// True for what the rows themselves are refused for: constraints, values that do not fit, what a trigger raised.
bool is_refusal(const PostgresError& error) noexcept;
/// True when a prepared statement has become useless: the tables were changed, or somebody between us and the server has
/// given us another session. A new connection helps.
bool is_stale(const PostgresError& error) noexcept;
/// True when `text` names a file of a database ("base/16384/16385"), which the server's messages do in any language.
bool names_data_file(std::string_view text) noexcept;
/// True when pages or files of the database are damaged or missing.
bool is_damage(const PostgresError& error) noexcept;

/// Refusals → conflict, with a message that names table and column and nothing else, as players may see it (PostgreSQL's
/// own texts quote values); damage → internal; everything that may pass → unavailable. The last two name `where` and the
/// cure. `columns_of` tells the columns of a constraint as "users.email", empty when it does not know.
Error to_error(const PostgresError& error, const std::string& where,
               const std::function<std::string(const std::string& constraint)>& columns_of = {});

}  // namespace cairn::storage_postgres
