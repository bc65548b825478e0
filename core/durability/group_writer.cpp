#include "core/durability/group_writer.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <utility>

#include <cairn/failpoint.hpp>

#include "core/loops/host_thread.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

// reliability.md 5.5
constexpr std::uint64_t kLeastFree = 64u << 20;  // bytes, but no more than a tenth of a small disk
constexpr double kLeastPart = 0.02;
constexpr double kWarnPart = 0.15;
constexpr std::int64_t kJump = 1000000;  // microseconds backwards that are worth a line

Error lost_track() {
    return Error(Code::internal, "the server cannot tell whether this change was kept; it restarts");
}

std::optional<DiskSpace> space_of(const std::string& folder) {
    struct statvfs answer {};
    if (::statvfs(folder.c_str(), &answer) != 0) return std::nullopt;
    return DiskSpace{std::uint64_t{answer.f_blocks} * answer.f_frsize,
                     std::uint64_t{answer.f_bavail} * answer.f_frsize};
}

}  // namespace

GroupWriter::GroupWriter(const CommitQueue::Options& options, const Clock& clock, EngineCondition& condition,
                         EngineFigures& figures, Admission& admission, Materialiser& materialiser)
    : options_(options),
      clock_(clock),
      condition_(condition),
      figures_(figures),
      admission_(admission),
      materialiser_(materialiser) {}

GroupWriter::~GroupWriter() {
    finish();
}

void GroupWriter::start() {
    thread_ = start_host_thread("cairn-journal", [this] { run(); });
}

void GroupWriter::wait_drained() {
    if (!thread_.joinable()) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return drained_; });
}

void GroupWriter::finish() {
    {
        const std::lock_guard lock(mutex_);
        finish_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    if (!options_.threads && !std::exchange(ended_, true)) fail_flushes(Error(Code::unavailable, "the server is stopping"));
}

// ---------------------------------------------------------------------------------------------------------- the thread

void GroupWriter::run() {
    std::vector<PendingCommit> group;
    look_ = clock_.steady();
    while (admission_.take_group(group, std::max(look_, hold_), hold_)) {
        if (clock_.steady() >= look_) look_at_disk();
        write_refusals(false);
        if (!group.empty())
            write(group);
        else if (condition_.journal_full() && clock_.steady() >= hold_)
            probe();
        serve_flushes();
    }
    {
        const std::lock_guard lock(mutex_);
        drained_ = true;
        changed_.notify_all();
    }
    serve_flushes();
    // The materialiser may still have something to say.
    std::unique_lock lock(mutex_);
    while (!finish_) {
        changed_.wait(lock, [this] { return finish_ || !refusals_.empty() || !flushes_.empty(); });
        lock.unlock();
        write_refusals(true);
        serve_flushes();
        lock.lock();
    }
    ended_ = true;
    lock.unlock();
    fail_flushes(Error(Code::unavailable, "the server is stopping"));
}

bool GroupWriter::turn() {
    std::vector<PendingCommit> group;
    if (ended_) return false;
    admission_.take_group(group, Instant::min(), hold_);
    if (clock_.steady() >= look_) look_at_disk();
    const bool busy = !group.empty();
    if (busy)
        write(group);
    else if (condition_.journal_full() && clock_.steady() >= hold_)
        probe();
    serve_flushes();
    return busy;
}

void GroupWriter::write(std::vector<PendingCommit>& group) {
    Answers answers;
    if (condition_.failed()) {
        admission_.put_back(group, lost_track(), answers);
        answers.give(clock_.steady(), figures_.seconds);
        admission_.refuse_all(lost_track());
        return;
    }
    encode(group);
    const std::size_t count = group.size();
    const Instant begun = clock_.steady();
    try {
        append_and_sync(std::span(entries_).first(count));
        CAIRN_FAILPOINT("engine.before_answer");
    } catch (const std::exception& error) {
        const auto* journal_error = dynamic_cast<const JournalError*>(&error);
        if (journal_error != nullptr && journal_error->kind() == JournalError::Kind::full) {
            full(error.what());
            const Error refusal =
                Error(Code::unavailable, "the disk is full: try again later").retry_after(options_.retry_full);
            admission_.put_back(group, refusal, answers);
            answers.give(clock_.steady(), figures_.seconds);
            fail_flushes(refusal);
            return;
        }
        // Whether it is on the disk nobody knows: no answer but that, and the next start finds out.
        fail(error.what());
        for (PendingCommit& commit : group) admission_.refuse(commit, lost_track(), answers);
        admission_.journaled(count);
        answers.give(clock_.steady(), figures_.seconds);
        return;
    }
    has_room();
    figures_.sync_seconds.observe(std::chrono::duration<double>(clock_.steady() - begun).count());
    figures_.groups.add();
    figures_.group_size.observe(static_cast<double>(count));
    materialiser_.hand_over(group, answers);
    admission_.journaled(count);
    answers.give(clock_.steady(), figures_.seconds);
}

void GroupWriter::append_and_sync(std::span<const JournalEntry> entries) {
    if (options_.before_journal) options_.before_journal("append");
    for (;;) {
        try {
            journal_->append(entries);
            break;
        } catch (const JournalError& error) {
            if (error.kind() != JournalError::Kind::full || !prune(options_.journal_max_bytes / 2)) throw;
        }
    }
    if (options_.before_journal) options_.before_journal("sync");
    journal_->sync();
}

void GroupWriter::encode(std::vector<PendingCommit>& group) {
    if (entries_.size() < group.size()) entries_.resize(group.size());
    const std::int64_t time = now_us();
    std::uint64_t seq = journal_->last();
    for (std::size_t i = 0; i < group.size(); ++i) {
        PendingCommit& commit = group[i];
        JournalEntry& entry = entries_[i];
        commit.seq = entry.seq = ++seq;
        commit.time_us = entry.time_us = time;
        entry.kind = JournalEntry::Kind::commit;
        entry.refers = 0;
        entry.actor = commit.actor;
        entry.operation = commit.operation;
        entry.answer = commit.answer;
        entry.changes.clear();
        for (const Change& change : commit.changes) {
            entry.changes.push_back({change.table->name, change.key, change.row});
        }
    }
}

/// A commit without changes: says whether the disk takes anything again, when nobody else tries.
void GroupWriter::probe() {
    if (condition_.failed()) return;
    std::vector<PendingCommit> group(1);
    group.front().coalesced = true;
    group.front().answered = true;
    encode(group);
    try {
        append_and_sync(std::span(entries_).first(1));
    } catch (const JournalError& error) {
        if (error.kind() == JournalError::Kind::full) return full(error.what());
        return fail(error.what());
    } catch (const std::exception& error) {
        return fail(error.what());
    }
    has_room();
    Answers answers;
    materialiser_.hand_over(group, answers);
}

void GroupWriter::fail(const std::string& why) {
    const std::string sentence = "the journal has failed: " + why;
    const bool first = condition_.fail(sentence);
    materialiser_.abandon(lost_track());
    admission_.refuse_all(lost_track());
    fail_flushes(lost_track());
    if (!first) return;
    core_log().error(sentence + "; nothing is acknowledged any more, the next start finds out what it holds");
    if (options_.on_damage) options_.on_damage(sentence);
}

void GroupWriter::full(const std::string& why) {
    hold_ = clock_.steady() + options_.retry_full;
    admission_.refuse_until(hold_);
    if (!condition_.journal_full()) {
        core_log().error("the journal takes no changes; it is tried again every second", {{"reason", why}});
    }
    condition_.journal_is_full(why);
}

void GroupWriter::has_room() {
    if (!condition_.journal_full()) return;
    condition_.journal_has_room();
    core_log().info("the journal takes changes again");
}

/// Microseconds since 1970. The wall clock may jump; the numbers of the commits order.
std::int64_t GroupWriter::now_us() {
    const std::int64_t now = clock_.wall() * 1000;
    if (now < last_us_ - kJump) {
        core_log().warning("the clock of this machine jumped backwards; changes are ordered by their numbers",
                           {{"milliseconds", (last_us_ - now) / 1000}});
    }
    last_us_ = now;
    return now;
}

// ------------------------------------------------------------------------------------------------------------ refusals

void GroupWriter::note_refusal_now(std::uint64_t seq, const std::string& reason) {
    constexpr std::size_t kLongest = 1024;
    JournalEntry entry;
    entry.seq = journal_->last();
    entry.time_us = now_us();
    entry.kind = JournalEntry::Kind::refused;
    entry.refers = seq;
    const std::string cut = reason.substr(0, kLongest);
    entry.answer = cut;
    append_and_sync(std::span(&entry, 1));
}

bool GroupWriter::note_refusal(std::uint64_t seq, const std::string& reason) {
    Refusal refusal{seq, reason};
    {
        const std::lock_guard lock(mutex_);
        if (ended_ || condition_.failed()) return false;
        refusals_.push_back(&refusal);
        changed_.notify_all();
    }
    admission_.poke();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return refusal.done; });
    return !refusal.failed;
}

void GroupWriter::write_refusals(bool last_chance) {
    std::unique_lock lock(mutex_);
    while (!refusals_.empty()) {
        Refusal& refusal = *refusals_.front();
        lock.unlock();
        bool wait = false;
        bool failed = condition_.failed();
        if (!failed) {
            try {
                note_refusal_now(refusal.seq, refusal.reason);
            } catch (const std::exception& error) {
                const auto* journal_error = dynamic_cast<const JournalError*>(&error);
                wait = journal_error != nullptr && journal_error->kind() == JournalError::Kind::full && !last_chance;
                failed = !wait;
                if (wait || last_chance)
                    full(error.what());
                else
                    fail(error.what());
            }
        }
        lock.lock();
        if (wait) return;  // again after a while
        refusal.failed = failed;
        refusal.done = true;
        refusals_.erase(refusals_.begin());
        changed_.notify_all();
    }
}

// ------------------------------------------------------------------------------------------------------------- flushes

void GroupWriter::when_stored(std::uint64_t ticket, std::function<void(Materialiser::Outcome)> then) {
    {
        const std::lock_guard lock(mutex_);
        if (!ended_ && (thread_.joinable() || !options_.threads)) {
            flushes_.push_back({ticket, std::move(then)});
            changed_.notify_all();
        }
    }
    if (then) return then(Error(Code::unavailable, "the store is not open"));
    admission_.poke();
}

void GroupWriter::serve_flushes() {
    if (condition_.failed()) return fail_flushes(lost_track());
    const std::uint64_t settled = admission_.settled();
    std::vector<Flush> served;
    {
        const std::lock_guard lock(mutex_);
        if (flushes_.empty()) return;
        const auto rest = std::stable_partition(flushes_.begin(), flushes_.end(),
                                                [&](const Flush& flush) { return flush.ticket > settled; });
        served.assign(std::make_move_iterator(rest), std::make_move_iterator(flushes_.end()));
        flushes_.erase(rest, flushes_.end());
    }
    for (Flush& flush : served) materialiser_.when_applied(materialiser_.handed_over(), std::move(flush.then));
}

void GroupWriter::fail_flushes(const Error& error) {
    std::vector<Flush> failed;
    {
        const std::lock_guard lock(mutex_);
        failed.swap(flushes_);
    }
    for (const Flush& flush : failed) flush.then(error);
}

// ------------------------------------------------------------------------------------------------------------ the disk

void GroupWriter::look_at_disk() {
    look_ = clock_.steady() + options_.look_at_disk;
    figures_.journal_bytes.set(static_cast<double>(journal_->bytes()));
    prune(options_.journal_max_bytes / 8 * 7);
    const std::optional<DiskSpace> space =
        options_.disk_space ? options_.disk_space() : space_of(options_.journal_folder);
    if (!space || space->total == 0) return;
    figures_.disk_free.set(static_cast<double>(space->free));
    const double part = static_cast<double>(space->free) / static_cast<double>(space->total);
    const bool low = part < kLeastPart || space->free < std::min(kLeastFree, space->total / 10);
    const Document details{{"free_mib", space->free >> 20U}, {"folder", options_.journal_folder}};
    if (low != condition_.disk_low()) {
        condition_.set_disk_low(low);
        if (low)
            core_log().error("the disk of the journal is almost full: changes are refused until there is room",
                             details);
        else
            core_log().info("the disk of the journal has room again", details);
    }
    if (part < kWarnPart && !std::exchange(disk_warned_, true) && !low) {
        core_log().warning("the disk of the journal fills up", details);
    }
    if (part >= kWarnPart) disk_warned_ = false;
}

/// The last resort that keeps the journal within its limit (Keeper looks earlier, and at the backups): when it takes
/// more than `above`, the oldest of what the store holds goes, an eighth or a segment. True when there is more room.
bool GroupWriter::prune(std::uint64_t above) {
    bool pruned = false;
    if (options_.journal_max_bytes == 0) return pruned;
    for (std::uint64_t eighths = 1; eighths <= 8 && !pruned && journal_->bytes() > above; ++eighths) {
        const std::uint64_t first = journal_->first();
        const std::uint64_t applied = materialiser_.applied();
        if (applied < first) break;
        const std::uint64_t freed = journal_->prune(first + (applied - first) * eighths / 8);
        if (freed > 0) {
            pruned = true;
            core_log().info("the journal reached its limit: its oldest part, which the store holds, is deleted",
                            {{"freed_mib", freed >> 20U}, {"first_commit_now", journal_->first()}});
        }
    }
    return pruned;
}

}  // namespace cairn::core
