#include "plugins/storage_sqlite/sqlite_error.hpp"

#include <sqlite3.h>

#include <string_view>
#include <utility>

namespace cairn::storage_sqlite {
namespace {

std::string code_words(int code) {
    return std::string(sqlite3_errstr(code)) + ", code " + std::to_string(code);
}

/// "UNIQUE constraint failed: users.username, users.email" → "users.username, users.email".
std::string_view after_colon(std::string_view message) {
    constexpr std::string_view kMark = "constraint failed: ";
    const std::size_t at = message.find(kMark);
    return at == std::string_view::npos ? std::string_view() : message.substr(at + kMark.size());
}

Error conflict(const SqliteError& error) {
    const std::string what(after_colon(error.what()));
    const auto say = [](std::string message) { return Error(Code::conflict, message); };
    switch (error.code()) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
            return say(what + " is taken by another row");
        case SQLITE_CONSTRAINT_NOTNULL:
            return say(what + " must have a value");
        case SQLITE_CONSTRAINT_FOREIGNKEY:
            return say("a row refers to one that does not exist (any more)");
        case SQLITE_CONSTRAINT_CHECK:
            return say("a row breaks the rule: " + what);
        case SQLITE_CONSTRAINT_DATATYPE:
            return say("a value is of another type than its column");
        case SQLITE_TOOBIG:
            return say("a row is too large");
        default:
            return say("a row breaks a rule of its table");
    }
}

}  // namespace

SqliteError::SqliteError(int extended_code, std::string doing, const std::string& message)
    : std::runtime_error(message), code_(extended_code), doing_(std::move(doing)) {}

SqliteError::SqliteError(sqlite3* handle, int code, std::string doing)
    : std::runtime_error(handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle)),
      code_(code),
      doing_(std::move(doing)) {
    if (handle != nullptr && (sqlite3_extended_errcode(handle) & 0xFF) == (code & 0xFF)) {
        code_ = sqlite3_extended_errcode(handle);
    }
}

bool is_sync_failure(int extended_code) noexcept {
    return extended_code == SQLITE_IOERR_FSYNC || extended_code == SQLITE_IOERR_DIR_FSYNC;
}

Error to_error(const SqliteError& error, const std::string& file) {
    const std::string where = "database " + file + ": " + error.doing() + ": " + error.what();
    const std::string code = " (" + code_words(error.code()) + ")";
    switch (error.primary()) {
        case SQLITE_CONSTRAINT:
        case SQLITE_TOOBIG:
        case SQLITE_MISMATCH:
            return conflict(error);
        case SQLITE_CORRUPT:
            return Error(Code::internal, where + code +
                                             ". The file is damaged: stop the server, put the file with its "
                                             "-wal and -shm aside, and restore the newest verified backup");
        case SQLITE_NOTADB:
            return Error(Code::internal,
                         where + code +
                             ". The file is not a database (or it is encrypted, or its first "
                             "page is damaged): put it aside and restore a backup, or name another file");
        case SQLITE_FULL:
            return Error(Code::unavailable,
                         where + code + ". The disk is full: free space; writing goes on by itself then");
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Error(Code::unavailable, where + code +
                                                ". Another program holds the database: end it; only one server "
                                                "may use the file");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_CANTOPEN:
            return Error(Code::unavailable, where + code +
                                                ". Make the file and its folder readable and writable for the "
                                                "user that runs cairn");
        case SQLITE_INTERRUPT:
            return Error(Code::unavailable, where + code + ". It took too long or the database is being reopened");
        case SQLITE_IOERR:
        case SQLITE_NOMEM:
        case SQLITE_PROTOCOL:
            return Error(Code::unavailable, where + code + ". Look at the disk and the kernel's log");
        default:
            return Error(Code::internal, where + code);
    }
}

}  // namespace cairn::storage_sqlite
