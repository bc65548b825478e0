#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// The coalesced rows that wait for their flush: of each table and key only the newest. Rows of a commit with several
/// changes stay together, so that what was changed together also arrives together. Not thread-safe.
class Coalescer {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// False: what is added to a row may be refused, so it has to come behind the row that waits as a commit of its own.
    bool mergeable(const std::vector<Change>& changes) const noexcept;
    /// Takes the place of waiting rows with the same keys, additions are added to those that wait; whoever waited for
    /// those now waits for these. REQUIRES: mergeable(changes). `waiter` may be empty; of a key the last `actor` is remembered. Returns how many rows were replaced.
    std::size_t add(std::vector<Change> changes, std::shared_ptr<Waiter> waiter, Instant now,
                    const std::string& actor = {});
    /// Puts back what could not be written; rows that have come since are newer and stay.
    void restore(PendingCommit commit);
    /// Takes out the rows that `changes` is about to overwrite: they have to be written before it, because it may be
    /// refused.
    std::vector<PendingCommit> take_touched(const std::vector<Change>& changes);
    /// Takes out all rows, in the order in which their keys came.
    std::vector<PendingCommit> take_all();
    /// Takes out the rows of one table, and everything when rows of it belong together with others.
    std::vector<PendingCommit> take_table(std::string_view table);
    /// How many rows of `table` wait.
    std::size_t size_of(const TableSpec* table) const noexcept;
    /// True when all of `changes` would replace waiting rows.
    bool replaces_all(const std::vector<Change>& changes) const noexcept;

    bool empty() const noexcept { return index_.empty(); }
    std::size_t size() const noexcept { return index_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }
    /// When the oldest of the waiting rows came. REQUIRES: !empty().
    Instant oldest() const noexcept { return oldest_; }

private:
    struct Row {
        Change change;
        std::vector<std::shared_ptr<Waiter>> waiters;
        std::string actor;
        Instant since;
        bool together = false;  ///< belongs to a commit of several changes
        bool taken = false;
    };
    struct Key {
        const TableSpec* table;
        std::string_view key;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept {
            return std::hash<std::string_view>()(key.key) ^ (std::hash<const void*>()(key.table) << 1U);
        }
    };
    void insert(Change change, std::vector<std::shared_ptr<Waiter>> waiters, bool together, Instant since,
                const std::string& actor);
    static PendingCommit to_commit(Row row);
    PendingCommit take(Row& row);

    std::deque<Row> rows_;  // a deque: the index points into the texts of its rows
    std::unordered_map<Key, Row*, KeyHash> index_;
    std::unordered_map<const TableSpec*, std::size_t> sizes_;
    std::size_t bytes_ = 0;
    Instant oldest_{};
};

}  // namespace cairn::core
