#include <cairn/plugin.hpp>

#include <filesystem>
#include <memory>

#include "plugins/storage_sqlite/config.hpp"
#include "plugins/storage_sqlite/sqlite_store.hpp"

namespace cairn::storage_sqlite {

/// Offers the store on SQLite. The host opens it after all plugins have declared their tables.
class StorageSqlite final : public Plugin {
public:
    void setup(Setup& setup) override {
        config_ = setup.config<Config>();
        setup.provide<services::Store>(store_);
        setup.health("database", [this] {
            const SqliteStore::Health health = store_.health();
            Setup::HealthReport report;
            report.ok = health.ok;
            report.details = {{"engine", "sqlite"}, {"size_bytes", health.size_bytes}, {"wal_bytes", health.wal_bytes}};
            if (!health.ok) report.details.set("trouble", "see the log");  // the reason names paths; /health is public
            return report;
        });
    }

    void start(Runtime& runtime) override {
        SqliteStore::Options options;
        // An absolute path stays what it is.
        options.file = (std::filesystem::path(runtime.data_dir()) / config_->file).lexically_normal().string();
        options.relaxed = config_->durability == "relaxed";
        options.check = config_->integrity_check == "off"     ? SqliteStore::Check::off
                        : config_->integrity_check == "quick" ? SqliteStore::Check::quick
                                                              : SqliteStore::Check::full;
        options.readers = static_cast<std::size_t>(config_->readers);
        options.cache = config_->cache;
        options.query_timeout = config_->query_timeout;
        store_.configure(std::move(options), runtime.log());
    }

    void stop() override { store_.close(); }

private:
    std::shared_ptr<const Config> config_;
    SqliteStore store_;
};

}  // namespace cairn::storage_sqlite

CAIRN_PLUGIN(cairn::storage_sqlite::StorageSqlite, "storage_sqlite", "0.1.0")
