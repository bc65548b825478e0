#pragma once

#include <Poco/Data/Session.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/document.hpp>

namespace cairn::storage_sqlite {

/// A prepared statement. Throws SqliteError. Belongs to its connection, which must outlive it.
class Statement {
public:
    Statement() = default;
    /// `sql` is one statement; what stands behind it is an error. `doing` names it in messages.
    Statement(sqlite3* handle, std::string_view sql, std::string doing);

    explicit operator bool() const noexcept { return statement_ != nullptr; }
    sqlite3_stmt* get() const noexcept { return statement_.get(); }

    void bind(int index, std::int64_t value);
    void bind_null(int index);
    void bind_number(int index, double value);
    /// REQUIRES: `value` stays until reset().
    void bind_view(int index, std::string_view value);
    /// Copies texts.
    void bind(int index, const Document& value);
    /// True while there is a row.
    bool step();
    void reset() noexcept;
    /// Makes it ready to be stepped once more; what is bound stays.
    void again() noexcept { sqlite3_reset(statement_.get()); }
    /// Steps to the end and resets, also on error.
    void run();

    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(statement_.get(), column); }
    std::string text(int column) const;
    /// INTEGER, REAL, TEXT and NULL as they are. Throws for BLOB, which no table here has.
    Document value(int column) const;

private:
    void check(int code) const;
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
    std::string doing_;
};

/// A Poco::Data session on a SQLite file and its native handle. Poco opens and closes; statements go through the
/// handle, because Poco prepares again at each execution, knows no BEGIN IMMEDIATE, hides extended codes, and throws on
/// column types outside its list (reliability.md 2.4). Used by one thread at a time. Throws SqliteError.
class Connection {
public:
    enum class Mode : unsigned char {
        writer,  ///< creates the file
        reader,  ///< mode=ro
    };
    Connection(const std::string& file, Mode mode);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    sqlite3* handle() const noexcept { return handle_; }
    /// Runs statements that give no rows (or whose rows do not matter).
    void execute(const std::string& sql, const std::string& doing);
    /// The first column of the first row.
    Document ask(const std::string& sql, const std::string& doing);
    Statement prepare(std::string_view sql, std::string doing) { return Statement(handle_, sql, std::move(doing)); }
    bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }
    void rollback() noexcept;

private:
    std::unique_ptr<Poco::Data::Session> session_;
    sqlite3* handle_ = nullptr;
};

}  // namespace cairn::storage_sqlite
