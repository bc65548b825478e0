#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/app/preparation.hpp"
#include "core/backup/keeper.hpp"
#include "core/backup/recovery.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/observe/health.hpp"
#include "core/schedule/scheduler.hpp"

namespace cairn::core {

/// Schedules, backups and recovery in a running host. All calls [control], but for what is said otherwise.
class BackupHost {
public:
    /// What it shares with the host; all of it outlives this.
    struct Parts {
        const Clock* clock = nullptr;
        Background* lanes = nullptr;
        Metrics* metrics = nullptr;
        Health* health = nullptr;
        CommitQueue* commits = nullptr;
        std::string data_dir;  ///< absolute, held
    };
    BackupHost(const Preparation& preparation, Parts parts);
    ~BackupHost();

    /// Jobs of plugins, from their start on. [any]
    void schedule(const std::string& plugin, const std::string& cron, std::string what,
                  std::function<void(const Task&)> work);
    /// Begins to look at the clock: everything has started.
    void start();
    /// No job begins any more.
    void stop();
    /// No job of `plugin` runs from now on.
    void stopping(const std::string& plugin);

    /// Before Store::open: brings an interrupted restore to its end. Throws Error.
    void before_open(services::Store& store);
    /// The store is open and its migrations come next: writes a verified backup when they would change a database that
    /// holds anything. Throws Error; nothing was changed then.
    void before_migrate(services::Store& store);
    /// The store is open, the journal is not: as core::lacking(). Empty when the store keeps no notes.
    std::string lacking(services::Store& store);
    /// The store is damaged and closed. True: a good one stands in its place, to be opened. False: auto_restore is off.
    /// Throws RecoveryRefused, Error.
    bool mend(services::Store& store, const std::string& damage);
    /// The store is open and takes commits.
    void opened(services::Store& store, Journal& journal);
    /// Everything is in the store, which is still open: ends what is under way, makes the final backup unless
    /// `hurried`.
    void closing(bool hurried);

private:
    StoreKit kit(services::Store& store) const;

    const Preparation& preparation_;
    Parts parts_;
    Scheduler scheduler_;
    std::unique_ptr<Keeper> keeper_;
};

}  // namespace cairn::core
