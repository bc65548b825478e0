#include "core/durability/commit_queue.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "core/durability/batch.hpp"
#include "core/durability/coalescer.hpp"
#include "core/durability/row_codec.hpp"
#include "core/loops/host_thread.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

using Instant = std::chrono::steady_clock::time_point;

constexpr std::size_t kSmallGroup = 8;      // reliability.md 5.3: fewer wait for company
constexpr std::size_t kEarlyFlushPart = 4;  // coalesced rows of a quarter of the budget are flushed before their time
constexpr auto kLogPause = std::chrono::seconds(10);

double milliseconds(Instant::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

Error not_taking() {
    return Error(Code::unavailable, "the store takes no changes at the moment: try again soon");
}

}  // namespace

struct CommitQueue::State {
    State(Options given, Background& lanes, const Clock& time, Metrics& metrics)
        : options(std::move(given)),
          background(lanes),
          clock(time),
          committed(metrics.counter("cairn_storage_commits_total", kCommitsHelp, {{"result", "committed"}})),
          refused(metrics.counter("cairn_storage_commits_total", kCommitsHelp, {{"result", "refused"}})),
          unavailable(metrics.counter("cairn_storage_commits_total", kCommitsHelp, {{"result", "unavailable"}})),
          replaced(
              metrics.counter("cairn_storage_coalesced_total", "Coalesced rows that took the place of a waiting one")),
          rows(metrics.counter("cairn_storage_rows_total", "Rows and tombstones written")),
          transactions(metrics.counter("cairn_storage_transactions_total", "Transactions that the store committed")),
          queued(metrics.gauge("cairn_storage_queued_commits", "Commits and coalesced rows not yet written")),
          available(metrics.gauge("cairn_storage_available", "1 while the store takes commits")),
          group_size(metrics.histogram("cairn_storage_group_commits", "Commits per transaction",
                                       {1, 2, 4, 8, 16, 32, 64, 128, 256, 512})),
          seconds(metrics.histogram("cairn_storage_commit_seconds", "From the durable commit to its answer",
                                    {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5})) {}

    static constexpr const char* kCommitsHelp = "Commits and coalesced rows by what became of them";

    // ---- entered from any thread
    void submit(Commit commit, Then<Committed> then);
    std::optional<Error> admit_locked(const Commit& commit, std::size_t bytes) const;
    services::Store& store_for_reading() const;

    // ---- the writer thread
    void write_until_stopped();
    bool next_group(std::vector<PendingCommit>& group);
    void gather_locked(std::vector<PendingCommit>& group);
    bool flush_due_locked() const;
    std::size_t write_range(std::span<PendingCommit> range);
    void write_group(std::vector<PendingCommit>& group);
    void enter_outage(std::span<PendingCommit> unwritten, const Error& error);
    void leave_outage();
    void enter_damage(std::span<PendingCommit> unwritten, const std::string& why);
    void decide(PendingCommit& commit, std::uint64_t number);
    void count_written(std::span<const PendingCommit> range);
    void refuse(PendingCommit& commit, const Error& error);
    void answer_all();
    void report_lost(const Error& error);

    const Options options;
    Background& background;
    const Clock& clock;
    Counter& committed;
    Counter& refused;
    Counter& unavailable;
    Counter& replaced;
    Counter& rows;
    Counter& transactions;
    Gauge& queued;
    Gauge& available;
    Histogram& group_size;
    Histogram& seconds;

    std::thread writer;
    std::atomic<services::Store*> store{nullptr};  ///< nullptr: not started or stopped

    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<PendingCommit> queue;
    Coalescer coalescer;
    std::size_t pending = 0;        ///< in the queue and in the hands of the writer
    std::size_t pending_bytes = 0;  ///< the same
    bool stopping = false;
    bool outage = false;
    bool damaged = false;
    Instant retry_at{};
    Duration pause{0};
    std::string why;  ///< of the outage or the damage
    std::uint64_t processed = 0;
    double average_latency = 0;  ///< ms, exponentially weighted

    // Only the writer thread:
    std::uint64_t seq = 0;
    std::size_t expected = 0;  ///< how many commits came together last time: how many to wait for
    Instant answered_at{};     ///< when those were answered
    std::vector<std::pair<std::shared_ptr<Waiter>, Instant>> answers;
    std::size_t lost_rows = 0;
    Instant lost_logged{};
    std::optional<Instant> outage_since;
};

// ---------------------------------------------------------------------------------------------- entered from any
// thread

std::optional<Error> CommitQueue::State::admit_locked(const Commit& commit, std::size_t bytes) const {
    if (store.load(std::memory_order_relaxed) == nullptr || stopping) {
        return Error(Code::unavailable, stopping ? "the server is stopping" : "the server is starting: try again soon");
    }
    if (damaged) return Error(Code::unavailable, "the store takes no changes any more");
    const bool coalesced = commit.durability() == Durability::coalesced;
    if (outage && !coalesced) {
        const auto left = std::chrono::duration_cast<Duration>(retry_at - clock.steady());
        return not_taking().retry_after(std::max(left, options.retry_min));
    }
    const bool full = pending + coalescer.size() >= options.queue_commits ||
                      pending_bytes + coalescer.bytes() + bytes > options.queue_bytes;
    if (full && !(coalesced && coalescer.replaces_all(commit.changes()))) {
        return Error(Code::unavailable, "too many changes wait for the store: try again soon")
            .retry_after(options.retry_min);
    }
    return std::nullopt;
}

void CommitQueue::State::submit(Commit commit, Then<Committed> then) {
    std::size_t bytes = 0;
    for (const Change& change : commit.changes()) bytes += weight(change);
    std::optional<Error> refusal;
    {
        const std::lock_guard lock(mutex);
        refusal = admit_locked(commit, bytes);
        if (!refusal) {
            std::shared_ptr<Waiter> waiter;
            if (then) {
                waiter = std::make_shared<Waiter>();
                waiter->then = std::move(then);
            }
            const Instant now = clock.steady();
            if (commit.durability() == Durability::coalesced && !commit.empty()) {
                const bool first = coalescer.empty();
                replaced.add(static_cast<double>(coalescer.add(std::move(commit.changes()), std::move(waiter), now)));
                if (first) wake.notify_one();
                return;
            }
            for (PendingCommit& before : coalescer.take_touched(commit.changes())) {
                ++pending;
                pending_bytes += before.bytes;
                queue.push_back(std::move(before));
            }
            PendingCommit& entry = queue.emplace_back();
            entry.changes = std::move(commit.changes());
            if (waiter) entry.waiters.push_back(std::move(waiter));
            entry.bytes = bytes;
            entry.submitted = now;
            ++pending;
            pending_bytes += bytes;
            // The writer looks again by itself after a group; it needs waking for the first and for a full house.
            if (queue.size() <= kSmallGroup) wake.notify_one();
            return;
        }
    }
    unavailable.add();
    if (then) then(*refusal);
}

services::Store& CommitQueue::State::store_for_reading() const {
    services::Store* open = store.load(std::memory_order_acquire);
    if (open == nullptr) throw Error(Code::unavailable, "the store is not open");
    return *open;
}

// ---------------------------------------------------------------------------------------------------- the writer
// thread

void CommitQueue::State::write_until_stopped() {
    std::vector<PendingCommit> group;
    while (next_group(group)) {
        write_group(group);
        answer_all();
        bool idle = false;
        {
            const std::lock_guard lock(mutex);
            idle = queue.empty();
            if (outage || damaged) continue;
        }
        store.load(std::memory_order_relaxed)->maintain(idle);
    }
    answer_all();
}

bool CommitQueue::State::flush_due_locked() const {
    if (coalescer.empty()) return false;
    return stopping || coalescer.bytes() > options.queue_bytes / kEarlyFlushPart ||
           clock.steady() >= coalescer.oldest() + options.coalesce;
}

/// Waits for work and takes it out. An empty group is a probe of a store that had failed. False: everything is done.
bool CommitQueue::State::next_group(std::vector<PendingCommit>& group) {
    group.clear();
    std::unique_lock lock(mutex);
    for (;;) {
        queued.set(static_cast<double>(queue.size() + coalescer.size()));
        const Instant now = clock.steady();
        if (damaged) {
            if (stopping) return false;
            wake.wait(lock);
            continue;
        }
        if (outage && !stopping) {
            if (now < retry_at) {
                wake.wait_for(lock, retry_at - now);
                continue;
            }
            gather_locked(group);
            return true;
        }
        if (flush_due_locked() || !queue.empty()) break;
        if (stopping) return false;
        if (coalescer.empty())
            wake.wait(lock);
        else
            wake.wait_for(lock, coalescer.oldest() + options.coalesce - now);
    }
    // Others were here a moment ago and have just been answered: their next commits are on the way.
    const bool idle = clock.steady() - answered_at > 2 * options.wait;
    const std::size_t company = idle ? 0 : std::min(expected, kSmallGroup);
    if (queue.size() < company && !stopping) {
        wake.wait_for(lock, options.wait, [&] { return stopping || queue.size() >= company; });
    }
    gather_locked(group);
    return true;
}

void CommitQueue::State::gather_locked(std::vector<PendingCommit>& group) {
    if (flush_due_locked() || outage) {
        for (PendingCommit& row : coalescer.take_all()) {
            ++pending;
            pending_bytes += row.bytes;
            queue.push_back(std::move(row));
        }
    }
    std::size_t bytes = 0;
    while (!queue.empty() && group.size() < options.group) {
        bytes += queue.front().bytes;
        if (bytes > options.group_bytes && !group.empty()) break;
        group.push_back(std::move(queue.front()));
        queue.pop_front();
    }
}

/// Writes `range` in one transaction, or in halves when the rows are refused. Returns how many of its commits have been
/// decided; throws what the store throws for the others.
std::size_t CommitQueue::State::write_range(std::span<PendingCommit> range) {
    Batch batch;
    for (const PendingCommit& commit : range) batch.add(commit.changes);
    const std::vector<services::TableBatch> tables = batch.tables();
    try {
        store.load(std::memory_order_relaxed)->apply(tables, services::Watermark{seq + range.size()});
    } catch (const Error& error) {
        if (error.code() != Code::conflict) throw;
        if (range.size() > 1) return 0;
        refuse(range.front(), error);
        return 1;
    }
    for (PendingCommit& commit : range) decide(commit, ++seq);
    count_written(range);
    transactions.add();
    rows.add(static_cast<double>(batch.size()));
    group_size.observe(static_cast<double>(range.size()));
    return range.size();
}

void CommitQueue::State::write_group(std::vector<PendingCommit>& group) {
    // Halves that are still to do, the next one last. Order is kept: the left half is always finished first.
    std::vector<std::span<PendingCommit>> todo{std::span(group)};
    std::size_t done = 0;
    try {
        while (!todo.empty()) {
            const std::span<PendingCommit> range = todo.back();
            todo.pop_back();
            const std::size_t decided = write_range(range);
            done += decided;
            if (decided == range.size()) continue;
            todo.push_back(range.subspan(range.size() / 2));
            todo.push_back(range.first(range.size() / 2));
        }
        leave_outage();
    } catch (const Error& error) {
        const std::span<PendingCommit> unwritten = std::span(group).subspan(done);
        if (error.code() == Code::unavailable)
            enter_outage(unwritten, error);
        else
            enter_damage(unwritten, error.what());
    } catch (const std::exception& error) {
        enter_damage(std::span(group).subspan(done), error.what());
    }
    const auto durable = std::count_if(group.begin(), group.end(), [](const PendingCommit& c) { return !c.coalesced; });
    expected = static_cast<std::size_t>(durable);
    std::size_t bytes = 0;
    for (const PendingCommit& commit : group) bytes += commit.bytes;
    const std::lock_guard lock(mutex);
    pending -= group.size();
    pending_bytes -= bytes;
}

void CommitQueue::State::decide(PendingCommit& commit, std::uint64_t number) {
    for (const std::shared_ptr<Waiter>& waiter : commit.waiters) {
        waiter->seq = number;
        if (--waiter->remaining == 0) answers.emplace_back(waiter, commit.submitted);
    }
}

void CommitQueue::State::count_written(std::span<const PendingCommit> range) {
    constexpr double kShare = 0.05;  // of the newest commit in the average
    committed.add(static_cast<double>(range.size()));
    const Instant now = clock.steady();
    const std::lock_guard lock(mutex);
    processed += range.size();
    for (const PendingCommit& commit : range) {
        if (commit.coalesced) continue;
        const double took = milliseconds(now - commit.submitted);
        average_latency += (average_latency == 0 ? 1.0 : kShare) * (took - average_latency);
    }
}

void CommitQueue::State::refuse(PendingCommit& commit, const Error& error) {
    (error.code() == Code::conflict ? refused : unavailable).add();
    for (const std::shared_ptr<Waiter>& waiter : commit.waiters) {
        if (!waiter->refused) waiter->refused = error;
        if (--waiter->remaining == 0) answers.emplace_back(waiter, commit.submitted);
    }
    if (commit.coalesced && commit.waiters.empty()) report_lost(error);
}

/// Nobody waits for this row, so nobody would learn that it is lost.
void CommitQueue::State::report_lost(const Error& error) {
    ++lost_rows;
    const Instant now = clock.steady();
    if (lost_logged != Instant{} && now - lost_logged < kLogPause) return;
    core_log().warning("the store refused rows that nobody waits for",
                       {{"rows", lost_rows}, {"last reason", error.what()}});
    lost_logged = now;
    lost_rows = 0;
}

void CommitQueue::State::answer_all() {
    for (auto& [waiter, submitted] : answers) {
        if (!waiter->refused) seconds.observe(std::chrono::duration<double>(clock.steady() - submitted).count());
        try {
            if (waiter->refused)
                waiter->then(*waiter->refused);
            else
                waiter->then(Committed{waiter->seq});
        } catch (const std::exception& error) {
            core_log().error("a completion of a commit threw; it must not", {{"what", error.what()}});
        } catch (...) {
            core_log().error("a completion of a commit threw; it must not");
        }
    }
    answers.clear();
    answered_at = clock.steady();
}

void CommitQueue::State::enter_outage(std::span<PendingCommit> unwritten, const Error& error) {
    std::vector<PendingCommit> refusals;
    {
        const std::lock_guard lock(mutex);
        pause = outage ? std::min(pause * 2, options.retry_max) : options.retry_min;
        retry_at = clock.steady() + pause;
        why = error.what();
        // What is queued behind has been admitted before anybody knew: it gets its answer now, not after the outage.
        const std::size_t behind = queue.size();
        for (PendingCommit& commit : queue) pending_bytes -= commit.bytes;
        std::vector<PendingCommit> undone(std::make_move_iterator(unwritten.begin()),
                                          std::make_move_iterator(unwritten.end()));
        undone.insert(undone.end(), std::make_move_iterator(queue.begin()), std::make_move_iterator(queue.end()));
        // The newest first: restore() leaves alone what is there already.
        for (auto commit = undone.rbegin(); commit != undone.rend(); ++commit) {
            if (commit->coalesced && !stopping)
                coalescer.restore(std::move(*commit));
            else
                refusals.push_back(std::move(*commit));
        }
        std::reverse(refusals.begin(), refusals.end());
        queue.clear();
        pending -= behind;
        if (!outage) {
            outage = true;
            outage_since = clock.steady();
            available.set(0);
            core_log().error("the store takes no changes; it is tried again until it does",
                             {{"reason", why}, {"refused", refusals.size()}, {"kept", coalescer.size()}});
        }
        if (stopping) {
            for (PendingCommit& commit : coalescer.take_all()) refusals.push_back(std::move(commit));
        }
    }
    const Error answer = not_taking().retry_after(pause);
    for (PendingCommit& commit : refusals) refuse(commit, answer);
}

void CommitQueue::State::leave_outage() {
    const std::lock_guard lock(mutex);
    if (!outage) return;
    outage = false;
    why.clear();
    available.set(1);
    core_log().info("the store takes changes again", {{"after_ms", milliseconds(clock.steady() - *outage_since)}});
}

void CommitQueue::State::enter_damage(std::span<PendingCommit> unwritten, const std::string& reason) {
    std::vector<PendingCommit> refusals(std::make_move_iterator(unwritten.begin()),
                                        std::make_move_iterator(unwritten.end()));
    {
        const std::lock_guard lock(mutex);
        damaged = true;
        why = reason;
        pending -= queue.size();
        for (PendingCommit& commit : queue) {
            pending_bytes -= commit.bytes;
            refusals.push_back(std::move(commit));
        }
        queue.clear();
        for (PendingCommit& commit : coalescer.take_all()) refusals.push_back(std::move(commit));
        available.set(0);
    }
    core_log().error("the store is damaged and is not written to any more", {{"reason", reason}});
    const Error answer(Code::internal, "the store is damaged: this change may be lost");
    for (PendingCommit& commit : refusals) refuse(commit, answer);
    if (options.on_damage) options.on_damage(reason);
}

// ------------------------------------------------------------------------------------------------------------ the
// queue

CommitQueue::CommitQueue(Options options, Background& background, const Clock& clock, Metrics& metrics)
    : state_(std::make_unique<State>(std::move(options), background, clock, metrics)) {}

CommitQueue::~CommitQueue() {
    stop();
}

void CommitQueue::start(services::Store& store) {
    if (state_->writer.joinable()) throw Error(Code::internal, "CommitQueue::start was called twice");
    state_->seq = store.watermark().seq;
    state_->store.store(&store, std::memory_order_release);
    state_->available.set(1);
    state_->writer = start_host_thread("cairn-writer", [state = state_.get()] { state->write_until_stopped(); });
}

void CommitQueue::start(services::Store& store, Journal&, std::span<const TableSpec* const>) {
    start(store);
}

void CommitQueue::flush(Then<Done> then) {
    commit({}, [then = std::move(then)](Result<Committed> result) {
        if (!then) return;
        if (result)
            then(Done{});
        else
            then(result.error());
    });
}

void CommitQueue::flush(std::string_view, Then<Done> then) {
    flush(std::move(then));
}

void CommitQueue::flush_and_wait() {
    std::promise<Result<Done>> promise;
    flush([&](Result<Done> result) { promise.set_value(std::move(result)); });
    promise.get_future().get().value();
}

void CommitQueue::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
        state_->wake.notify_one();
    }
    if (state_->writer.joinable()) state_->writer.join();
    state_->store.store(nullptr, std::memory_order_release);
}

Document CommitQueue::statistics() const {
    const std::lock_guard lock(state_->mutex);
    return {{"processed", state_->processed},
            {"queued", state_->pending + state_->coalescer.size()},
            {"averageLatency", state_->average_latency}};
}

std::string CommitQueue::trouble() const {
    const std::lock_guard lock(state_->mutex);
    if (state_->damaged) return "the store is damaged: " + state_->why;
    if (state_->outage) {
        return "the store takes no changes: " + state_->why + " (tried again every " +
               std::to_string(state_->pause.count()) + " ms)";
    }
    if (state_->stopping) return "the store has been closed";
    if (state_->store.load(std::memory_order_relaxed) == nullptr) return "the store has not been opened yet";
    return {};
}

void CommitQueue::commit(Commit commit, Then<Committed> then) {
    state_->submit(std::move(commit), std::move(then));
}

void CommitQueue::query(Query query, Then<Rows> then) {
    state_->background.compute<Rows>(
        Lane::storage, "query",
        [state = state_.get(), query = std::move(query)](const Task& task) {
            Rows rows;
            state->store_for_reading().query(
                query, [&](std::span<const std::string> columns, std::span<const Document> values) {
                    Document row = Document::map();
                    for (std::size_t i = 0; i < columns.size(); ++i) row.set(columns[i], values[i]);
                    rows.push_back(std::move(row));
                    return !task.cancelled();
                });
            return rows;
        },
        then ? std::move(then) : [](Result<Rows>) {});
}

void CommitQueue::load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) {
    state_->background.compute<Done>(
        Lane::storage, "load",
        [state = state_.get(), query = std::move(query), &row, append = std::move(append)](const Task& task) {
            std::optional<RowDecoder> decoder;
            state->store_for_reading().query(
                query, [&](std::span<const std::string> columns, std::span<const Document> values) {
                    if (!decoder) decoder.emplace(row, columns);
                    decoder->decode(values, append());
                    return !task.cancelled();
                });
            return Done{};
        },
        then ? std::move(then) : [](Result<Done>) {});
}

}  // namespace cairn::core
