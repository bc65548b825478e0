#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/storage.hpp>

#include <cairn/testkit/export.hpp>
#include <cairn/testkit/failure.hpp>

namespace cairn::testkit {

/// What lies under the host of a test: tables in memory, or the store of a plugin that the test loads
/// (`plugins: {storage_sqlite: {}}`, for plugins that ask in SQL). The engine between is the real one. What is in it
/// survives Host::restart.
class CAIRN_TESTKIT_API Store {
public:
    virtual ~Store();

    /// The rows of a table as a plugin's query would see them: acknowledged changes are in, coalesced ones once they are
    /// due.
    virtual std::vector<Document> rows(std::string_view table) = 0;
    /// Reads with SQL. Throws Error as the store does.
    virtual std::vector<Document> query(std::string_view sql, std::vector<Document> parameters = {}) = 0;
    /// Puts a row into a table as if it had always been there; every column that is not null has to be in it.
    virtual void put(std::string_view table, const Document& row) = 0;
    /// Answers the SQL of plugins over the tables in memory, which read none.
    virtual void on_query(std::function<Rows(const Query& query)> answer) = 0;

    // ---- failing on demand

    /// The next `count` commits, queries and loads of plugins are refused with this code; the store sees nothing of them.
    virtual void fail_next(Code code, int count = 1) = 0;
    /// All of them are, until heal().
    virtual void fail(Code code) = 0;
    /// The database goes away beneath the engine: what then happens is what the real host does (commits go on from the
    /// journal, queries are refused), until heal().
    virtual void take_away() = 0;
    virtual void heal() = 0;
    /// Commits and queries stay on their way, unanswered, until release().
    virtual void hold() = 0;
    virtual void release() = 0;

    /// What plugins have handed in since the start, in order: transient commits too.
    virtual const std::vector<Commit>& commits() const = 0;
};

}  // namespace cairn::testkit
