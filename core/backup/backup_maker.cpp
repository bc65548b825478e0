#include "core/backup/backup_maker.hpp"

#include <algorithm>
#include <filesystem>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>

#include "core/backup/durable_file.hpp"
#include "core/backup/scratch_place.hpp"

namespace cairn::core {
namespace {

struct Copied {
    StateFacts state;
    std::vector<ManifestMigration> schema;
};

/// Throws Error(internal) when the file cannot be opened or is damaged inside.
Copied open_copy(const StoreKit& kit, const std::string& path) {
    ScratchPlace scratch(kit, "verify");
    scratch.fill(path);
    scratch.store().open();
    const std::string damage = scratch.store().integrity();
    if (!damage.empty()) throw Error(Code::internal, "its integrity check says: " + damage);
    Copied copied{read_state(scratch.store()), {}};
    for (const services::AppliedMigration& migration : scratch.store().applied_migrations()) {
        copied.schema.push_back({migration.plugin, migration.number, migration.checksum});
    }
    return copied;
}

/// Deletes an unfinished backup unless it was finished.
class Unfinished {
public:
    explicit Unfinished(std::string path) : path_(std::move(path)) {}
    ~Unfinished() {
        if (finished_) return;
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
        std::filesystem::remove(path_ + ".tmp", ignored);
    }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;
    void finished() noexcept { finished_ = true; }

private:
    std::string path_;
    bool finished_ = false;
};

std::int64_t next_serial(const BackupList& list) {
    std::int64_t serial = 0;
    for (const Backup& backup : list.backups) serial = std::max(serial, backup.manifest.serial);
    return serial + 1;
}

}  // namespace

Backup make_backup(const StoreKit& kit, const std::string& why, const std::string& journal) {
    make_folder(kit.backup_folder, "the folder of backups");
    Backup backup;
    Manifest& manifest = backup.manifest;
    manifest.started = kit.clock->wall();
    manifest.serial = next_serial(list_backups(kit.backup_folder));
    manifest.engine = kit.store->engine();
    manifest.server = kit.server;
    manifest.program = kit.program;
    manifest.why = why;
    manifest.journal = journal;
    manifest.file = new_backup_name(kit.backup_folder, manifest.started, std::string(kit.store->backup_ending()));
    backup.path = kit.backup_folder + "/" + manifest.file;
    backup.manifest_path = backup.path + ".json";

    Unfinished guard(backup.path);
    kit.store->backup(backup.path);
    manifest.bytes = static_cast<std::int64_t>(std::filesystem::file_size(backup.path));
    try {
        Copied copied = open_copy(kit, backup.path);
        manifest.watermark = static_cast<std::int64_t>(copied.state.watermark);
        manifest.state_hash = copied.state.hash;
        for (const auto& [table, rows] : copied.state.rows) manifest.rows[table] = static_cast<std::int64_t>(rows);
        manifest.schema = std::move(copied.schema);
    } catch (const Error& error) {
        throw Error(error.code(),
                    "the new backup " + manifest.file + " did not stand its test and was deleted: " + error.what());
    }
    manifest.sha256 = file_sha256(backup.path);
    manifest.finished = kit.clock->wall();
    manifest.verified = ManifestVerified{manifest.finished, "opened, checked and read as a whole"};
    CAIRN_FAILPOINT("backup.before_manifest");
    put_manifest(backup);
    guard.finished();
    return backup;
}

std::string verify_backup(const StoreKit& kit, const Backup& backup) {
    const Manifest& manifest = backup.manifest;
    if (manifest.engine != kit.store->engine()) {
        return "it is of the store " + manifest.engine + ", and this configuration has " +
               std::string(kit.store->engine());
    }
    std::string trouble = check_file(backup);
    if (!trouble.empty()) return trouble;
    try {
        const Copied copied = open_copy(kit, backup.path);
        if (static_cast<std::int64_t>(copied.state.watermark) != manifest.watermark) {
            return "it ends with commit " + std::to_string(copied.state.watermark) + ", its manifest says " +
                   std::to_string(manifest.watermark);
        }
        if (copied.state.hash != manifest.state_hash)
            return "what it holds does not fit the state hash of its manifest";
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace cairn::core
