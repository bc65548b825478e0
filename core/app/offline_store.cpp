#include "core/app/offline_store.hpp"

#include <filesystem>

#include "core/durability/migration_files.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/call_fence.hpp"
#include "core/plugins/lifecycle.hpp"

namespace cairn::core {
namespace {

Error no_server() {
    return Error(Code::unavailable, "no server is running here");
}

}  // namespace

void quiet_log(const Terminal& terminal) {
    LogSink::Options log;
    log.level = LogLevel::warning;
    log.colour = terminal.err_colour;
    LogSink::instance().configure(log);
}

void must_have_data(const Preparation& preparation) {
    const std::filesystem::path named(preparation.host.data_dir);
    std::error_code error;
    if (std::filesystem::exists(named, error) || error) return;
    const std::filesystem::path folder = std::filesystem::absolute(named).lexically_normal();
    throw StartFailed("there is no data yet: no folder " + folder.string(),
                      named.is_relative()
                          ? "data_dir (" + named.string() + ") counts from where cairn is started, which is " +
                                std::filesystem::current_path(error).string() +
                                " here: start it where the server is started, or say --set data_dir=…"
                          : "See whether data_dir is right, and whether its disk is mounted.");
}

std::string below(const std::string& data_dir, const std::string& folder) {
    return (std::filesystem::path(data_dir) / folder).lexically_normal().string();
}

std::vector<MigrationOwner> migration_owners(const PluginSet& plugins) {
    std::vector<MigrationOwner> owners{{"cairn", plugins.share_dir()}};
    for (const auto& plugin : plugins.plugins()) owners.push_back({plugin->name, plugin->share_dir});
    return owners;
}

void OfflineStore::NoStorage::commit(Commit, Then<Committed> then) {
    if (then) then(no_server());
}

void OfflineStore::NoStorage::query(Query, Then<Rows> then) {
    if (then) then(no_server());
}

void OfflineStore::NoStorage::load_erased(Query, const StructType&, std::function<void*()>, Then<Done> then) {
    if (then) then(no_server());
}

void OfflineStore::NoStorage::select_erased(Selection, std::function<void*()>, Then<Done> then) {
    if (then) then(no_server());
}

void OfflineStore::NoStorage::count(Selection, Then<std::int64_t> then) {
    if (then) then(no_server());
}

OfflineStore::OfflineStore(Preparation& preparation)
    : preparation_(preparation), lock_(preparation.host.data_dir), lanes_({}, metrics_) {
    PluginSet& set = *preparation.plugins;
    ServiceRegistry& services = set.declarations().services;
    const std::string provider = services.provider(services::Store::kService);
    for (const auto& plugin : set.plugins()) {
        if (plugin->name == provider) provider_ = plugin.get();
    }
    if (provider_ == nullptr) {
        throw StartFailed("this configuration keeps nothing: it has no storage plugin",
                          "Add one below `plugins`, for example `storage_sqlite:`.");
    }
    parts_.metrics = &metrics_;
    parts_.clock = &clock_;
    parts_.background = &lanes_;
    parts_.storage = &no_storage_;
    parts_.routes = &set.declarations().routes;
    parts_.tables = &set.declarations().tables;
    parts_.data_dir = lock_.folder();
    parts_.share_dir = set.share_dir();
    parts_.announce = [](std::string_view, std::string_view) {};
    // Its schedules are for a server that runs.
    parts_.schedule = [](const std::string&, const std::string&, const std::string&,
                         const std::function<void(const Task&)>&) {};
    const std::string folder = std::filesystem::path(provider_->file.path).parent_path().string();
    runtime_ = std::make_unique<PluginRuntime>(provider_->name, folder, parts_, provider_->share_dir);
    services.fill_slots_of(provider_->name);
    const auto outcome = fenced({intern(provider_->name), nullptr, intern("start")},
                                [&] { provider_->object->start(*runtime_); });
    if (outcome) {
        throw StartFailed("plugin " + provider_->name + " failed in start: " + outcome->what,
                          "`cairn config explain plugins." + provider_->name + "` shows its settings.");
    }
    store_ = services.find<services::Store>();
}

OfflineStore::~OfflineStore() {
    if (store_) {
        store_->close();
        fenced({intern(provider_->name), nullptr, intern("stop")}, [&] { provider_->object->stop(); });
        preparation_.plugins->declarations().services.empty_slots_of(provider_->name);
    }
    lanes_.stop(Duration(5000));
}

std::vector<const TableSpec*> OfflineStore::tables() const {
    std::vector<const TableSpec*> tables;
    for (const auto& table : preparation_.plugins->declarations().tables) tables.push_back(table.get());
    return tables;
}

std::vector<services::Migration> OfflineStore::migrations() const {
    return find_migrations(migration_owners(*preparation_.plugins), store_->engine());
}

std::string OfflineStore::journal_folder() const {
    return below(data_dir(), preparation_.host.durability.journal.folder);
}

std::string OfflineStore::backup_folder() const {
    return below(data_dir(), preparation_.host.backup.folder);
}

}  // namespace cairn::core
