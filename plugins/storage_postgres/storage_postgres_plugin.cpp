#include <cairn/plugin.hpp>

#include <filesystem>
#include <memory>

#include "plugins/storage_postgres/base_backup.hpp"
#include "plugins/storage_postgres/config.hpp"
#include "plugins/storage_postgres/postgres_store.hpp"

namespace cairn::storage_postgres {

/// Offers the store on PostgreSQL. The host opens it after all plugins have declared their tables.
class StoragePostgres final : public Plugin {
public:
    void setup(Setup& setup) override {
        config_ = setup.config<Config>();
        setup.provide<services::Store>(store_);
        setup.health("database", [this] {
            const PostgresStore::Health health = store_.health();
            Setup::HealthReport report;
            report.ok = health.ok;
            report.details = {{"engine", "postgres"}, {"version", health.version}, {"connections", health.connections}};
            if (!config_->replica_url.empty()) report.details.set("replica_fallbacks", health.replica_fallbacks);
            if (!health.ok) report.details.set("trouble", "see the log");  // the reason names places; /health is public
            return report;
        });
    }

    void start(Runtime& runtime) override {
        PostgresStore::Options options;
        options.url = parse_url(config_->url.reveal());
        if (!config_->replica_url.empty()) options.replica = parse_url(config_->replica_url.reveal());
        options.replica_max_lag = config_->replica_max_lag;
        options.sslmode = config_->sslmode;
        options.root_certificate = config_->root_certificate;
        options.insecure = config_->insecure;
        options.schema = config_->schema;
        options.pool_size = static_cast<std::size_t>(config_->pool.size);
        options.pool_idle = config_->pool.idle;
        options.connect_timeout = config_->pool.connect_timeout;
        options.statement_timeout = config_->statement_timeout;
        options.lock_timeout = config_->lock_timeout;
        options.relaxed = config_->durability == "relaxed";
        options.check = config_->integrity_check == "off"     ? PostgresStore::Check::off
                        : config_->integrity_check == "quick" ? PostgresStore::Check::quick
                                                              : PostgresStore::Check::full;
        options.row_level_security = config_->row_level_security;
        options.tools = config_->tools;
        options.backup_timeout = config_->backup_timeout;
        store_.configure(std::move(options), runtime.log(), &runtime.metrics());
        if (!config_->base_backup.folder.empty()) schedule_base_backups(runtime);
    }

    void stop() override { store_.close(); }

private:
    void schedule_base_backups(Runtime& runtime) {
        // An absolute path stays what it is.
        const std::string folder = (std::filesystem::path(runtime.data_dir()) / config_->base_backup.folder).string();
        runtime.schedule(config_->base_backup.schedule, "physical base backup", [this, folder, &runtime](const Task&) {
            try {
                const BaseBackups backups{folder, config_->base_backup.keep, config_->backup_timeout};
                const std::string made = backups.run(Tools(config_->tools), store_.target());
                runtime.log().info("base backup made and verified", {{"folder", made}});
            } catch (const Error& error) {
                runtime.log().error("no base backup", {{"reason", error.what()}});
            }
        });
    }

    std::shared_ptr<const Config> config_;
    PostgresStore store_;
};

}  // namespace cairn::storage_postgres

CAIRN_PLUGIN(cairn::storage_postgres::StoragePostgres, "storage_postgres", "0.1.0")
