#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/log.hpp>
#include <cairn/services/store.hpp>

#include "plugins/storage_sqlite/connection.hpp"
#include "plugins/storage_sqlite/database_file.hpp"
#include "plugins/storage_sqlite/reader_pool.hpp"
#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {

/// The store on one SQLite file: one connection writes and checkpoints, a few others only read.
class SqliteStore final : public services::Store {
public:
    enum class Check : unsigned char { off, quick, full };
    struct Options {
        std::string file;  ///< absolute
        bool relaxed = false;
        Check check = Check::quick;
        std::size_t readers = 2;
        Bytes cache{64ULL << 20U};
        Duration query_timeout{5000};
        bool is_elsewhere = false;  ///< a place beside the configured one
    };
    SqliteStore();
    ~SqliteStore() override;
    /// Before open(). `log` outlives the store. [control]
    void configure(Options options, Log& log);

    std::string_view engine() const noexcept override { return "sqlite"; }
    void open() override;
    int migrate(std::span<const services::Migration> migrations) override;
    std::vector<services::AppliedMigration> applied_migrations() override;
    void migrate_down(const services::Migration& migration) override;
    void bind(std::span<const TableSpec* const> tables, std::span<const std::string> audited) override;
    services::Watermark watermark() override;
    void apply(std::span<const services::TableBatch> batch, services::Watermark watermark) override;
    void bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) override;
    void maintain(bool idle) noexcept override;
    void vacuum(WallTime keep_audit_from) override;
    void query(const Query& query,
               const std::function<bool(std::span<const std::string> columns, std::span<const Document> values)>& row)
        override;
    std::string integrity() override;
    services::Watermark snapshot(const services::RowSink& row) override;
    std::string note(std::string_view name) override;
    void set_note(std::string_view name, std::string_view text) override;
    std::string_view backup_ending() const noexcept override { return ".db"; }
    void backup(const std::string& path) override;
    void close() noexcept override;

    std::string place() const override { return options_.file; }
    std::string place_beside(std::string_view why) const override;
    std::unique_ptr<services::Store> elsewhere(const std::string& place) const override;
    void fill(const std::string& backup) override;
    void remove() override;
    std::string replace_with(const std::string& place) override;

    struct Health {
        bool ok = false;
        std::string trouble;  ///< empty when ok
        std::string file;
        std::uint64_t size_bytes = 0;
        std::uint64_t wal_bytes = 0;
    };
    Health health() const;  ///< [any]

private:
    struct Writer;

    void open_writer();
    void open_again();
    void drop_writer() noexcept;
    Writer& writer();
    void in_transaction(services::Watermark watermark, const std::function<void(Writer&)>& work);
    bool is_audited(const TableSpec& table) const;
    void check_audit(std::span<const TableSpec* const> tables);
    void finish_swap();
    void recover(const SqliteError& error, bool committing, services::Watermark watermark);
    void reopen_and_resolve(const SqliteError& error, bool committing, services::Watermark watermark);
    void truncate_log(Writer& writer);
    [[noreturn]] void give_up(const std::string& why);
    void set_trouble(std::string trouble);
    void check_integrity();
    std::string damage_mark() const { return options_.file + ".damaged"; }
    void mark_damaged(const std::string& why) noexcept;

    /// Runs `work`; SqliteErrors become Errors.
    template <class Work>
    auto translated(Work&& work) const {
        try {
            return work();
        } catch (const SqliteError& error) {
            throw to_error(error, options_.file);
        }
    }
    /// As translated(); what it meets of damage ends the work.
    template <class Work>
    auto read(Work&& work) {
        try {
            return work();
        } catch (const SqliteError& error) {
            const Error answer = to_error(error, options_.file);
            if (error.primary() == SQLITE_CORRUPT || error.primary() == SQLITE_NOTADB) mark_damaged(answer.what());
            throw answer;
        }
    }

    Options options_;
    Log* log_ = nullptr;
    std::optional<FileLock> lock_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<ReaderPool> readers_;
    std::vector<const TableSpec*> tables_;
    std::vector<std::string> audited_;
    int sync_failures_ = 0;  ///< since the last good commit
    /// A COMMIT failed, and the disk was too full for looking whether it is there: its watermark. The next batch looks.
    std::optional<std::uint64_t> unresolved_;
    std::atomic<bool> damaged_{false};  ///< readers meet damage, too

    mutable std::mutex trouble_mutex_;
    std::string trouble_ = "the database has not been opened yet";
};

}  // namespace cairn::storage_sqlite
