#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <cairn/log.hpp>
#include <cairn/metrics.hpp>
#include <cairn/services/store.hpp>

#include "plugins/storage_postgres/connection_pool.hpp"
#include "plugins/storage_postgres/replica_lag.hpp"
#include "plugins/storage_postgres/table_statements.hpp"
#include "plugins/storage_postgres/tools.hpp"

namespace cairn::storage_postgres {

/// The store on a PostgreSQL database: one session writes and holds the database for this process, a pool of others reads.
///
/// A COMMIT whose answer is lost is settled before anything else is written: each batch begins by moving the watermark, on
/// a condition, and finds out there whether it had been applied. So a batch that is given again changes nothing.
class PostgresStore final : public services::Store {
public:
    enum class Check : unsigned char { off, quick, full };
    struct Options {
        DatabaseUrl url;
        DatabaseUrl replica;  ///< without a host: none
        Duration replica_max_lag{30000};
        std::string sslmode = "auto";
        std::string root_certificate;
        bool insecure = false;
        std::string schema = "public";
        std::size_t pool_size = 20;
        Duration pool_idle{30000};
        Duration connect_timeout{2000};
        Duration statement_timeout{5000};
        Duration lock_timeout{2000};
        bool relaxed = false;
        bool row_level_security = false;
        std::string tools;
        Duration backup_timeout{3600000};
        Check check = Check::quick;
        bool is_elsewhere = false;  ///< a place made by restoring, not the configured one
    };
    PostgresStore();
    ~PostgresStore() override;
    /// Before open(). `log` and `metrics` (may be null) outlive the store. Throws Error(invalid_field) when the settings
    /// do not go together. [control]
    void configure(Options options, Log& log, Metrics* metrics);

    std::string_view engine() const noexcept override { return "postgres"; }
    void open() override;
    int migrate(std::span<const services::Migration> migrations) override;
    std::vector<services::AppliedMigration> applied_migrations() override;
    void migrate_down(const services::Migration& migration) override;
    void bind(std::span<const TableSpec* const> tables, std::span<const std::string> audited) override;
    services::Watermark watermark() override;
    void apply(std::span<const services::TableBatch> batch, services::Watermark watermark) override;
    void bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) override;
    void maintain(bool idle) noexcept override;
    /// Goes on in a thread of its own, beside everything else.
    void vacuum(WallTime keep_audit_from) override;
    void query(const Query& query,
               const std::function<bool(std::span<const std::string> columns, std::span<const Document> values)>& row)
        override;
    /// Also looks into indexes; damage_check.hpp says what is found.
    std::string integrity() override;
    services::Watermark snapshot(const services::RowSink& sink) override;
    std::string note(std::string_view name) override;
    void set_note(std::string_view name, std::string_view value) override;
    std::string_view backup_ending() const noexcept override { return ".dump"; }
    void backup(const std::string& path) override;
    void close() noexcept override;

    std::string place() const override { return options_.url.database; }
    std::string place_beside(std::string_view reason) const override;
    std::unique_ptr<services::Store> elsewhere(const std::string& place) const override;
    void fill(const std::string& path) override;
    void remove() override;
    std::string replace_with(const std::string& place) override;

    struct Health {
        bool ok = false;
        std::string trouble;  ///< empty when ok
        std::size_t connections = 0;
        std::uint64_t replica_fallbacks = 0;
        std::string version;  ///< of the server
    };
    Health health() const;  ///< [any]
    /// How this store connects; for the tools that copy the server. [any]
    const Target& target() const noexcept { return target_; }

private:
    struct Writer;
    using Row = std::function<bool(std::span<const std::string> columns, std::span<const Document> values)>;

    std::unique_ptr<Writer> connect_writer();
    Writer& writer();
    void take_database(Writer& writer);
    void check_server(Connection& connection);
    void make_own_tables(Connection& connection);
    void prepare(Writer& writer, const TableSpec& table);
    void write(services::Watermark watermark, std::size_t rows, const std::function<void(Writer&)>& work);
    bool begin(Writer& writer, services::Watermark watermark);
    void run_query(ConnectionPool& pool, const Query& query, const Row& row, bool& delivered);
    bool query_replica(const Query& query, const Row& row);
    std::unique_ptr<Connection> reader(Duration statement_timeout) const;
    void require_open() const;
    void set_trouble(std::string trouble);
    void check_integrity();
    void note_damage(const PostgresError& failure) noexcept;
    [[noreturn]] void give_up(const PostgresError& failure);
    std::string where() const { return options_.url.words(); }
    Error error(const PostgresError& error) const;
    /// Runs `work`; PostgresErrors become Errors.
    template <class Work>
    auto translated(Work&& work) const;

    Options options_;
    Target target_;
    Log* log_ = nullptr;
    Metrics* metrics_ = nullptr;
    std::unique_ptr<Writer> writer_;
    int last_process_ = 0;  ///< of the server, that wrote for us before
    std::unique_ptr<ConnectionPool> pool_;
    std::unique_ptr<ConnectionPool> replica_;
    std::unique_ptr<ReplicaLag> lag_;
    std::vector<const TableSpec*> tables_;
    std::vector<std::string> audited_;
    std::string audit_user_;  ///< type of audit_log.user_id
    std::map<const TableSpec*, TableSql> statements_;
    std::map<std::string, std::string> constraints_;
    std::string version_;
    std::atomic<bool> damaged_{false};  ///< readers meet damage, too
    std::atomic<std::uint64_t> replica_fallbacks_{0};
    std::atomic<bool> replica_away_{false};

    std::mutex vacuum_mutex_;
    std::thread vacuum_;
    std::atomic<bool> vacuuming_{false};
    PGcancel* vacuum_cancel_ = nullptr;  // guarded by vacuum_mutex_

    mutable std::mutex trouble_mutex_;
    std::string trouble_ = "the database has not been opened yet";
};

/// The sslmode that holds for `url`: what the URL says, else the setting; auto is verify-full, and prefer on this machine.
/// Throws Error(invalid_field) for a weaker one than verify-full to another machine, unless `insecure`. [any]
std::string settle_sslmode(const DatabaseUrl& url, const std::string& setting, bool insecure);

}  // namespace cairn::storage_postgres
