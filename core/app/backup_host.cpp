#include "core/app/backup_host.hpp"

#include <future>

#include "core/app/migrate_session.hpp"
#include "core/app/offline_store.hpp"
#include "core/durability/migration_files.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/compatibility.hpp"

namespace cairn::core {

BackupHost::BackupHost(const Preparation& preparation, Parts parts)
    : preparation_(preparation),
      parts_(std::move(parts)),
      scheduler_(TimeZone(preparation.host.time_zone), *parts_.clock, *parts_.lanes, core_log()) {}

BackupHost::~BackupHost() = default;

void BackupHost::schedule(const std::string& plugin, const std::string& cron, std::string what,
                          std::function<void(const Task&)> work) {
    scheduler_.add(plugin, cron, std::move(what), std::move(work));
}

void BackupHost::start() {
    scheduler_.start();
}

void BackupHost::stop() {
    scheduler_.stop();
}

void BackupHost::stopping(const std::string& plugin) {
    scheduler_.remove(plugin);
}

StoreKit BackupHost::kit(services::Store& store) const {
    const HostConfig& host = preparation_.host;
    const PluginSet& set = *preparation_.plugins;
    StoreKit kit;
    kit.store = &store;
    for (const auto& table : preparation_.plugins->declarations().tables) kit.tables.push_back(table.get());
    kit.migrations = find_migrations(migration_owners(set), store.engine());
    kit.audited = host.durability.audit;
    kit.data_dir = parts_.data_dir;
    kit.journal_folder = below(parts_.data_dir, host.durability.journal.folder);
    kit.backup_folder = below(parts_.data_dir, host.backup.folder);
    kit.server = host.name;
    kit.program = host_build().version;
    kit.clock = parts_.clock;
    kit.log = &core_log();
    return kit;
}

void BackupHost::before_open(services::Store& store) {
    finish_interrupted_restore(kit(store));
}

void BackupHost::before_migrate(services::Store& store) {
    if (!preparation_.host.backup.enabled) return;
    const std::string backup = back_up_before_migrations(kit(store));
    if (!backup.empty()) core_log().info("backup before migrations", {{"file", backup}});
}

std::string BackupHost::lacking(services::Store& store) {
    try {
        return core::lacking(kit(store));
    } catch (const Error& error) {
        if (error.code() == Code::unsupported) return {};
        throw;
    }
}

bool BackupHost::mend(services::Store& store, const std::string& damage) {
    if (!preparation_.host.durability.auto_restore) return false;
    store.close();
    const StoreKit all = kit(store);
    if (!opens_beside(all)) return false;
    recover_store(all, damage, preparation_.host.durability.allow_loss);
    return true;
}

void BackupHost::opened(services::Store& store, Journal& journal) {
    const HostConfig& host = preparation_.host;
    Keeper::Options options;
    options.enabled = host.backup.enabled;
    options.schedule = host.backup.schedule;
    options.drill = host.backup.drill;
    options.vacuum = host.maintenance.vacuum;
    options.keep = {host.backup.keep.hourly, host.backup.keep.daily};
    options.journal_max_bytes = host.durability.journal.max_disk.value;
    keeper_ = std::make_unique<Keeper>(kit(store), std::move(options), journal, scheduler_, *parts_.metrics, [this, audit_keep = host.durability.audit_keep] {
        std::promise<Result<Done>> done;
        const WallTime keep_audit_from = parts_.clock->wall() - audit_keep.count();
        parts_.commits->between_batches([keep_audit_from](services::Store& open) { open.vacuum(keep_audit_from); },
                                        [&done](Result<Done> result) { done.set_value(std::move(result)); });
        done.get_future().get().value();
    });
    keeper_->start();
    parts_.health->add("backup", [this]() -> Health::Report {
        Keeper::HealthReport report = keeper_->health();
        return {report.ok, std::move(report.details)};
    });
}

void BackupHost::closing(bool hurried) {
    if (!keeper_) return;
    parts_.health->remove("backup");
    keeper_->stop();
    if (!hurried && preparation_.host.backup.at_stop) keeper_->final_backup();
    keeper_.reset();
}

}  // namespace cairn::core
