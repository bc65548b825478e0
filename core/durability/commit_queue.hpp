#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/metrics.hpp>
#include <cairn/services/store.hpp>
#include <cairn/storage.hpp>
#include <cairn/task.hpp>

namespace cairn::core {

class Journal;

/// Space on the disk of a folder, in bytes.
struct DiskSpace {
    std::uint64_t total = 0;
    std::uint64_t free = 0;
};

/// The engine between spaces and the store (architecture section 6).
///
/// A commit is admitted, written to the journal together with others (one fdatasync per group), answered (`ack:
/// journal`), and later put into the store together with many others, of each key only the newest row, in one
/// transaction with the watermark (then answered with `ack: store`). Coalesced rows wait at most `coalesce` before they
/// go the same way, only the newest of each key; a durable commit that touches the same key goes behind them.
///
/// While the store is away, what `on_storage_failure` says happens; whatever is in the journal is answered from there.
/// Commits that the store does not hold yet stay in memory within `backlog_bytes`, beyond that they are read back from
/// the journal. A commit that a constraint refuses is found by halving; its neighbours are applied, it goes to the
/// dead letters, and whoever still waits hears Error(conflict).
///
/// Completions run on threads of the engine, refusals on the calling thread before commit() returns, those of queries
/// in the storage lane; who wants a strand wraps them. Their messages may be shown to players: they name no path and no
/// SQL; trouble() and the log do. A commit that is larger than the queue, or than an entry of the journal (1 GiB),
/// hears Error(too_large): it would never get in.
class CommitQueue final : public Storage {
public:
    /// When a commit is answered.
    enum class Ack : std::uint8_t { journal, store };
    /// What happens to durable commits while the store is away.
    enum class OnStorageFailure : std::uint8_t {
        spool,     ///< they go on, from the journal
        readonly,  ///< they are refused, Error(unavailable)
        stop,      ///< Options::on_stop is called
    };
    struct Options {
        Ack ack = Ack::journal;
        std::size_t group = 512;  ///< commits per write to the journal at most
        std::size_t group_bytes = 1u << 20;
        Duration wait{2};        ///< how long a small group (< 8) waits when others are in flight; 0 when idle
        Duration coalesce{100};  ///< P101
        std::size_t queue_commits = 100000;  ///< admission: beyond, Error(unavailable) at once
        std::size_t queue_bytes = 64u << 20;
        Duration apply_every{100};     ///< the store is written to so long after the oldest change
        std::size_t apply_rows = 100;  ///< or as soon as so many changes wait; 0: the time alone decides
        OnStorageFailure on_storage_failure = OnStorageFailure::spool;
        std::size_t backlog_bytes = 32u << 20;
        Duration remember_for{24 * 3600 * 1000};  ///< operation ids
        std::size_t remember_bytes = 64u << 20;
        std::vector<std::string> audit;       ///< tables whose batches say who changed each row
        bool allow_loss = false;              ///< start although acknowledged commits cannot be reached
        std::string journal_folder;           ///< where the journal given to start() lies
        std::uint64_t journal_max_bytes = 0;  ///< above, the oldest of what the store holds is deleted; 0: never
        Duration retry_min{100};  ///< first pause before a store that failed is tried again; doubles, with jitter
        Duration retry_max{5000};
        Duration retry_full{1000};    ///< pause before a full disk is tried again
        Duration look_at_disk{1000};  ///< how often the free space is looked at
        bool threads = true;          ///< false: nothing happens by itself, turn() does it. For hosts without threads
        /// Every row of a table, of a store that reads no SQL: selections and additions are then worked out over them.
        /// Called where the store would be asked; throws what the store would throw. Empty: the store is asked in SQL.
        std::function<Rows(const TableSpec& table)> rows;
        /// Hears once, on a thread of the engine, that the store is damaged or the journal has failed: nothing is
        /// acknowledged any more, and the process should end (exit code 75).
        std::function<void(const std::string& why)> on_damage;
        /// Hears once that the store is away, with OnStorageFailure::stop.
        std::function<void(const std::string& why)> on_stop;
        /// Free space where the journal lies; empty: asks the system. For tests.
        std::function<std::optional<DiskSpace>()> disk_space;
        /// Called with "append" and "sync" before each; what it throws counts as thrown by the journal. For tests.
        std::function<void(const char* call)> before_journal;
    };
    CommitQueue(Options options, Background& background, const Clock& clock, Metrics& metrics);
    /// As a crash would: what is journaled is there, nothing is flushed, unless stop() was called.
    ~CommitQueue() override;

    /// Begins with `store`, which is open, migrated and bound to `tables`, and with `journal`, which was opened with
    /// {watermark + 1, watermark}. Returns when the store holds all that the journal does. Throws Error that says
    /// what is in the way: another database's journal, commits that cannot be reached, a table that nobody declares, a
    /// store that does not take them. Commits before that are refused. Both live until stop() has returned. [control]
    void start(services::Store& store, Journal& journal, std::span<const TableSpec* const> tables);
    /// Refuses new commits, journals and applies everything queued, notes the clean end, joins the threads. When the
    /// store is away, what it lacks stays in the journal for the next start. [control]
    void stop();

    /// Calls `then` once the store holds everything that was admitted before, coalesced rows included;
    /// Error(unavailable) when that fails. `then` runs on a thread of the engine. [any]
    void flush(Then<Done> then);
    /// As flush, for the coalesced rows of one table alone (and what was admitted before them). P102. [any]
    void flush(std::string_view table, Then<Done> then);
    /// Waits for flush(); throws its Error. Not on a thread of the engine. [worker] [control]
    void flush_and_wait();

    /// Without threads: writes one group to the journal, brings one batch to the store, as far as they are due now, on
    /// the calling thread; completions run in here. False when there was nothing to do. Never waits. [control]
    bool turn();

    /// Calls `work` on the thread that writes to the store, between two batches (vacuum and the like); what it throws
    /// goes to `then`, which runs on that thread. [any]
    void between_batches(std::function<void(services::Store&)> work, Then<Done> then);

    /// {processed, queued, averageLatency} as P291 spells it (commits in the store, commits not yet there, ms),
    /// queues {table: {processed, queued}}, journal {seq, durable, bytes}, store {watermark, behind}. [any]
    Document statistics() const;
    /// Empty while everything works, else what does not. [any]
    std::string trouble() const;

    void commit(Commit commit, Then<Committed> then) override;
    void query(Query query, Then<Rows> then) override;
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override;
    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override;
    void count(Selection selection, Then<std::int64_t> then) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
