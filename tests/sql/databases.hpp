#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cairn/services/store.hpp>

struct pg_conn;
struct sqlite3;
struct sqlite3_stmt;

namespace cairn::test {

struct Column {
    std::string name;
    std::string type;  ///< as the files write it: "varchar(100)", "timestamptz", "TEXT"
};

struct Index {
    std::string name;
    std::vector<std::string> columns;
    bool unique = false;
    bool partial = false;
    bool gin = false;
};

/// An empty database of one engine, with its catalogue. Errors are std::runtime_error with what the database says.
class Database {
public:
    virtual ~Database() = default;
    virtual std::string engine() const = 0;
    /// Runs statements; the rows of the last one, values joined by '|'.
    virtual std::vector<std::string> run(const std::string& sql) = 0;
    virtual std::vector<std::string> tables() = 0;  ///< views and parts of tables not among them
    virtual std::vector<Column> columns(const std::string& relation) = 0;
    virtual std::vector<Index> indexes(const std::string& relation) = 0;
    /// Everything that migrations make, as text that is equal when the schemas are.
    virtual std::vector<std::string> schema() = 0;

    std::string one(const std::string& sql);
    std::string refusal(
        const std::string& sql);  ///< what the database says; a test failure when it takes the statement
    void up(const std::vector<services::Migration>& migrations);
    void down(const std::vector<services::Migration>& migrations);  ///< in reverse order
};

class SqliteDatabase final : public Database {
public:
    SqliteDatabase();
    ~SqliteDatabase() override;
    std::string engine() const override { return "sqlite"; }
    std::vector<std::string> run(const std::string& sql) override;
    std::vector<std::string> tables() override;
    std::vector<Column> columns(const std::string& relation) override;
    std::vector<Index> indexes(const std::string& relation) override;
    std::vector<std::string> schema() override;

private:
    sqlite3* handle_ = nullptr;
    sqlite3* judge_ = nullptr;  ///< answers json_valid
    sqlite3_stmt* valid_ = nullptr;
};

/// A session of its own; give the URL of another one to share its database.
class PostgresDatabase final : public Database {
public:
    PostgresDatabase();
    explicit PostgresDatabase(std::string url);
    ~PostgresDatabase() override;
    std::string engine() const override { return "postgres"; }
    const std::string& url() const { return url_; }
    std::vector<std::string> run(const std::string& sql) override;
    std::vector<std::string> tables() override;
    std::vector<Column> columns(const std::string& relation) override;
    std::vector<Index> indexes(const std::string& relation) override;
    std::vector<std::string> schema() override;

private:
    std::string url_;
    pg_conn* connection_ = nullptr;
};

std::unique_ptr<Database> make_database(const std::string& engine);

/// The owners in sql/: "cairn" first, then the plugins by name.
std::vector<std::string> sql_owners();
std::vector<services::Migration> own_migrations(const std::string& engine,
                                                const std::vector<std::string>& owners = sql_owners());

}  // namespace cairn::test
