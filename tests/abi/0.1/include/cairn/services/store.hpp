#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/service.hpp>
#include <cairn/storage.hpp>
#include <cairn/values.hpp>

namespace cairn::services {

/// How far a store has got: the number of the last commit it holds.
struct Watermark {
    std::uint64_t seq = 0;
};

/// The last row per table and key of a batch, grouped by table in the order of first appearance.
struct TableBatch {
    const TableSpec* table = nullptr;
    std::vector<std::string_view> rows;    ///< JSON objects, whole rows
    std::vector<std::string_view> erased;  ///< JSON objects with the key columns
    /// Who changed each of `rows` and `erased`: of the same sizes for audited tables, empty for the others.
    std::vector<std::string_view> row_actors;
    std::vector<std::string_view> erased_actors;
};

/// One migration found in sql/<plugin>/<engine>/.
struct Migration {
    std::string plugin;
    int number = 0;
    std::string what;
    std::string checksum;  ///< of `sql`
    std::string sql;
    std::string down;  ///< takes it back; empty: cannot be taken back
};

/// A migration that the database holds.
struct AppliedMigration {
    std::string plugin;
    int number = 0;
    std::string what;
    std::string checksum;
    WallTime applied_at{};
};

/// A change that the database refused for good (a constraint), kept for people to look at (table cairn_dead_letters).
struct DeadLetter {
    std::uint64_t seq = 0;
    WallTime at{};
    std::string actor;
    std::string operation;
    std::string changes;  ///< JSON: [{"table": …, "key": {…}, "row": {…} or null}, …]
    std::string reason;
};

/// Hears every row of a snapshot: the table, the names of its columns, the values of the row. [worker]
using RowSink = std::function<void(std::string_view table, std::span<const std::string> columns,
                                   std::span<const Document> values)>;

/// A database behind the engine. Calls that write come from one thread, the store's writer; reads come from the storage
/// lane and other workers, concurrently. Errors: Error(unavailable) passing trouble, nothing applied; Error(conflict) the
/// rows themselves are refused (a constraint), nothing applied; Error(internal) damaged, do not go on; Error(unsupported) this store does not know how.
struct Store {
    static constexpr ServiceId kService{"cairn.store", 2};
    virtual ~Store() = default;

    /// The name of the SQL dialect: "sqlite" or "postgres", the folder below sql/<plugin>/. [any]
    virtual std::string_view engine() const noexcept = 0;
    /// Opens or creates the database; takes it for this process. [control]
    virtual void open() = 0;
    /// Applies those migrations that are not yet applied, each in a transaction; a changed checksum of an applied one is
    /// an Error that names both. Returns how many were applied. [control]
    virtual int migrate(std::span<const Migration> migrations) = 0;
    /// What has been applied, in the order of plugin and number. [control]
    virtual std::vector<AppliedMigration> applied_migrations() { cannot("list its migrations"); }
    /// Runs the `down` of the migration and forgets it, in one transaction. REQUIRES: it is the newest applied one of its
    /// plugin. [control]
    virtual void migrate_down(const Migration&) { cannot("take migrations back"); }
    /// Prepares the statements of these tables; Error naming table and column when the database lacks one. `audited`: for
    /// these apply() also writes old row, new row and actor to audit_log (P280). [control]
    virtual void bind(std::span<const TableSpec* const> tables, std::span<const std::string> audited) = 0;
    virtual Watermark watermark() = 0;
    /// Applies a batch and moves the watermark in one transaction; durable when it returns. [worker, the writer]
    virtual void apply(std::span<const TableBatch> batch, Watermark watermark) = 0;
    /// Keeps what was refused and moves the watermark past it, in one transaction. [worker, the writer]
    virtual void bury(std::span<const DeadLetter>, Watermark) { cannot("keep dead letters"); }
    /// Time for housekeeping (checkpoints) that would make answers late inside apply(). Called between batches, after the
    /// answers have been given; `idle`: nothing is queued. Must not throw. [worker, the writer]
    virtual void maintain(bool idle) noexcept { static_cast<void>(idle); }
    /// Forgets what audit_log holds from before `keep_audit_from`, gives unused space back and refreshes the planner's
    /// figures. May take minutes; goes on beside apply() or in short pieces. [worker, the writer]
    virtual void vacuum(WallTime keep_audit_from) { static_cast<void>(keep_audit_from); }
    /// Runs a read; `row` gets the columns and values of each row. Return false from it to stop. [worker]
    virtual void query(const Query& query, const std::function<bool(std::span<const std::string> columns,
                                                                     std::span<const Document> values)>& row) = 0;
    /// Empty when all is well, else what is wrong. [worker]
    virtual std::string integrity() = 0;
    /// Every row of every table, those of plugins that are not loaded included, cairn's own (cairn_…) and audit_log not,
    /// and the watermark at which they stood, all in one moment while writing goes on. Tables in the order of their
    /// names; rows in any order. [worker]
    virtual Watermark snapshot(const RowSink&) { cannot("be read as a whole"); }
    /// A small fact of the host kept in the database (table cairn_notes); empty when it was never noted. [control]
    virtual std::string note(std::string_view) { cannot("keep notes"); }
    virtual void set_note(std::string_view, std::string_view) { cannot("keep notes"); }

    /// The ending of the files that backup() writes: ".db", ".dump". [any]
    virtual std::string_view backup_ending() const noexcept { return ".backup"; }
    /// Writes a consistent copy to `path` (a new file) while the store goes on; on disk when it returns. [worker]
    virtual void backup(const std::string& path) = 0;
    /// Ends all work and closes. [control]
    virtual void close() noexcept = 0;

    // ---- Places: restoring never happens where the live data stands. A place is a file path or the name of a database
    // on the same server.

    /// What people know this database as; no password in it. [any]
    virtual std::string place() const { return std::string(engine()); }
    /// A name for a new place beside this one that nothing stands at yet, with the reason in it ("restore", "drill"). [worker]
    virtual std::string place_beside(std::string_view) const { cannot("have a second place"); }
    /// A store with the same settings at another place; neither opened nor made. [worker]
    virtual std::unique_ptr<Store> elsewhere(const std::string&) const { cannot("have a second place"); }
    /// Makes this place out of a file that backup() wrote. REQUIRES: not open, nothing there. Error(internal): the file is
    /// damaged. [worker]
    virtual void fill(const std::string&) { cannot("be made from a backup"); }
    /// Removes this place with everything in it. REQUIRES: not open. Must not be called on the configured place. [worker]
    virtual void remove() { cannot("be removed"); }
    /// Puts what stands at `place` here, by renaming. What stood here is kept beside it; returns the name of that
    /// quarantine, empty when nothing stood here. REQUIRES: neither is open. [control]
    virtual std::string replace_with(const std::string&) { cannot("be replaced"); }

protected:
    [[noreturn]] void cannot(const char* what) const {
        throw Error(Code::unsupported, "the store " + std::string(engine()) + " cannot " + what);
    }
};

}  // namespace cairn::services
