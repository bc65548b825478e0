#include "core/backup/keeper.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <cairn/error.hpp>
#include <cairn/json.hpp>

#include "core/backup/backup_maker.hpp"
#include "core/backup/control_box.hpp"
#include "core/backup/drill.hpp"
#include "core/backup/durable_file.hpp"
#include "core/loops/host_thread.hpp"

namespace cairn::core {
namespace {

constexpr const char* kOwner = "cairn";
constexpr Duration kLongestUnproven{26ll * 3600 * 1000};
constexpr Duration kOneDay{24ll * 3600 * 1000};
constexpr Duration kLate{2ll * 3600 * 1000};
/// From this part of its disk on the journal gives up what newer backups cover.
constexpr double kJournalFull = 0.8;
constexpr Duration kBetweenJournalBackups{10ll * 60 * 1000};

Document shown_time(WallTime at) {
    return at == 0 ? Document() : Document(print_utc(at));
}

}  // namespace

struct Keeper::State {
    State(StoreKit the_kit, Options the_options, Journal& the_journal, Scheduler& the_scheduler, Metrics& metrics,
          std::function<void()> vacuum_work)
        : kit(std::move(the_kit)),
          options(std::move(the_options)),
          journal(the_journal),
          scheduler(the_scheduler),
          vacuum(std::move(vacuum_work)),
          last_success(metrics.gauge("cairn_backup_last_success_timestamp_seconds",
                                     "When the newest verified backup was finished, seconds since 1970")),
          backup_seconds(metrics.gauge("cairn_backup_seconds", "How long the newest backup took, with its test")),
          backup_failures(metrics.counter("cairn_backup_failures_total", "Backups that failed")),
          drill_seconds(metrics.gauge("cairn_restore_drill_seconds", "How long the last restore drill took")),
          drill_ok(metrics.gauge("cairn_restore_drill_ok", "1 when the last restore drill gave the live state")),
          drill_age(metrics.gauge("cairn_restore_drill_age_seconds", "Since the last restore drill that succeeded")),
          begun(kit.clock->steady()),
          backup_cron(options.schedule) {
        if (!options.drill.empty()) drill_cron.emplace(options.drill);
    }

    std::string drill_file() const { return kit.data_dir + "/restore_drill.json"; }

    bool ours(const Backup& backup) const {
        return backup.usable() && backup.manifest.engine == kit.store->engine() &&
               backup.manifest.journal == journal.id();
    }

    /// Reads the folder and keeps what health shows. REQUIRES: `work`.
    BackupList look() {
        BackupList list = list_backups(kit.backup_folder);
        const std::lock_guard lock(mutex);
        newest.reset();
        count = 0;
        for (const Backup& backup : list.backups) {
            if (!ours(backup)) continue;
            if (!newest) newest = backup.manifest;
            ++count;
        }
        if (newest) {
            last_success.set(static_cast<double>(newest->finished) / 1000);
            backup_seconds.set(static_cast<double>(newest->finished - newest->started) / 1000);
        }
        return list;
    }

    std::optional<Manifest> newest_backup() const {
        const std::lock_guard lock(mutex);
        return newest;
    }

    std::optional<DrillResult> previous_drill() const {
        const std::lock_guard lock(mutex);
        return last_drill;
    }

    /// Whether the newest backup holds all there is.
    bool unchanged() const {
        const std::optional<Manifest> last = newest_backup();
        return last && static_cast<std::uint64_t>(last->watermark) >= journal.last();
    }

    /// Whether there is something that no backup of this journal holds.
    bool unkept() const { return journal.last() > 0 && !unchanged(); }

    Backup back_up(const std::string& why) {
        const std::lock_guard one(work);
        Backup backup;
        try {
            backup = make_backup(kit, why, journal.id());
        } catch (const std::exception& error) {
            backup_failures.add();
            kit.log->error("the backup failed; the ones before it are kept", {{"why", why}, {"reason", error.what()}});
            throw;
        }
        const Manifest& made = backup.manifest;
        kit.log->info("backup", {{"file", made.file},
                                 {"why", why},
                                 {"bytes", made.bytes},
                                 {"commit", made.watermark},
                                 {"ms", made.finished - made.started}});
        prune_locked(options.keep);
        return backup;
    }

    std::vector<std::string> prune_locked(const Retention& keep) {
        std::vector<std::string> gone = prune_backups(kit.backup_folder, keep);
        const BackupList list = look();
        // A restore begins at a backup: what the journal holds from before the oldest is of no use. Which is the oldest
        // changes by deleting; when it changes otherwise, the others may only be out of sight (a disk that is not mounted).
        if (gone.empty()) return gone;
        std::optional<std::uint64_t> oldest;
        for (const Backup& backup : list.backups) {
            if (!ours(backup)) continue;
            const auto seq = static_cast<std::uint64_t>(backup.manifest.watermark);
            oldest = oldest ? std::min(*oldest, seq) : seq;
        }
        const std::uint64_t freed = oldest ? journal.prune(*oldest) : 0;
        kit.log->info("older backups and journal given up", {{"backups", gone.size()}, {"journal_bytes", freed}});
        return gone;
    }

    /// Of the commits up to `most` the oldest, no more than the disk asks for: every commit that stays is a moment to go
    /// back to.
    void give_up_oldest(std::uint64_t most, double limit) {
        constexpr std::uint64_t kParts = 64;
        const std::uint64_t first = journal.first();
        if (most < first) return;
        for (std::uint64_t part = 1; part <= kParts && static_cast<double>(journal.bytes()) >= limit; ++part) {
            journal.prune(first + (most - first) / kParts * part + (part == kParts ? (most - first) % kParts : 0));
        }
    }

    void watch_journal() {
        const double limit = static_cast<double>(options.journal_max_bytes) * kJournalFull;
        if (static_cast<double>(journal.bytes()) < limit) return;
        const auto now = kit.clock->steady();
        if (options.enabled && unkept() && (!journal_backup || now - *journal_backup > kBetweenJournalBackups)) {
            journal_backup = now;
            back_up("journal");
        }
        const std::optional<Manifest> last = newest_backup();
        if (last) give_up_oldest(static_cast<std::uint64_t>(last->watermark), limit);
        const bool reaches =
            last ? journal.first() <= static_cast<std::uint64_t>(last->watermark) + 1 : journal.first() <= 1;
        if (!reaches && !said_unreachable) {
            kit.log->warning(
                "the journal is at its limit and no longer reaches back to a backup: until the next backup "
                "a damaged database cannot be restored; raise durability.journal.max_disk",
                {{"max_disk", options.journal_max_bytes}});
        }
        said_unreachable = !reaches;
    }

    Document drill() {
        const DrillResult result = [this] {
            const std::lock_guard one(work);
            const std::optional<DrillResult> previous = previous_drill();
            return run_drill(kit, previous ? &*previous : nullptr);
        }();
        note_drill(result);
        try {
            write_durably(drill_file(), to_json(result));
        } catch (const Error& error) {
            kit.log->warning("the result of the restore drill could not be kept", {{"reason", error.what()}});
        }
        const Document shown = to_document(struct_type<DrillResult>(), &result);
        if (result.ok)
            kit.log->info("restore drill: the live state can be restored", shown);
        else
            kit.log->error("restore drill failed: a restore would not give the live state", shown);
        return shown;
    }

    void note_drill(const DrillResult& result) {
        const std::lock_guard lock(mutex);
        last_drill = result;
        if (result.ok) last_good_drill = result.at;
        drill_seconds.set(result.seconds);
        drill_ok.set(result.ok ? 1 : 0);
    }

    void recall_drill() {
        try {
            note_drill(from_json<DrillResult>(read_file(drill_file())));
        } catch (const Error&) {
            return;  // there was none yet, or it says nothing
        }
    }

    Document serve(const Document& request) {
        const std::string_view what = request["what"].text();
        if (what == "backup") return to_document(back_up("manual"));
        if (what == "drill") return drill();
        if (what == "prune") {
            const std::lock_guard one(work);
            const Retention keep{std::max<std::int64_t>(1, request["hourly"].integer_or(options.keep.hourly)),
                                 std::max<std::int64_t>(1, request["daily"].integer_or(options.keep.daily))};
            Document names = Document::list();
            for (const std::string& name : prune_locked(keep)) names.push(name);
            return Document{{"deleted", names}};
        }
        if (what == "verify") return verify(std::string(request["file"].text()));
        throw Error(Code::unsupported, "this server does not know the request '" + std::string(what) + "'");
    }

    Document verify(const std::string& file) {
        const std::lock_guard one(work);
        for (const Backup& backup : list_backups(kit.backup_folder).backups) {
            if (backup.manifest.file != file) continue;
            const std::string trouble = verify_backup(kit, backup);
            return Document{{"file", file}, {"ok", trouble.empty()}, {"trouble", trouble}};
        }
        throw Error(Code::not_found, "there is no backup " + file + " with a manifest in " + kit.backup_folder);
    }

    /// Backups and drills that are due because there is none yet, or their time passed while the server was down.
    void make_up() {
        if (!options.enabled) return;
        const WallTime now = kit.clock->wall();
        const std::optional<Manifest> last = newest_backup();
        if (unkept() && (!last || backup_cron.next(last->started, scheduler.zone()) <= now)) {
            back_up(last ? "missed" : "first");
        }
        WallTime drilled = 0;
        {
            const std::lock_guard lock(mutex);
            if (last_drill) drilled = last_drill->at;
        }
        const bool drill_missed =
            drill_cron && drilled > 0 && drill_cron->next(drilled, scheduler.zone()) <= now && newest_backup();
        if (drill_missed && !made_up_drill) {
            made_up_drill = true;  // once per run; from then on the schedule leads
            drill();
        }
    }

    void watch() {
        std::optional<ControlBox> box;
        try {
            box.emplace(kit.data_dir);
        } catch (const std::exception& error) {
            kit.log->error("`cairn backup` cannot reach this server", {{"reason", error.what()}});
        }
        auto next_look = begun + options.settle;
        auto next_journal = begun;
        while (!wait(options.poll)) {
            const auto guarded = [&](const char* what, const std::function<void()>& job) {
                try {
                    job();
                } catch (const std::exception& error) {
                    kit.log->error(what, {{"reason", error.what()}});
                }
            };
            const auto now = kit.clock->steady();
            if (box) {
                guarded("a request could not be answered",
                        [&] { box->serve([this](const Document& request) { return serve(request); }); });
            }
            if (now >= next_journal) {
                next_journal = now + std::chrono::seconds(1);
                guarded("the journal could not be kept within its limit", [&] { watch_journal(); });
                age();
            }
            if (now >= next_look) {
                next_look = now + std::max<Duration>(options.settle, Duration(1000));
                guarded("a backup is due and could not be made", [&] { make_up(); });
            }
        }
    }

    void age() {
        const std::lock_guard lock(mutex);
        if (last_good_drill > 0) drill_age.set(static_cast<double>(kit.clock->wall() - last_good_drill) / 1000);
    }

    /// True: time to end.
    bool wait(Duration time) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, time, [this] { return ending; });
    }

    Duration unproven_limit() const {
        if (!drill_cron) return kLongestUnproven;
        const WallTime next = drill_cron->next(kit.clock->wall(), scheduler.zone());
        const Duration apart(drill_cron->next(next, scheduler.zone()) - next);
        return std::max(kLongestUnproven, apart + kLate);
    }

    HealthReport health() const {
        HealthReport report;
        const std::lock_guard lock(mutex);
        const WallTime now = kit.clock->wall();
        const auto up = std::chrono::duration_cast<Duration>(kit.clock->steady() - begun);
        Document drill_shown;
        if (last_drill) {
            drill_shown =
                Document{{"ok", last_drill->ok}, {"seconds", last_drill->seconds}, {"at", print_utc(last_drill->at)}};
        }
        report.details = Document{{"last", shown_time(newest ? newest->finished : 0)},
                                  {"last_verified", shown_time(newest ? newest->verified->at : 0)},
                                  {"count", count},
                                  {"last_restore_drill", drill_shown}};
        if (!options.enabled) return report;
        // A server that has just come up has had no time to prove anything.
        const auto old = [&](WallTime at, Duration limit) { return up > limit && Duration(now - at) > limit; };
        if (newest && drill_cron && old(last_good_drill, unproven_limit())) report.ok = false;
        const WallTime next = backup_cron.next(now, scheduler.zone());
        const Duration apart(backup_cron.next(next, scheduler.zone()) - next);
        const bool behind = journal.last() > (newest ? static_cast<std::uint64_t>(newest->watermark) : 0);
        if (behind && old(newest ? newest->finished : 0, std::max(kLongestUnproven, apart + kLate))) report.ok = false;
        return report;
    }

    const StoreKit kit;
    const Options options;
    Journal& journal;
    Scheduler& scheduler;
    const std::function<void()> vacuum;
    Gauge& last_success;
    Gauge& backup_seconds;
    Counter& backup_failures;
    Gauge& drill_seconds;
    Gauge& drill_ok;
    Gauge& drill_age;
    const std::chrono::steady_clock::time_point begun;
    const Cron backup_cron;
    std::optional<Cron> drill_cron;

    std::mutex work;  ///< held by whoever backs up, restores or deletes
    mutable std::mutex mutex;
    std::condition_variable changed;
    bool ending = false;
    bool started = false;
    std::optional<Manifest> newest;  ///< of this journal
    std::int64_t count = 0;
    std::optional<DrillResult> last_drill;
    WallTime last_good_drill = 0;

    // Of the watching thread alone.
    std::optional<std::chrono::steady_clock::time_point> journal_backup;
    bool said_unreachable = false;
    bool made_up_drill = false;
    std::thread thread;
};

Keeper::Keeper(StoreKit kit, Options options, Journal& journal, Scheduler& scheduler, Metrics& metrics,
               std::function<void()> vacuum)
    : state_(std::make_unique<State>(std::move(kit), std::move(options), journal, scheduler, metrics,
                                     std::move(vacuum))) {}

Keeper::~Keeper() {
    stop();
}

void Keeper::start() {
    State& state = *state_;
    state.recall_drill();
    {
        const std::lock_guard one(state.work);
        state.look();
    }
    if (state.options.enabled && !state.newest_backup() && state.journal.first() > 1) {
        state.kit.log->warning("the folder of backups holds none of this journal, although that does not reach back to the first "
                             "commit any more; is its disk mounted?",
                             {{"folder", state.kit.backup_folder}, {"journal_begins_with", state.journal.first()}});
    }
    if (state.options.enabled) {
        state.scheduler.add(kOwner, state.options.schedule, "backup", [&state](const Task&) {
            if (state.unkept()) state.back_up("scheduled");
        });
        if (!state.options.drill.empty()) {
            state.scheduler.add(kOwner, state.options.drill, "restore drill", [&state](const Task&) {
                if (state.newest_backup()) state.drill();
            });
        }
    }
    if (!state.options.vacuum.empty() && state.vacuum) {
        state.scheduler.add(kOwner, state.options.vacuum, "vacuum", [&state](const Task&) { state.vacuum(); });
    }
    state.started = true;
    state.thread = start_host_thread("cairn-keeper", [&state] { state.watch(); });
}

void Keeper::stop() {
    State& state = *state_;
    if (!state.started) return;
    state.started = false;
    {
        const std::lock_guard lock(state.mutex);
        state.ending = true;
        state.changed.notify_all();
    }
    state.thread.join();
    state.scheduler.remove(kOwner, kOneDay);  // they use this object: nothing but their end will do
}

void Keeper::final_backup() {
    State& state = *state_;
    if (!state.options.enabled || !state.unkept()) return;
    const std::optional<Manifest> last = state.newest_backup();
    if (last && Duration(last->finished - last->started) > state.options.final_at_most) {
        state.kit.log->info("no backup at this stop, it would take too long",
                            {{"seconds", (last->finished - last->started) / 1000}});
        return;
    }
    try {
        state.back_up("final");
    } catch (const std::exception&) {
        return;  // logged; the journal holds everything
    }
}

Keeper::HealthReport Keeper::health() const {
    return state_->health();
}

Backup Keeper::back_up(const std::string& why) {
    return state_->back_up(why);
}

Document Keeper::drill() {
    return state_->drill();
}

std::vector<std::string> Keeper::prune() {
    const std::lock_guard one(state_->work);
    return state_->prune_locked(state_->options.keep);
}

}  // namespace cairn::core
