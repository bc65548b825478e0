#pragma once

#include <stdexcept>
#include <string>

#include <cairn/error.hpp>

struct sqlite3;

namespace cairn::storage_sqlite {

/// What SQLite reported, with its extended code. Stays inside this plugin; to_error() makes an Error of it.
class SqliteError : public std::runtime_error {
public:
    SqliteError(int extended_code, std::string doing, const std::string& message);
    /// Reads code and message from `handle`.
    SqliteError(sqlite3* handle, int code, std::string doing);

    int code() const noexcept { return code_; }  ///< extended
    int primary() const noexcept { return code_ & 0xFF; }
    const std::string& doing() const noexcept { return doing_; }

private:
    int code_;
    std::string doing_;
};

/// Constraints and unfit values → conflict, with a message that names table and column and nothing else, as players may
/// see it; damage → internal; everything that may pass → unavailable. The last two name `file` and the cure.
Error to_error(const SqliteError& error, const std::string& file);

/// True for a failed fsync: what was written may or may not be there, and asking again would prove nothing.
bool is_sync_failure(int extended_code) noexcept;

}  // namespace cairn::storage_sqlite
