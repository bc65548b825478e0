#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <cairn/document.hpp>
#include <cairn/metrics.hpp>

#include "core/backup/backup_folder.hpp"
#include "core/backup/retention.hpp"
#include "core/backup/store_kit.hpp"
#include "core/durability/journal.hpp"
#include "core/schedule/scheduler.hpp"

namespace cairn::core {

/// The part of a running server that looks after backups: makes them by schedule, tries restores beside the running
/// server, deletes what is superfluous, keeps the journal within its disk, and does what `cairn backup …` asks for.
class Keeper {
public:
    struct Options {
        bool enabled = true;  ///< false: nothing happens by itself; requests are served all the same
        std::string schedule = "0 * * * *";
        std::string drill = "30 4 * * *";  ///< empty: never
        std::string vacuum = "0 3 * * *";  ///< empty: never
        Retention keep;
        std::uint64_t journal_max_bytes = 8ull << 30;
        /// So long after the start the first backup is made when there is none yet, or one was missed.
        Duration settle{30000};
        /// The final backup is left out when backups take longer than this.
        Duration final_at_most{15000};
        Duration poll{250};  ///< how often requests are looked for
    };
    /// `vacuum` runs Store::vacuum where the store's writer runs; empty: there is nothing to run. REQUIRES: kit.store
    /// is open and stays so until stop() has returned; `journal` outlives this. Throws Error(invalid_field) for a bad
    /// cron.
    Keeper(StoreKit kit, Options options, Journal& journal, Scheduler& scheduler, Metrics& metrics,
           std::function<void()> vacuum);
    ~Keeper();  ///< stops

    void start();  ///< [control]
    /// Ends all work of its own; waits for what is under way. [control]
    void stop();
    /// After stop(), with everything in the store: a last backup, when something has changed since the newest one and
    /// backups are quick enough (P009). Never throws; a failure is logged. [control]
    void final_backup();

    struct HealthReport {
        bool ok = true;
        Document details;
    };
    /// {last, last_verified, count, last_restore_drill {ok, seconds, at}}; not ok when no restore has been proven for
    /// 26 hours of running (or two hours longer than the schedule of drills is apart), or no backup was made for as
    /// long although there was something to keep. [any]
    HealthReport health() const;

    // What requests and schedules do; each waits for the one before. They throw Error. [worker]
    Backup back_up(const std::string& why);
    /// Tries a restore to the state of this moment: from the newest backup and the journal, in a place beside, which
    /// must give the state hash of the live store. {ok, at, seconds, backup, commits, seq, reason}; also kept for
    /// health().
    Document drill();
    /// Names of what was deleted.
    std::vector<std::string> prune();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
