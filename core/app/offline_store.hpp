#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cairn/services/store.hpp>

#include "core/app/command.hpp"
#include "core/app/data_lock.hpp"
#include "core/app/preparation.hpp"
#include "core/durability/migration_files.hpp"
#include "core/loops/lanes.hpp"
#include "core/observe/metrics_store.hpp"
#include "core/observe/system_clock.hpp"
#include "core/plugins/plugin_runtime.hpp"

namespace cairn::core {

/// The store of a configuration without its server, for commands that work on the data while nothing else does: holds
/// the data folder, starts the one plugin that provides services::Store, and stops it again. All calls [control].
class OfflineStore {
public:
    /// Throws StartFailed when the configuration has no storage plugin or it does not start, std::runtime_error when a
    /// server (or another command) has the data folder. REQUIRES: preparation.ok().
    explicit OfflineStore(Preparation& preparation);
    ~OfflineStore();  ///< closes the store when it is open
    OfflineStore(const OfflineStore&) = delete;
    OfflineStore& operator=(const OfflineStore&) = delete;

    /// The store as its plugin configured it; not opened.
    services::Store& store() noexcept { return *store_; }
    /// The plugin that provides it.
    const std::string& plugin() const noexcept { return provider_->name; }
    /// Every declared table.
    std::vector<const TableSpec*> tables() const;
    /// All migrations for its engine: those of cairn itself first, then of every plugin of the configuration.
    std::vector<services::Migration> migrations() const;
    const std::string& data_dir() const noexcept { return lock_.folder(); }
    /// Absolute.
    std::string journal_folder() const;
    std::string backup_folder() const;

    Metrics& metrics() noexcept { return metrics_; }
    const Clock& clock() const noexcept { return clock_; }
    Background& background() noexcept { return lanes_; }

private:
    /// Nothing is kept through it: plugins that store are not started here.
    class NoStorage final : public Storage {
        void commit(Commit commit, Then<Committed> then) override;
        void query(Query query, Then<Rows> then) override;
        void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override;
        void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override;
        void count(Selection selection, Then<std::int64_t> then) override;
    };

    Preparation& preparation_;
    DataLock lock_;
    SystemClock clock_;
    MetricsStore metrics_;
    Lanes lanes_;
    NoStorage no_storage_;
    HostParts parts_;
    LoadedPlugin* provider_ = nullptr;
    std::unique_ptr<PluginRuntime> runtime_;
    services::Store* store_ = nullptr;
};

/// What opens and closes is no news to whoever types a command: the log has warnings only from now on. [control]
void quiet_log(const Terminal& terminal);

/// For commands that work on what is there: throws StartFailed when the data folder of the configuration is not, which
/// mostly means that cairn was started somewhere else. [control]
void must_have_data(const Preparation& preparation);

/// `folder` below `data_dir`, or as it is when it is absolute. [any]
std::string below(const std::string& data_dir, const std::string& folder);

/// For whom migrations are looked for, and where: "cairn", then the plugins. [any]
std::vector<MigrationOwner> migration_owners(const PluginSet& plugins);

}  // namespace cairn::core
