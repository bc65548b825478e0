#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <cairn/clock.hpp>

#include "core/durability/admission.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/engine_condition.hpp"
#include "core/durability/engine_figures.hpp"
#include "core/durability/journal.hpp"
#include "core/durability/materialiser.hpp"

namespace cairn::core {

/// The only one that writes to the journal: takes groups from the door, makes each durable with one sync, hands it over
/// to the materialiser and gives the answers that need not wait for the store.
class GroupWriter {
public:
    using Instant = std::chrono::steady_clock::time_point;

    GroupWriter(const CommitQueue::Options& options, const Clock& clock, EngineCondition& condition,
                EngineFigures& figures, Admission& admission, Materialiser& materialiser);
    ~GroupWriter();

    void set_up(Journal& journal) noexcept { journal_ = &journal; }
    /// Notes on the calling thread that a commit is refused. Throws JournalError. [control], before start()
    void note_refusal_now(std::uint64_t seq, const std::string& reason);
    void start();  ///< [control]
    /// Without a thread (Options::threads): what one round of it does, now and without waiting. False: nothing was to be
    /// done.
    bool turn();
    /// The same from the materialiser, by way of the writer's thread; returns when it is durable. False: the journal
    /// has failed, or this ends while it is full.
    bool note_refusal(std::uint64_t seq, const std::string& reason);
    /// Calls `then` once the store holds what had been admitted when Admission::push() gave `ticket`. [any]
    void when_stored(std::uint64_t ticket, std::function<void(Materialiser::Outcome)> then);
    /// Waits until everything admitted is in the journal or refused. REQUIRES: the door is closed. [control]
    void wait_drained();
    /// Ends and joins the thread. REQUIRES: the door is closed, the materialiser has ended. [control]
    void finish();

private:
    struct Refusal {
        std::uint64_t seq;
        std::string reason;
        bool done = false;
        bool failed = false;
    };
    struct Flush {
        std::uint64_t ticket;
        std::function<void(Materialiser::Outcome)> then;
    };

    void run();
    void write(std::vector<PendingCommit>& group);
    void append_and_sync(std::span<const JournalEntry> entries);
    void encode(std::vector<PendingCommit>& group);
    void probe();
    void write_refusals(bool last_chance);
    void fail(const std::string& why);
    void full(const std::string& why);
    void has_room();
    void serve_flushes();
    void fail_flushes(const Error& error);
    void look_at_disk();
    bool prune(std::uint64_t above);
    std::int64_t now_us();

    const CommitQueue::Options& options_;
    const Clock& clock_;
    EngineCondition& condition_;
    EngineFigures& figures_;
    Admission& admission_;
    Materialiser& materialiser_;
    Journal* journal_ = nullptr;
    std::thread thread_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Refusal*> refusals_;
    std::vector<Flush> flushes_;
    bool drained_ = false;
    bool finish_ = false;
    bool ended_ = false;

    // Only the writer's thread:
    std::vector<JournalEntry> entries_;
    Instant hold_{};  ///< nothing is written before: the disk was full
    Instant look_{};
    std::int64_t last_us_ = 0;
    bool disk_warned_ = false;
};

}  // namespace cairn::core
