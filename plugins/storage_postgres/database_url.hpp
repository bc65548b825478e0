#pragma once

#include <map>
#include <string>
#include <string_view>

#include <cairn/error.hpp>

namespace cairn::storage_postgres {

/// Where a database is and who comes. Poco splits connection strings at single spaces and knows neither URLs nor quotes
/// (reliability.md 2.5), and libpq's own messages about a URL print parts of it; so it is taken apart here.
struct DatabaseUrl {
    std::string host;  ///< a name, an address, or the folder of a unix socket (begins with '/')
    int port = 5432;
    std::string user;
    std::string password;  ///< never in a message
    std::string database;
    std::map<std::string, std::string> tls;  ///< sslmode, sslrootcert, sslcert, sslkey, sslcrl as written

    bool is_socket() const noexcept { return !host.empty() && host.front() == '/'; }
    /// True when what is sent does not leave this machine.
    bool is_local() const noexcept;
    /// "database cairn at db.example.org:5432"
    std::string words() const;
};

/// Takes `postgres://user:password@host:port/database?sslmode=…` apart (`postgresql://` too). A socket is written as
/// `postgres://user@%2Fvar%2Frun%2Fpostgresql/database` or `postgres:///database?host=/var/run/postgresql`. User and
/// database default to each other; without a host it is /var/run/postgresql. Throws Error(invalid_field) that says what
/// is wrong and quotes nothing of the text, as a misplaced character may make any part of it the password. [any]
DatabaseUrl parse_url(std::string_view text);

/// A connection string for libpq: `key='value' …`, everything quoted. [any]
std::string connection_string(const std::map<std::string, std::string>& parameters);

/// Lower-case letters, digits, underscores, not a digit first: needs no quotes in SQL. [any]
bool is_plain_name(std::string_view name) noexcept;

}  // namespace cairn::storage_postgres
