#pragma once

#include <string>
#include <vector>

#include <cairn/document.hpp>

#include "core/backup/manifest.hpp"

namespace cairn::core {

/// A backup with a sealed manifest.
struct Backup {
    std::string path;  ///< of the copy itself
    std::string manifest_path;
    Manifest manifest;
    /// Why it cannot be used although its manifest is whole: the file is missing or has another size. Empty: none known
    /// without reading it.
    std::string trouble;
    bool usable() const noexcept { return trouble.empty() && manifest.verified.has_value(); }
};

/// What lies in the folder of backups.
struct BackupList {
    std::vector<Backup> backups;  ///< newest first, by serial: no clock and no file time decides
    /// Other files that look like backups or manifests, with the reason why they do not count. Never touched.
    std::vector<std::pair<std::string, std::string>> others;

    const Backup* newest_usable() const noexcept;
};

/// Reads all manifests. A folder that does not exist holds no backups. Throws Error(unavailable). [worker]
BackupList list_backups(const std::string& folder);

/// Reads the whole file: empty when it is what its manifest says, else what is wrong. [worker]
std::string check_file(const Backup& backup);

/// Writes a manifest to its place. [worker]
void put_manifest(const Backup& backup);

/// A backup as `cairn backup list --json` shows it. [any]
Document to_document(const Backup& backup);

/// "backup_20260329_010203" for a time, with "_2" and so on while such a file is there. [worker]
std::string new_backup_name(const std::string& folder, WallTime at, const std::string& ending);

}  // namespace cairn::core
