#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/storage.hpp>

#include "core/durability/answers.hpp"
#include "core/durability/coalescer.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/engine_condition.hpp"
#include "core/durability/engine_figures.hpp"
#include "core/durability/operation_memory.hpp"
#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// The door of the engine: takes commits in within the budget, or refuses them at once; keeps coalesced rows until they
/// are due; knows which operations have been there before; hands groups to the journal's writer.
class Admission {
public:
    using Instant = std::chrono::steady_clock::time_point;

    Admission(const CommitQueue::Options& options, const Clock& clock, EngineCondition& condition,
              EngineFigures& figures);

    /// As CommitQueue::commit. [any]
    void submit(Commit commit, Then<Committed> then);
    /// Lets commits in, but for those that add to a number when `no_additions` says why they cannot be. [control]
    void open(std::optional<Error> no_additions = std::nullopt);
    /// Lets nothing in any more and makes everything due. [control]
    void close();
    /// True between open() and close(). [any]
    bool is_open() const;
    /// Makes the coalesced rows (of one table; empty: of all) due now. Returns the number of the last commit admitted
    /// so far, as settled() counts them. [any]
    std::uint64_t push(std::string_view table);
    /// Refuses everything that waits, and what comes, with `error`. [any]
    void refuse_all(const Error& error);
    /// Commits and coalesced rows that wait for the journal or, with ack: store, for the store. [any]
    std::size_t waiting() const;
    std::size_t waiting_coalesced(const TableSpec* table) const;

    // ---- the journal's writer
    /// Waits until a group is there, poke() or `until`, and takes it out; may return none. `hold`: nothing is taken
    /// before that time (the disk is full). Returns false when it is closed and nothing waits any more.
    bool take_group(std::vector<PendingCommit>& group, Instant until, Instant hold);
    void poke();
    /// Nothing of the group could be written: durable commits are refused with `error`, coalesced rows wait again.
    void put_back(std::vector<PendingCommit>& group, const Error& error, Answers& answers);
    /// How many of the admitted commits have been journaled or refused. [any]
    std::uint64_t settled() const;
    /// The group is in the journal: its numbers are settled.
    void journaled(std::size_t count);

    // ---- whoever answers
    /// Those of `group` that are not answered yet are, and their operations are remembered; what they took of the
    /// budget is free again. [any]
    void commit_all(std::span<PendingCommit> group, Answers& answers);
    /// Frees the budget of a commit that the store refuses for good, answers it unless it has been, and forgets its
    /// operation. [any]
    void refuse(PendingCommit& commit, const Error& error, Answers& answers);
    /// Found in the journal at the start. [control]
    void remember(std::string_view actor, std::string_view operation, std::uint64_t seq, std::string_view answer,
                  Instant since);
    /// The disk has been full; nothing durable is let in until then.
    void refuse_until(Instant until);

private:
    std::optional<Error> not_now(const Commit& commit, std::size_t bytes) const;
    void enqueue(PendingCommit commit);
    bool flush_due() const;
    void take(std::vector<PendingCommit>& group);
    Then<Committed> noting(const OperationKey& key, std::string answer, Then<Committed> then);
    void report_forgotten();

    const CommitQueue::Options& options_;
    const Clock& clock_;
    EngineCondition& condition_;
    EngineFigures& figures_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<PendingCommit> queue_;
    Coalescer coalescer_;
    OperationMemory operations_;
    std::size_t pending_ = 0;        ///< in the queue and not answered yet
    std::size_t pending_bytes_ = 0;  ///< the same
    std::uint64_t admitted_ = 0;     ///< ever put into the queue
    std::uint64_t settled_ = 0;      ///< of these journaled or refused
    std::size_t expected_ = 0;       ///< how many came together last time: how many to wait for
    Instant answered_at_{};          ///< when those were answered
    Instant refuse_until_{};
    std::optional<Error> refuse_with_;
    std::optional<Error> no_additions_;
    bool opened_ = false;
    bool closed_ = false;
    bool poked_ = false;
    bool forgot_logged_ = false;
};

}  // namespace cairn::core
