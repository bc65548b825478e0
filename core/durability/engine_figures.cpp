#include "core/durability/engine_figures.hpp"

namespace cairn::core {
namespace {

constexpr const char* kCommitsHelp = "Commits and coalesced rows by what became of them";

}  // namespace

EngineFigures::EngineFigures(Metrics& metrics)
    : committed(metrics.counter("cairn_storage_commits_total", kCommitsHelp, {{"result", "committed"}})),
      refused(metrics.counter("cairn_storage_commits_total", kCommitsHelp, {{"result", "refused"}})),
      unavailable(metrics.counter("cairn_storage_commits_total", kCommitsHelp, {{"result", "unavailable"}})),
      repeated(metrics.counter("cairn_storage_commits_total", kCommitsHelp, {{"result", "repeated"}})),
      replaced(metrics.counter("cairn_storage_coalesced_total", "Coalesced rows that took the place of a waiting one")),
      rows(metrics.counter("cairn_storage_rows_total", "Rows and tombstones written")),
      transactions(metrics.counter("cairn_storage_transactions_total", "Transactions that the store committed")),
      dead_letters(metrics.counter("cairn_storage_dead_letters_total",
                                   "Commits that the store refused for good; they are in cairn_dead_letters")),
      retries(metrics.counter("cairn_storage_retries_total", "Tries of a store that was away")),
      groups(metrics.counter("cairn_journal_groups_total", "Groups of commits that were made durable together")),
      operations_forgotten(metrics.counter("cairn_storage_operations_forgotten_total",
                                           "Operation ids that had to be forgotten before their time")),
      queued(metrics.gauge("cairn_storage_queued_commits", "Commits and coalesced rows not yet in the journal")),
      behind(metrics.gauge("cairn_storage_behind_commits", "Commits in the journal that the store does not hold yet")),
      backlog_bytes(metrics.gauge("cairn_storage_backlog_bytes", "Memory of those commits")),
      operations(metrics.gauge("cairn_storage_operations", "Operation ids that are remembered")),
      journal_bytes(metrics.gauge("cairn_journal_bytes", "Disk that the journal takes")),
      disk_free(metrics.gauge("cairn_journal_disk_free_bytes", "Free space on the disk of the journal")),
      group_size(metrics.histogram("cairn_storage_group_commits", "Commits per write to the journal",
                                   {1, 2, 4, 8, 16, 32, 64, 128, 256, 512})),
      sync_seconds(metrics.histogram("cairn_journal_sync_seconds", "Writing a group and making it durable",
                                     {0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1})),
      apply_seconds(metrics.histogram("cairn_storage_apply_seconds", "Transactions of the store",
                                      {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5})),
      seconds(metrics.histogram("cairn_storage_commit_seconds", "From the commit to its answer",
                                {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5})) {}

void EngineFigures::set_tables(std::span<const TableSpec* const> tables) {
    for (const TableSpec* table : tables) {
        TableFigures& figures = tables_.emplace_back();
        figures.table = table;
        index_.emplace(table, &figures);
    }
}

EngineFigures::TableFigures* EngineFigures::find(const TableSpec* table) noexcept {
    const auto found = index_.find(table);
    return found == index_.end() ? nullptr : found->second;
}

void EngineFigures::rows_queued(const std::vector<Change>& changes) noexcept {
    for (const Change& change : changes) {
        if (TableFigures* table = find(change.table)) table->queued.fetch_add(1, std::memory_order_relaxed);
    }
}

void EngineFigures::rows_settled(const std::vector<Change>& changes, bool in_store) noexcept {
    for (const Change& change : changes) {
        TableFigures* table = find(change.table);
        if (table == nullptr) continue;
        table->queued.fetch_sub(1, std::memory_order_relaxed);
        if (in_store) table->processed.fetch_add(1, std::memory_order_relaxed);
    }
}

void EngineFigures::answered(std::span<const PendingCommit> group, Instant now) {
    constexpr double kShare = 0.05;  // of the newest commit in the mean
    const std::lock_guard lock(mutex_);
    for (const PendingCommit& commit : group) {
        if (commit.coalesced) continue;
        const double took = std::chrono::duration<double, std::milli>(now - commit.submitted).count();
        average_latency_ += (average_latency_ == 0 ? 1.0 : kShare) * (took - average_latency_);
    }
}

double EngineFigures::average_latency() const {
    const std::lock_guard lock(mutex_);
    return average_latency_;
}

}  // namespace cairn::core
