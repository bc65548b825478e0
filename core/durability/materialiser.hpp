#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/services/store.hpp>
#include <cairn/storage.hpp>

#include "core/durability/admission.hpp"
#include "core/durability/answers.hpp"
#include "core/durability/catch_up.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/engine_condition.hpp"
#include "core/durability/engine_figures.hpp"
#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// Puts what is in the journal into the store: waits until enough has come together, takes many commits at once, and of
/// each key the newest row. Waits for a store that is away, reads back from the journal what memory could not keep,
/// finds the commit that a constraint refuses.
class Materialiser {
public:
    using Instant = std::chrono::steady_clock::time_point;
    /// Empty: it went well.
    using Outcome = std::optional<Error>;
    /// Writes into the journal that a commit is refused for good. False: not possible (any more).
    using NoteRefusal = std::function<bool(std::uint64_t seq, const std::string& reason)>;

    Materialiser(const CommitQueue::Options& options, const Clock& clock, EngineCondition& condition,
                 EngineFigures& figures, Admission& admission);
    ~Materialiser();

    /// What to work with; the store holds commits up to `applied`. [control]
    void set_up(services::Store& store, std::span<const TableSpec* const> tables, std::uint64_t applied,
                NoteRefusal note_refusal);
    const TableNames& tables() const noexcept { return *tables_; }
    /// Applies what the journal holds from `from` to `last`, on the calling thread. `refused`: those go to the dead
    /// letters. Throws Error when the store does not take it. [control]
    void replay(std::uint64_t from, std::uint64_t last, std::map<std::uint64_t, std::string> refused);
    /// Starts the thread. [control]
    void start(NoteRefusal note_refusal);

    /// `group` is in the journal; those that need not wait for the store are answered. [the journal's writer]
    void hand_over(std::vector<PendingCommit>& group, Answers& answers);
    /// Calls `then` once the store holds the commits up to `seq`, soon; at once when it does already or cannot. [any]
    void when_applied(std::uint64_t seq, std::function<void(Outcome)> then);
    /// Calls `work` on the writer thread, between two batches. [any]
    void between_batches(std::function<void(services::Store&)> work, Then<Done> then);
    /// Applies what is left, then the thread ends; when the store is away, at once after a last try. [control] or the
    /// journal's writer
    void finish();
    /// Ends without applying anything more; who waits hears `error`. [any]
    void abandon(const Error& error);
    void join();  ///< [control]
    /// Without a thread (Options::threads): what one round of it does, now and without waiting. False: nothing is due.
    bool turn();

    /// The last commit that the store holds. [any]
    std::uint64_t applied() const noexcept { return applied_.load(std::memory_order_acquire); }
    /// The last one handed over. [any]
    std::uint64_t handed_over() const noexcept { return handed_over_.load(std::memory_order_acquire); }

private:
    struct Barrier {
        std::uint64_t seq;
        std::function<void(Outcome)> then;
    };
    struct Job {
        std::function<void(services::Store&)> work;
        Then<Done> then;
    };

    void run();
    bool wait_for_work();
    bool due(Instant now) const;
    bool take_batch();
    bool apply_batch();
    /// True: the whole range is in the store (or in the dead letters). False: it has to be halved.
    bool apply_range(std::span<PendingCommit> range);
    bool bury(PendingCommit& commit, std::string reason);
    void settle(std::span<PendingCommit> range);
    /// False: give up, or, without a thread, come back at `again_`.
    bool wait_for_store(const Error& error, Instant begun);
    void open_breaker(const std::string& why);
    void store_is_back();
    void damaged(const std::string& why);
    void run_jobs();
    void serve_barriers();
    void fail_barriers(const Error& error);
    void end_of_thread();

    const CommitQueue::Options& options_;
    const Clock& clock_;
    EngineCondition& condition_;
    EngineFigures& figures_;
    Admission& admission_;
    services::Store* store_ = nullptr;
    std::unique_ptr<TableNames> tables_;
    std::vector<const TableSpec*> audited_;
    NoteRefusal note_refusal_;
    std::thread thread_;
    std::atomic<std::uint64_t> applied_{0};
    std::atomic<std::uint64_t> handed_over_{0};

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<PendingCommit> backlog_;
    std::size_t backlog_bytes_ = 0;
    std::size_t backlog_rows_ = 0;
    bool spilled_ = false;      ///< what has been handed over has to be read back from the journal
    std::uint64_t wanted_ = 0;  ///< somebody waits for the store to hold this one
    std::vector<Barrier> barriers_;
    std::vector<Job> jobs_;
    bool finishing_ = false;
    bool ended_ = false;
    std::optional<Error> abandoned_;

    // Only the thread that applies:
    std::vector<PendingCommit> batch_;
    std::size_t rows_at_once_;
    std::optional<CatchUp> catch_up_;
    std::uint64_t complete_to_ = 0;
    std::map<std::uint64_t, std::string> refused_;  ///< in the journal as such, not yet in the dead letters
    bool replaying_ = false;
    std::optional<Instant> again_;  ///< without a thread: the store is away, and `batch_` is tried again then
    int failures_ = 0;              ///< in a row
    int tries_at_end_ = 0;
    Duration pause_{0};
    Instant failing_since_{};
    Instant outage_logged_{};
    std::minstd_rand random_;
};

}  // namespace cairn::core
