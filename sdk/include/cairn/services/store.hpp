#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/service.hpp>
#include <cairn/storage.hpp>

namespace cairn::services {

/// How far a store has got: the number of the last commit it holds.
struct Watermark {
    std::uint64_t seq = 0;
};

/// The last row per table and key of a batch, grouped by table in the order of first appearance.
struct TableBatch {
    const TableSpec* table = nullptr;
    std::vector<std::string_view> rows;  ///< JSON objects, whole rows
    std::vector<std::string_view> erased;  ///< JSON objects with the key columns
};

/// One migration found in sql/<plugin>/<engine>/.
struct Migration {
    std::string plugin;
    int number = 0;
    std::string what;
    std::string checksum;
    std::string sql;
};

/// A database behind the engine. Calls that write come from one thread, the store's writer lane; reads come from the
/// storage lane, concurrently. Errors: Error(unavailable) passing trouble, nothing applied; Error(conflict) the rows
/// themselves are refused (a constraint), nothing applied; Error(internal) damaged, do not go on.
struct Store {
    static constexpr ServiceId kService{"cairn.store", 1};
    virtual ~Store() = default;

    /// The name of the SQL dialect: "sqlite" or "postgres", the folder below sql/<plugin>/. [any]
    virtual std::string_view engine() const noexcept = 0;
    /// Opens or creates the database. [control]
    virtual void open() = 0;
    /// Applies those migrations that are not yet applied, each in a transaction; a changed checksum of an applied one is
    /// an Error that names both. Returns how many were applied. [control]
    virtual int migrate(std::span<const Migration> migrations) = 0;
    /// Prepares the statements of these tables; Error naming table and column when the database lacks one. [control]
    virtual void bind(std::span<const TableSpec* const> tables) = 0;
    virtual Watermark watermark() = 0;
    /// Applies a batch and moves the watermark in one transaction; durable when it returns. [worker, the writer lane]
    virtual void apply(std::span<const TableBatch> batch, Watermark watermark) = 0;
    /// Time for housekeeping (checkpoints) that would make answers late inside apply(). Called between batches, after the
    /// answers have been given; `idle`: nothing is queued. Must not throw. [worker, the writer lane]
    virtual void maintain(bool idle) noexcept { static_cast<void>(idle); }
    /// Runs a read; `row` gets the columns and values of each row. Return false from it to stop. [worker]
    virtual void query(const Query& query, const std::function<bool(std::span<const std::string> columns,
                                                                     std::span<const Document> values)>& row) = 0;
    /// Empty when all is well, else what is wrong. [worker]
    virtual std::string integrity() = 0;
    /// Writes a consistent copy to `path` (a new file) while the store goes on. [worker]
    virtual void backup(const std::string& path) = 0;
    /// Ends all work and closes. [control]
    virtual void close() noexcept = 0;
};

}  // namespace cairn::services
