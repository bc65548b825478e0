#include "plugins/storage_sqlite/connection.hpp"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Exception.h>

#include <utility>

#include <cairn/error.hpp>

#include "plugins/storage_sqlite/json_check.hpp"
#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

constexpr std::size_t kOpenSeconds = 5;  // Poco's default is a minute

/// A path as an SQLite URI (sqlite.org/uri.html): `?`, `#` and `%` mean something there.
std::string to_uri(const std::string& path, Connection::Mode mode) {
    std::string uri = "file:";
    for (const char c : path) {
        if (c == '?')
            uri += "%3f";
        else if (c == '#')
            uri += "%23";
        else if (c == '%')
            uri += "%25";
        else
            uri += c;
    }
    return uri + (mode == Connection::Mode::reader ? "?mode=ro" : "?mode=rwc");
}

}  // namespace

Statement::Statement(sqlite3* handle, std::string_view sql, std::string doing) : doing_(std::move(doing)) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, &tail);
    statement_.reset(statement);
    if (code != SQLITE_OK) throw SqliteError(handle, code, doing_);
    if (statement == nullptr) throw SqliteError(SQLITE_MISUSE, doing_, "there is no statement in the text");
    const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
    if (rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
        throw SqliteError(SQLITE_MISUSE, doing_, "there is more than one statement in the text");
    }
}

void Statement::check(int code) const {
    if (code != SQLITE_OK) throw SqliteError(sqlite3_db_handle(statement_.get()), code, doing_);
}

void Statement::bind(int index, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), index, value));
}

void Statement::bind_null(int index) {
    check(sqlite3_bind_null(statement_.get(), index));
}

void Statement::bind_number(int index, double value) {
    check(sqlite3_bind_double(statement_.get(), index, value));
}

void Statement::bind_view(int index, std::string_view value) {
    check(sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int index, const Document& value) {
    sqlite3_stmt* statement = statement_.get();
    switch (value.type()) {
        case Document::Type::null:
            return check(sqlite3_bind_null(statement, index));
        case Document::Type::boolean:
            return check(sqlite3_bind_int64(statement, index, value.boolean_or(false) ? 1 : 0));
        case Document::Type::integer:
            return check(sqlite3_bind_int64(statement, index, value.integer_or(0)));
        case Document::Type::number:
            return check(sqlite3_bind_double(statement, index, value.number_or(0)));
        case Document::Type::text: {
            const std::string_view text = value.text();
            return check(
                sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
        }
        case Document::Type::list:
        case Document::Type::map: {
            const std::string json = value.to_json();
            return check(
                sqlite3_bind_text64(statement, index, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
        }
    }
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    const SqliteError error(sqlite3_db_handle(statement_.get()), code, doing_);
    reset();
    throw error;
}

void Statement::reset() noexcept {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

std::string Statement::text(int column) const {
    const auto* bytes = sqlite3_column_text(statement_.get(), column);
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const char*>(bytes),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Document Statement::value(int column) const {
    switch (sqlite3_column_type(statement_.get(), column)) {
        case SQLITE_INTEGER:
            return integer(column);
        case SQLITE_FLOAT:
            return sqlite3_column_double(statement_.get(), column);
        case SQLITE_TEXT:
            return text(column);
        case SQLITE_NULL:
            return {};
        default:
            throw SqliteError(SQLITE_MISMATCH, doing_, "a BLOB cannot be read: store text");
    }
}

Connection::Connection(const std::string& file, Mode mode) {
    Poco::Data::SQLite::Connector::registerConnector();
    try {
        session_ =
            std::make_unique<Poco::Data::Session>(Poco::Data::SQLite::Connector::KEY, to_uri(file, mode), kOpenSeconds);
        handle_ = Poco::Data::SQLite::Utility::dbHandle(*session_);
    } catch (const Poco::Exception& error) {
        throw SqliteError(SQLITE_CANTOPEN, "open", error.displayText());
    }
    if (sqlite3_threadsafe() == 0) throw SqliteError(SQLITE_MISUSE, "open", "this SQLite was built without threads");
    sqlite3_extended_result_codes(handle_, 1);
    register_json_valid(handle_);
}

Connection::~Connection() {
    try {
        session_->close();
    } catch (const Poco::Exception&) {
        // A statement was left open; the handle is closed with the last of them.
    }
}

void Connection::execute(const std::string& sql, const std::string& doing) {
    const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw SqliteError(handle_, code, doing);
}

Document Connection::ask(const std::string& sql, const std::string& doing) {
    Statement statement(handle_, sql, doing);
    return statement.step() ? statement.value(0) : Document();
}

void Connection::rollback() noexcept {
    if (in_transaction()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace cairn::storage_sqlite
