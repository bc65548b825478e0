#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include <cairn/metrics.hpp>
#include <cairn/storage.hpp>

#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// Metrics and statistics of the engine. Calls are [any] unless they say otherwise.
class EngineFigures {
public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit EngineFigures(Metrics& metrics);

    /// Which tables there are. [control], before any other thread calls anything.
    void set_tables(std::span<const TableSpec* const> tables);

    /// Rows of a table that are on their way to the store, coalesced ones that still wait for their flush not counted.
    void rows_queued(const std::vector<Change>& changes) noexcept;
    void rows_settled(const std::vector<Change>& changes, bool in_store) noexcept;
    /// Commits that a transaction put into the store.
    void commits_applied(std::size_t count) noexcept { processed_.fetch_add(count, std::memory_order_relaxed); }
    /// The mean time to the answer moves towards that of these commits.
    void answered(std::span<const PendingCommit> group, Instant now);

    std::uint64_t processed() const noexcept { return processed_.load(std::memory_order_relaxed); }
    double average_latency() const;  ///< ms
    struct TableFigures {
        const TableSpec* table = nullptr;
        std::atomic<std::int64_t> queued{0};
        std::atomic<std::uint64_t> processed{0};
    };
    const std::deque<TableFigures>& tables() const noexcept { return tables_; }

    Counter& committed;
    Counter& refused;
    Counter& unavailable;
    Counter& repeated;
    Counter& replaced;
    Counter& rows;
    Counter& transactions;
    Counter& dead_letters;
    Counter& retries;
    Counter& groups;
    Counter& operations_forgotten;
    Gauge& queued;
    Gauge& behind;
    Gauge& backlog_bytes;
    Gauge& operations;
    Gauge& journal_bytes;
    Gauge& disk_free;
    Histogram& group_size;
    Histogram& sync_seconds;
    Histogram& apply_seconds;
    Histogram& seconds;

private:
    TableFigures* find(const TableSpec* table) noexcept;

    std::deque<TableFigures> tables_;  // a deque: atomics do not move
    std::unordered_map<const TableSpec*, TableFigures*> index_;
    std::atomic<std::uint64_t> processed_{0};
    mutable std::mutex mutex_;
    double average_latency_ = 0;  // ms, exponentially weighted
};

}  // namespace cairn::core
