#include "core/durability/admission.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/durability/addition.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kSmallGroup = 8;      // reliability.md 5.3: fewer wait for company
constexpr std::size_t kEarlyFlushPart = 4;  // coalesced rows of a quarter of the budget are flushed before their time
constexpr std::size_t kLongestOperation = 128;
constexpr std::size_t kLongestAnswer = 1024;
constexpr std::size_t kLargestEntry = 1u << 30;  // of the journal

/// At most so many bytes of the journal: its entry has some numbers beside the texts (journal_format.hpp).
std::size_t entry_bytes(const Commit& commit) noexcept {
    constexpr std::size_t kNumbers = 12;  // of a change
    constexpr std::size_t kRest = 4096;   // the head, and the names of a few tables
    std::size_t bytes = commit.actor().size() + commit.operation().size() + commit.answer().size() + kRest;
    for (const Change& change : commit.changes()) bytes += change.key.size() + change.row.size() + kNumbers;
    return bytes;
}

std::optional<Error> badly_formed(const Commit& commit, std::size_t bytes, std::size_t budget) {
    // It would not get in however long one waits, or not into the journal, which must not fail for that.
    if (bytes > budget || (bytes > kLargestEntry && entry_bytes(commit) >= kLargestEntry)) {
        return Error(Code::too_large, "these are too many changes to be kept as one: make them in smaller parts");
    }
    if (commit.operation().size() > kLongestOperation) {
        return Error(Code::invalid_field, "an operation id has at most 128 bytes").at("op");
    }
    if (commit.answer().size() > kLongestAnswer) {
        return Error(Code::invalid_field, "the answer kept with an operation has at most 1 KiB").at("answer");
    }
    return std::nullopt;
}

}  // namespace

Admission::Admission(const CommitQueue::Options& options, const Clock& clock, EngineCondition& condition,
                     EngineFigures& figures)
    : options_(options),
      clock_(clock),
      condition_(condition),
      figures_(figures),
      operations_(options.remember_for, options.remember_bytes) {}

void Admission::open(std::optional<Error> no_additions) {
    const std::lock_guard lock(mutex_);
    no_additions_ = std::move(no_additions);
    opened_ = true;
}

void Admission::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_all();
}

bool Admission::is_open() const {
    const std::lock_guard lock(mutex_);
    return opened_ && !closed_;
}

std::optional<Error> Admission::not_now(const Commit& commit, std::size_t bytes) const {
    if (!opened_) return Error(Code::unavailable, "the server is starting: try again soon");
    if (closed_) return Error(Code::unavailable, "the server is stopping");
    if (refuse_with_) return refuse_with_;
    if (no_additions_ && AdditionResolver::needed(commit.changes())) return no_additions_;
    const bool coalesced = commit.durability() == Durability::coalesced;
    if (!coalesced) {
        if (condition_.store_away() && options_.on_storage_failure != CommitQueue::OnStorageFailure::spool) {
            return Error(Code::unavailable, "the store takes no changes at the moment: try again soon")
                .retry_after(options_.retry_max);
        }
        if (condition_.disk_low()) {
            return Error(Code::unavailable, "the disk is almost full: try again later")
                .retry_after(options_.retry_full);
        }
        if (condition_.journal_full() && clock_.steady() < refuse_until_) {
            return Error(Code::unavailable, "the disk is full: try again later").retry_after(options_.retry_full);
        }
    }
    const bool full = pending_ + coalescer_.size() >= options_.queue_commits ||
                      pending_bytes_ + coalescer_.bytes() + bytes > options_.queue_bytes;
    // Rows that take the place of waiting ones need no more room, but those who wait for them do.
    const bool crowded = pending_bytes_ + coalescer_.bytes() > 2 * options_.queue_bytes;
    if (full && (crowded || !(coalesced && coalescer_.replaces_all(commit.changes())))) {
        return Error(Code::unavailable, "too many changes wait for the store: try again soon")
            .retry_after(options_.retry_min);
    }
    return std::nullopt;
}

/// A coalesced commit loses itself among others; its operation is remembered by whoever answers it.
Then<Committed> Admission::noting(const OperationKey& key, std::string answer, Then<Committed> then) {
    return [this, key, answer = std::move(answer), then = std::move(then)](Result<Committed> result) {
        std::vector<Then<Committed>> waited;
        {
            const std::lock_guard lock(mutex_);
            waited =
                result ? operations_.commit(key, result.value().seq, answer, clock_.steady()) : operations_.refuse(key);
        }
        for (const Then<Committed>& other : waited) {
            if (result)
                other(Committed{result.value().seq, true, answer});
            else
                other(result.error());
        }
        if (then) then(std::move(result));
    };
}

void Admission::enqueue(PendingCommit commit) {
    ++admitted_;
    ++pending_;
    pending_bytes_ += commit.bytes;
    figures_.rows_queued(commit.changes);
    queue_.push_back(std::move(commit));
}

void Admission::submit(Commit commit, Then<Committed> then) {
    if (commit.durability() == Durability::transient) {
        if (then) then(Committed{});
        return;
    }
    const std::size_t bytes = weight(commit);
    std::optional<Error> refusal = badly_formed(commit, bytes, options_.queue_bytes);
    std::optional<Committed> before;
    if (!refusal) {
        const bool named = !commit.operation().empty();
        const OperationKey key = named ? operations_.key(commit.actor(), commit.operation()) : OperationKey{};
        const Instant now = clock_.steady();
        const std::lock_guard lock(mutex_);
        Committed known;
        const auto seen = named ? operations_.look(key, known) : OperationMemory::Seen::never;
        if (seen == OperationMemory::Seen::in_flight) {
            operations_.wait(key, std::move(then));
            figures_.repeated.add();
            return;
        }
        if (seen == OperationMemory::Seen::committed)
            before = std::move(known);
        else
            refusal = not_now(commit, bytes);
        if (!before && !refusal) {
            if (named) operations_.begin(key);
            if (commit.durability() == Durability::coalesced && !commit.empty() &&
                coalescer_.mergeable(commit.changes())) {
                if (named) then = noting(key, commit.answer(), std::move(then));
                std::shared_ptr<Waiter> waiter;
                if (then) {
                    waiter = std::make_shared<Waiter>();
                    waiter->then = std::move(then);
                }
                const bool first = coalescer_.empty();
                const std::size_t replaced =
                    coalescer_.add(std::move(commit.changes()), std::move(waiter), now, commit.actor());
                if (replaced > 0) figures_.replaced.add(static_cast<double>(replaced));
                if (first) wake_.notify_one();
                return;
            }
            for (PendingCommit& earlier : coalescer_.take_touched(commit.changes())) enqueue(std::move(earlier));
            PendingCommit entry;
            entry.changes = std::move(commit.changes());
            entry.then = std::move(then);
            entry.actor = commit.actor();
            entry.operation = commit.operation();
            entry.answer = commit.answer();
            entry.operation_key = key;
            entry.bytes = bytes;
            entry.submitted = now;
            enqueue(std::move(entry));
            // The writer looks again by itself after a group; it needs waking for the first and for a full house.
            if (queue_.size() <= kSmallGroup) wake_.notify_one();
            return;
        }
    }
    if (before) {
        figures_.repeated.add();
        if (then) then(std::move(*before));
        return;
    }
    figures_.unavailable.add();
    if (then) then(*refusal);
}

std::uint64_t Admission::push(std::string_view table) {
    const std::lock_guard lock(mutex_);
    for (PendingCommit& row : table.empty() ? coalescer_.take_all() : coalescer_.take_table(table)) {
        enqueue(std::move(row));
    }
    wake_.notify_one();
    return admitted_;
}

void Admission::refuse_all(const Error& error) {
    Answers answers;
    {
        const std::lock_guard lock(mutex_);
        refuse_with_ = error;
        for (PendingCommit& row : coalescer_.take_all()) enqueue(std::move(row));
        for (PendingCommit& commit : queue_) {
            figures_.rows_settled(commit.changes, false);
            answers.refused(commit, error);
        }
        figures_.unavailable.add(static_cast<double>(queue_.size()));
        settled_ += queue_.size();
        pending_ -= queue_.size();
        for (const PendingCommit& commit : queue_) pending_bytes_ -= commit.bytes;
        queue_.clear();
        for (Then<Committed>& waited : operations_.abandon()) answers.refused(std::move(waited), error);
        wake_.notify_all();
    }
    answers.give(clock_.steady(), figures_.seconds);
}

std::size_t Admission::waiting() const {
    const std::lock_guard lock(mutex_);
    return pending_ + coalescer_.size();
}

std::size_t Admission::waiting_coalesced(const TableSpec* table) const {
    const std::lock_guard lock(mutex_);
    return coalescer_.size_of(table);
}

// ------------------------------------------------------------------------------------------------ the journal's writer

bool Admission::flush_due() const {
    if (coalescer_.empty()) return false;
    if (closed_) return true;
    if (condition_.disk_low()) return false;  // they may wait, and cost least so
    return coalescer_.bytes() > options_.queue_bytes / kEarlyFlushPart ||
           clock_.steady() >= coalescer_.oldest() + options_.coalesce;
}

bool Admission::take_group(std::vector<PendingCommit>& group, Instant until, Instant hold) {
    group.clear();
    std::unique_lock lock(mutex_);
    for (;;) {
        const Instant now = clock_.steady();
        const bool held = now < hold && !closed_;
        if (!held && (flush_due() || !queue_.empty())) break;
        if (closed_ && queue_.empty() && coalescer_.empty()) return false;
        if (std::exchange(poked_, false) || now >= until) return true;
        Instant next = until;
        if (held) next = std::min(next, hold);
        if (!coalescer_.empty() && !condition_.disk_low()) {
            const Instant due = std::max(coalescer_.oldest() + options_.coalesce, held ? hold : Instant{});
            next = std::min(next, due);
        }
        wake_.wait_for(lock, std::max(next - now, Instant::duration(1000)));
    }
    // Others were here a moment ago and have just been answered: their next commits are on the way.
    const bool idle = clock_.steady() - answered_at_ > 2 * options_.wait;
    const std::size_t company = idle ? 0 : std::min(expected_, kSmallGroup);
    if (queue_.size() < company && !closed_) {
        wake_.wait_for(lock, options_.wait, [&] { return closed_ || poked_ || queue_.size() >= company; });
    }
    poked_ = false;
    take(group);
    return true;
}

void Admission::take(std::vector<PendingCommit>& group) {
    if (flush_due()) {
        for (PendingCommit& row : coalescer_.take_all()) enqueue(std::move(row));
    }
    std::size_t bytes = 0;
    expected_ = 0;
    while (!queue_.empty() && group.size() < options_.group) {
        bytes += queue_.front().bytes;
        if (bytes > options_.group_bytes && !group.empty()) break;
        if (!queue_.front().coalesced) ++expected_;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    figures_.queued.set(static_cast<double>(queue_.size() + coalescer_.size()));
}

void Admission::poke() {
    const std::lock_guard lock(mutex_);
    poked_ = true;
    wake_.notify_all();
}

void Admission::put_back(std::vector<PendingCommit>& group, const Error& error, Answers& answers) {
    const std::lock_guard lock(mutex_);
    // What is queued behind would only wait for the same refusal. The newest first: restore() leaves alone what is
    // there already.
    std::vector<PendingCommit> undone(std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
    undone.insert(undone.end(), std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
    group.clear();
    queue_.clear();
    settled_ += undone.size();
    pending_ -= undone.size();
    for (const PendingCommit& commit : undone) {
        pending_bytes_ -= commit.bytes;
        figures_.rows_settled(commit.changes, false);
    }
    std::size_t refused = 0;
    for (auto commit = undone.rbegin(); commit != undone.rend(); ++commit) {
        if (commit->coalesced && !closed_) coalescer_.restore(std::move(*commit));
    }
    for (PendingCommit& commit : undone) {
        if (commit.coalesced && !closed_) continue;
        ++refused;
        if (!commit.operation.empty()) {
            for (Then<Committed>& waited : operations_.refuse(commit.operation_key)) {
                answers.refused(std::move(waited), error);
            }
        }
        answers.refused(commit, error);
    }
    figures_.unavailable.add(static_cast<double>(refused));
}

std::uint64_t Admission::settled() const {
    const std::lock_guard lock(mutex_);
    return settled_;
}

void Admission::journaled(std::size_t count) {
    const std::lock_guard lock(mutex_);
    settled_ += count;
    answered_at_ = clock_.steady();
}

// ------------------------------------------------------------------------------------------------------ whoever
// answers

void Admission::commit_all(std::span<PendingCommit> group, Answers& answers) {
    const Instant now = clock_.steady();
    std::size_t count = 0;
    {
        const std::lock_guard lock(mutex_);
        for (PendingCommit& commit : group) {
            if (commit.answered) continue;
            ++count;
            --pending_;
            pending_bytes_ -= commit.bytes;
            answers.committed(commit);
            if (commit.operation.empty()) continue;
            std::vector<Then<Committed>> waited =
                operations_.commit(commit.operation_key, commit.seq, commit.answer, now);
            for (Then<Committed>& then : waited) {
                answers.repeated(std::move(then), Committed{commit.seq, true, commit.answer});
            }
        }
        answered_at_ = now;
        report_forgotten();
    }
    if (count == 0) return;
    figures_.committed.add(static_cast<double>(count));
    figures_.answered(group, now);
}

void Admission::refuse(PendingCommit& commit, const Error& error, Answers& answers) {
    const std::lock_guard lock(mutex_);
    if (!commit.answered) {
        --pending_;
        pending_bytes_ -= commit.bytes;
    }
    if (!commit.operation.empty()) {
        // What was read back from the journal comes without its key.
        for (Then<Committed>& waited : operations_.refuse(operations_.key(commit.actor, commit.operation))) {
            answers.refused(std::move(waited), error);
        }
    }
    answers.refused(commit, error);
}

void Admission::remember(std::string_view actor, std::string_view operation, std::uint64_t seq, std::string_view answer,
                         Instant since) {
    const std::lock_guard lock(mutex_);
    static_cast<void>(operations_.commit(operations_.key(actor, operation), seq, std::string(answer), since));
    report_forgotten();
}

void Admission::refuse_until(Instant until) {
    const std::lock_guard lock(mutex_);
    refuse_until_ = until;
}

/// REQUIRES: mutex_ held.
void Admission::report_forgotten() {
    figures_.operations.set(static_cast<double>(operations_.size()));
    const std::size_t forgotten = operations_.take_forgotten_early();
    if (forgotten == 0) return;
    figures_.operations_forgotten.add(static_cast<double>(forgotten));
    if (std::exchange(forgot_logged_, true)) return;
    core_log().warning("operation ids are forgotten before their time: one that comes again late is applied again",
                       {{"remembered", operations_.size()},
                        {"cure", "raise durability.remember_bytes or lower durability.remember_operations"}});
}

}  // namespace cairn::core
