#include "core/durability/materialiser.hpp"

#include <algorithm>
#include <utility>

#include "core/durability/addition.hpp"
#include "core/durability/batch.hpp"
#include "core/durability/dead_letter.hpp"
#include "core/loops/host_thread.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

constexpr std::size_t kFewRows = 1024;  // of a batch; it grows while there is more to do than fits
constexpr std::size_t kManyRows = 16384;
constexpr int kBreaker = 3;                             // tries, or
constexpr auto kBreakerTime = std::chrono::seconds(2);  // so long (reliability.md 5.5)
constexpr int kReplayTries = 6;
constexpr auto kLogPause = std::chrono::seconds(10);

Error away() {
    return Error(Code::unavailable, "the store cannot be reached at the moment: try again soon");
}

std::size_t rows_of(const PendingCommit& commit) noexcept {
    return commit.changes.size() + 1;  // those without changes count, too
}

}  // namespace

Materialiser::Materialiser(const CommitQueue::Options& options, const Clock& clock, EngineCondition& condition,
                           EngineFigures& figures, Admission& admission)
    : options_(options),
      clock_(clock),
      condition_(condition),
      figures_(figures),
      admission_(admission),
      rows_at_once_(kFewRows),
      random_(std::random_device{}()) {}

Materialiser::~Materialiser() {
    join();
}

void Materialiser::set_up(services::Store& store, std::span<const TableSpec* const> tables, std::uint64_t applied,
                          NoteRefusal note_refusal) {
    store_ = &store;
    tables_ = std::make_unique<TableNames>(tables);
    for (const std::string& name : options_.audit) {
        if (const TableSpec* table = tables_->find(name)) audited_.push_back(table);
    }
    applied_.store(applied);
    handed_over_.store(applied);
    note_refusal_ = std::move(note_refusal);
}

void Materialiser::start(NoteRefusal note_refusal) {
    note_refusal_ = std::move(note_refusal);
    thread_ = start_host_thread("cairn-store", [this] { run(); });
}

void Materialiser::join() {
    if (thread_.joinable()) thread_.join();
}

// ------------------------------------------------------------------------------------------------- from other threads

void Materialiser::hand_over(std::vector<PendingCommit>& group, Answers& answers) {
    if (group.empty()) return;
    const std::lock_guard lock(mutex_);
    const bool at_once = options_.ack == CommitQueue::Ack::journal || condition_.store_away() || spilled_ || ended_;
    if (at_once) admission_.commit_all(group, answers);
    handed_over_.store(group.back().seq, std::memory_order_release);
    const bool was_due = due(clock_.steady());
    const bool was_empty = backlog_.empty();
    if (!spilled_ && !ended_) {
        for (PendingCommit& commit : group) {
            backlog_bytes_ += commit.bytes;
            backlog_rows_ += rows_of(commit);
            backlog_.push_back(std::move(commit));
        }
        if (at_once && backlog_bytes_ > options_.backlog_bytes) {
            backlog_.clear();
            backlog_.shrink_to_fit();
            backlog_bytes_ = backlog_rows_ = 0;
            spilled_ = true;
        }
    }
    figures_.backlog_bytes.set(static_cast<double>(backlog_bytes_));
    figures_.behind.set(static_cast<double>(handed_over_.load() - applied_.load()));
    if (was_empty || (!was_due && due(clock_.steady()))) wake_.notify_one();
}

void Materialiser::when_applied(std::uint64_t seq, std::function<void(Outcome)> then) {
    Outcome outcome;
    {
        const std::lock_guard lock(mutex_);
        if (applied() < seq) {
            if (abandoned_ || ended_ || condition_.store_away()) {
                outcome = abandoned_ ? *abandoned_ : away();
            } else {
                wanted_ = std::max(wanted_, seq);
                barriers_.push_back({seq, std::move(then)});
                wake_.notify_one();
                return;
            }
        }
    }
    then(outcome);
}

void Materialiser::between_batches(std::function<void(services::Store&)> work, Then<Done> then) {
    {
        const std::lock_guard lock(mutex_);
        if (!ended_ && !abandoned_ && !finishing_ && (thread_.joinable() || !options_.threads)) {
            jobs_.push_back({std::move(work), std::move(then)});
            wake_.notify_one();
            return;
        }
    }
    if (then) then(Error(Code::unavailable, "the store is not open"));
}

void Materialiser::finish() {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    wake_.notify_one();
}

void Materialiser::abandon(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!abandoned_) abandoned_ = error;
    wake_.notify_one();
}

// ---------------------------------------------------------------------------------------------------------- the thread

void Materialiser::run() {
    while (wait_for_work()) {
        run_jobs();
        if (!take_batch()) continue;
        if (!apply_batch()) break;
        serve_barriers();
        bool idle = false;
        {
            const std::lock_guard lock(mutex_);
            idle = backlog_.empty() && !spilled_;
        }
        store_->maintain(idle);
    }
    end_of_thread();
}

bool Materialiser::turn() {
    bool over = false;
    {
        const std::lock_guard lock(mutex_);
        if (ended_) return false;
        const Instant now = clock_.steady();
        if (abandoned_)
            over = true;
        else if (again_ && !finishing_ && now < *again_)
            return false;
        else if (!again_ && jobs_.empty() && !due(now)) {
            if (!finishing_ || !backlog_.empty()) return false;
            over = true;
        }
    }
    if (!over) {
        run_jobs();
        if (!again_ && !take_batch()) return true;
        again_.reset();
        if (apply_batch()) {
            serve_barriers();
            bool idle = false;
            {
                const std::lock_guard lock(mutex_);
                idle = backlog_.empty() && !spilled_;
            }
            store_->maintain(idle);
            return true;
        }
        if (again_) return true;
    }
    end_of_thread();
    return true;
}

/// REQUIRES: mutex_ held.
bool Materialiser::due(Instant now) const {
    if (spilled_) return true;
    if (backlog_.empty()) return false;
    return finishing_ || options_.ack == CommitQueue::Ack::store || wanted_ > applied() ||
           (options_.apply_rows > 0 && backlog_rows_ >= options_.apply_rows) ||
           backlog_bytes_ > options_.backlog_bytes / 2 || now >= backlog_.front().submitted + options_.apply_every;
}

bool Materialiser::wait_for_work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (abandoned_) return false;
        const Instant now = clock_.steady();
        if (due(now) || !jobs_.empty()) return true;
        if (finishing_ && backlog_.empty()) return false;
        if (backlog_.empty())
            wake_.wait(lock);
        else
            wake_.wait_for(lock, std::max(backlog_.front().submitted + options_.apply_every - now,
                                          Instant::duration(std::chrono::microseconds(100))));
    }
}

bool Materialiser::take_batch() {
    batch_.clear();
    bool spilled = false;
    {
        const std::lock_guard lock(mutex_);
        spilled = spilled_;
        if (!spilled) {
            if (!due(clock_.steady())) return false;  // there was only a job to do
            std::size_t rows = 0;
            while (!backlog_.empty() && rows < rows_at_once_) {
                PendingCommit& commit = backlog_.front();
                rows += rows_of(commit);
                backlog_bytes_ -= commit.bytes;
                backlog_rows_ -= rows_of(commit);
                batch_.push_back(std::move(commit));
                backlog_.pop_front();
            }
            rows_at_once_ =
                backlog_.empty() ? std::max(rows_at_once_ / 2, kFewRows) : std::min(rows_at_once_ * 2, kManyRows);
            figures_.backlog_bytes.set(static_cast<double>(backlog_bytes_));
            return !batch_.empty();
        }
    }
    try {
        if (!catch_up_) catch_up_.emplace(options_.journal_folder, applied() + 1, *tables_, complete_to_, false);
        const std::uint64_t last = catch_up_->read(batch_, kManyRows, handed_over());
        const std::lock_guard lock(mutex_);
        if (last == handed_over()) {  // caught up: from here on memory is enough
            spilled_ = false;
            catch_up_.reset();
        }
    } catch (const std::exception& error) {
        damaged(std::string("what the store lacks cannot be read back from the journal: ") + error.what());
        return false;
    }
    return !batch_.empty();
}

/// False: it ends here, and `batch_` holds what has not been applied.
bool Materialiser::apply_batch() {
    // Halves that are still to do, the next one last. Order is kept: the left half is always finished first.
    std::vector<std::span<PendingCommit>> todo{std::span(batch_)};
    while (!todo.empty()) {
        const std::span<PendingCommit> range = todo.back();
        const Instant begun = clock_.steady();
        try {
            if (apply_range(range)) {
                todo.pop_back();
                store_is_back();
                continue;
            }
            if (range.size() == 1) return false;  // it could not be buried
            todo.back() = range.subspan(range.size() / 2);
            todo.push_back(range.first(range.size() / 2));
        } catch (const Error& error) {
            if (error.code() == Code::unavailable) {
                if (wait_for_store(error, begun)) continue;
                if (again_) batch_.erase(batch_.begin(), batch_.begin() + (range.data() - batch_.data()));
                return false;
            }
            if (replaying_) throw;
            damaged(error.what());
            return false;
        } catch (const std::exception& error) {
            if (replaying_) throw;
            damaged(error.what());
            return false;
        }
    }
    return true;
}

bool Materialiser::apply_range(std::span<PendingCommit> range) {
    if (!refused_.empty()) {
        const auto known = refused_.lower_bound(range.front().seq);
        if (known != refused_.end() && known->first <= range.back().seq) {
            if (range.size() > 1) return false;
            return bury(range.front(), known->second);
        }
    }
    AdditionResolver additions;
    const bool adds = std::any_of(range.begin(), range.end(), [](const PendingCommit& commit) {
        return AdditionResolver::needed(commit.changes);
    });
    if (adds) {
        for (const PendingCommit& commit : range) additions.take(commit.changes);
        if (!additions.read(*store_, applied(), options_.rows)) {
            // A batch whose outcome was unknown has arrived after all: the rows that were read hold it.
            const std::uint64_t there = store_->watermark().seq;
            if (there == range.back().seq) {
                settle(range);
                return true;
            }
            throw Error(Code::internal, "it stands at commit " + std::to_string(there) + " instead of " +
                                            std::to_string(applied()) + ": somebody else has written to it");
        }
    }
    Batch batch(audited_);
    const Instant begun = clock_.steady();
    try {
        for (const PendingCommit& commit : range) {
            batch.add(adds ? additions.resolve(commit.changes) : commit.changes, commit.actor);
        }
        store_->apply(batch.tables(), services::Watermark{range.back().seq});
    } catch (const Error& error) {
        if (error.code() != Code::conflict) throw;
        if (range.size() > 1) return false;
        // The journal first: should the process end before the store knows, the next start reads it there.
        if (!note_refusal_(range.front().seq, error.what())) return false;
        refused_.emplace(range.front().seq, error.what());
        return bury(range.front(), error.what());
    }
    figures_.apply_seconds.observe(std::chrono::duration<double>(clock_.steady() - begun).count());
    figures_.transactions.add();
    figures_.rows.add(static_cast<double>(batch.size()));
    figures_.commits_applied(range.size());
    for (const PendingCommit& commit : range) figures_.rows_settled(commit.changes, true);
    settle(range);
    return true;
}

bool Materialiser::bury(PendingCommit& commit, std::string reason) {
    const char* const where = bury_or_pass(*store_, dead_letter(commit, reason))
                                  ? "it is in cairn_dead_letters"
                                  : "only the journal holds it, as the store did not keep it among its dead letters";
    const Document details{{"commit", commit.seq},
                           {"actor", commit.actor},
                           {"operation", commit.operation},
                           {"tables", tables_of(commit)},
                           {"reason", reason}};
    if (commit.answered)
        core_log().error(std::string("the store refused a change that had been acknowledged; ") + where, details);
    else
        core_log().warning(std::string("the store refused a change; ") + where, details);
    figures_.dead_letters.add();
    figures_.refused.add();
    figures_.rows_settled(commit.changes, false);
    refused_.erase(commit.seq);
    applied_.store(commit.seq, std::memory_order_release);
    Answers answers;
    admission_.refuse(commit, Error(Code::conflict, reason), answers);
    answers.give(clock_.steady(), figures_.seconds);
    return true;
}

void Materialiser::settle(std::span<PendingCommit> range) {
    applied_.store(range.back().seq, std::memory_order_release);
    figures_.behind.set(static_cast<double>(handed_over() - std::min(applied(), handed_over())));
    if (range.back().answered && range.front().answered &&
        std::all_of(range.begin(), range.end(), [](const PendingCommit& commit) { return commit.answered; })) {
        return;
    }
    Answers answers;
    admission_.commit_all(range, answers);
    answers.give(clock_.steady(), figures_.seconds);
}

// ------------------------------------------------------------------------------------------------------- bad days

bool Materialiser::wait_for_store(const Error& error, Instant begun) {
    figures_.retries.add();
    if (++failures_ == 1) failing_since_ = begun;
    pause_ = failures_ == 1 ? options_.retry_min : std::min(pause_ * 2, options_.retry_max);
    std::uniform_real_distribution<double> jitter(0.8, 1.2);
    const auto pause = std::chrono::duration_cast<Instant::duration>(pause_ * jitter(random_));
    if (replaying_) {
        if (failures_ >= kReplayTries) throw error;
        std::this_thread::sleep_for(pause);
        return true;
    }
    const Instant until = clock_.steady() + pause;
    std::unique_lock lock(mutex_);
    for (;;) {
        const Instant now = clock_.steady();
        const bool broken = failures_ >= kBreaker || now >= failing_since_ + kBreakerTime || finishing_;
        if (broken && (!condition_.store_away() || now - outage_logged_ > kLogPause)) {
            lock.unlock();
            open_breaker(error.what());
            lock.lock();
        }
        if (abandoned_) return false;
        if (finishing_) return tries_at_end_++ == 0;  // once more, then it stays in the journal
        if (now >= until) return true;
        if (!options_.threads) {
            again_ = until;
            return false;
        }
        Instant next = until;
        if (!condition_.store_away()) next = std::min(next, failing_since_ + kBreakerTime);
        wake_.wait_for(lock, std::max(next - now, Instant::duration(std::chrono::microseconds(100))));
    }
}

/// The store is away for longer than a moment: from now on answers come from the journal. Also says so now and then.
void Materialiser::open_breaker(const std::string& why) {
    Answers answers;
    const bool first = !condition_.store_away();
    {
        const std::lock_guard lock(mutex_);
        condition_.store_is_away(why);
        if (first) {
            admission_.commit_all(batch_, answers);
            for (PendingCommit& commit : backlog_) admission_.commit_all(std::span(&commit, 1), answers);
        }
    }
    answers.give(clock_.steady(), figures_.seconds);
    fail_barriers(away());
    outage_logged_ = clock_.steady();
    Document details{{"reason", why}, {"behind", handed_over() - applied()}};
    if (first) {
        core_log().error("the store is away; it is tried again until it is back", details);
        if (options_.on_storage_failure == CommitQueue::OnStorageFailure::stop && options_.on_stop) {
            options_.on_stop("the store is away: " + why);
        }
    } else {
        const auto since = std::chrono::duration_cast<std::chrono::seconds>(clock_.steady() - failing_since_);
        details.set("seconds", since.count());
        core_log().warning("the store is still away", details);
    }
}

void Materialiser::store_is_back() {
    if (failures_ == 0) return;
    failures_ = 0;
    if (!condition_.store_away()) return;
    condition_.store_is_back();
    const auto took = std::chrono::duration<double>(clock_.steady() - failing_since_).count();
    core_log().info("the store takes changes again", {{"after_seconds", took}, {"behind", handed_over() - applied()}});
}

void Materialiser::damaged(const std::string& why) {
    const std::string sentence = "the store is damaged: " + why;
    const bool first = condition_.fail(sentence);
    Answers answers;
    {
        // They are in the journal, from which the next start brings them back.
        const std::lock_guard lock(mutex_);
        ended_ = true;
        admission_.commit_all(batch_, answers);
        for (PendingCommit& commit : backlog_) admission_.commit_all(std::span(&commit, 1), answers);
        if (!abandoned_) abandoned_ = Error(Code::unavailable, "the store is damaged; the server restarts");
    }
    answers.give(clock_.steady(), figures_.seconds);
    admission_.refuse_all(Error(Code::unavailable, "the store is damaged; the server restarts"));
    if (!first) return;
    core_log().error(sentence + "; it is not written to any more");
    if (options_.on_damage) options_.on_damage(sentence);
}

void Materialiser::end_of_thread() {
    Answers answers;
    std::optional<Error> why;
    std::vector<Job> jobs;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        why = abandoned_;
        // With a good end there is nobody left, or the store is away and they have been answered.
        if (why) {
            for (PendingCommit& commit : batch_) {
                if (!commit.answered) admission_.refuse(commit, *why, answers);
            }
            for (PendingCommit& commit : backlog_) {
                if (!commit.answered) admission_.refuse(commit, *why, answers);
            }
        } else {
            admission_.commit_all(batch_, answers);
            for (PendingCommit& commit : backlog_) admission_.commit_all(std::span(&commit, 1), answers);
        }
        batch_.clear();
        backlog_.clear();
        backlog_bytes_ = backlog_rows_ = 0;
        jobs.swap(jobs_);
    }
    answers.give(clock_.steady(), figures_.seconds);
    fail_barriers(why ? *why : away());
    for (Job& job : jobs) {
        if (job.then) job.then(Error(Code::unavailable, "the store is not open"));
    }
}

// ----------------------------------------------------------------------------------------------------- who waits for
// it

void Materialiser::serve_barriers() {
    std::vector<Barrier> served;
    {
        const std::lock_guard lock(mutex_);
        const auto rest = std::stable_partition(barriers_.begin(), barriers_.end(),
                                                [this](const Barrier& barrier) { return barrier.seq > applied(); });
        served.assign(std::make_move_iterator(rest), std::make_move_iterator(barriers_.end()));
        barriers_.erase(rest, barriers_.end());
    }
    for (const Barrier& barrier : served) barrier.then(std::nullopt);
}

void Materialiser::fail_barriers(const Error& error) {
    std::vector<Barrier> failed;
    {
        const std::lock_guard lock(mutex_);
        failed.swap(barriers_);
        wanted_ = 0;
    }
    for (const Barrier& barrier : failed) {
        barrier.then(barrier.seq <= applied() ? Outcome() : Outcome(error));
    }
}

void Materialiser::run_jobs() {
    std::vector<Job> jobs;
    {
        const std::lock_guard lock(mutex_);
        jobs.swap(jobs_);
    }
    for (const Job& job : jobs) {
        Result<Done> result{Done{}};
        try {
            job.work(*store_);
        } catch (const Error& error) {
            result = error;
        } catch (const std::exception& error) {
            result = Error(Code::internal, error.what());
        }
        if (job.then) job.then(std::move(result));
    }
}

void Materialiser::replay(std::uint64_t from, std::uint64_t last, std::map<std::uint64_t, std::string> refused) {
    refused_ = std::move(refused);
    complete_to_ = last;
    handed_over_.store(last, std::memory_order_release);
    replaying_ = true;
    Instant said = clock_.steady();
    CatchUp reader(options_.journal_folder, from, *tables_, last, options_.allow_loss);
    while (applied() < last) {
        batch_.clear();
        reader.read(batch_, kManyRows, last);
        if (batch_.empty()) {  // the last ones are lost, and that is allowed
            store_->apply({}, services::Watermark{last});
            applied_.store(last, std::memory_order_release);
            break;
        }
        for (const PendingCommit& commit : batch_) figures_.rows_queued(commit.changes);
        if (!apply_batch()) throw Error(Code::unavailable, "a refused change could not be noted in the journal");
        if (clock_.steady() - said > kLogPause) {
            said = clock_.steady();
            core_log().info("the store catches up with the journal", {{"commit", applied()}, {"of", last}});
        }
    }
    batch_.clear();
    replaying_ = false;
    failures_ = 0;
}

}  // namespace cairn::core
