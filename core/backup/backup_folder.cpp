#include "core/backup/backup_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

#include <cairn/error.hpp>

#include "core/backup/durable_file.hpp"
#include "core/backup/state_hash.hpp"
#include "core/schedule/time_zone.hpp"

namespace cairn::core {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestEnding = ".json";
constexpr std::string_view kPrefix = "backup_";

bool ends_with(const std::string& text, std::string_view ending) {
    return text.size() > ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

std::string trouble_of(const Backup& backup) {
    std::error_code error;
    const auto bytes = fs::file_size(backup.path, error);
    if (error) return "the file " + backup.manifest.file + " is missing";
    if (bytes != static_cast<std::uintmax_t>(backup.manifest.bytes)) {
        return "the file has " + std::to_string(bytes) + " bytes instead of " + std::to_string(backup.manifest.bytes);
    }
    return {};
}

}  // namespace

const Backup* BackupList::newest_usable() const noexcept {
    const auto found = std::find_if(backups.begin(), backups.end(), [](const Backup& b) { return b.usable(); });
    return found == backups.end() ? nullptr : &*found;
}

BackupList list_backups(const std::string& folder) {
    BackupList list;
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    if (error == std::errc::no_such_file_or_directory) return list;
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
        if (entries->is_regular_file(error)) names.push_back(entries->path().filename().string());
    }
    if (error)
        throw Error(Code::unavailable, "the folder of backups " + folder + " cannot be read: " + error.message());
    std::set<std::string> claimed;
    for (const std::string& name : names) {
        if (!ends_with(name, kManifestEnding) || name.rfind(kPrefix, 0) != 0) continue;
        Backup backup;
        backup.manifest_path = folder + "/" + name;
        try {
            backup.manifest = read_manifest(read_file(backup.manifest_path));
            if (backup.manifest.file + std::string(kManifestEnding) != name) {
                throw Error(Code::invalid_field, "it belongs to the file " + backup.manifest.file);
            }
        } catch (const Error& problem) {
            list.others.emplace_back(name, std::string("not a manifest: ") + problem.what());
            claimed.insert(name.substr(0, name.size() - kManifestEnding.size()));
            continue;
        }
        backup.path = folder + "/" + backup.manifest.file;
        backup.trouble = trouble_of(backup);
        claimed.insert(backup.manifest.file);
        list.backups.push_back(std::move(backup));
    }
    for (const std::string& name : names) {
        if (name.rfind(kPrefix, 0) != 0 || ends_with(name, kManifestEnding)) continue;
        const bool known = claimed.count(name) != 0;
        const bool damaged = known && std::none_of(list.backups.begin(), list.backups.end(),
                                                   [&](const Backup& backup) { return backup.manifest.file == name; });
        if (damaged) list.others.emplace_back(name, "its manifest cannot be used");
        if (!known) list.others.emplace_back(name, "it has no manifest");
    }
    std::sort(list.others.begin(), list.others.end());
    std::sort(list.backups.begin(), list.backups.end(), [](const Backup& a, const Backup& b) {
        return std::tie(a.manifest.serial, a.manifest.started, a.manifest.file) >
               std::tie(b.manifest.serial, b.manifest.started, b.manifest.file);
    });
    return list;
}

std::string check_file(const Backup& backup) {
    std::string trouble = trouble_of(backup);
    if (!trouble.empty()) return trouble;
    try {
        if (file_sha256(backup.path) != backup.manifest.sha256) {
            return "the file is damaged: its content does not fit the checksum of its manifest";
        }
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

void put_manifest(const Backup& backup) {
    write_durably(backup.manifest_path, write_manifest(backup.manifest));
}

std::string new_backup_name(const std::string& folder, WallTime at, const std::string& ending) {
    const std::string stem = std::string(kPrefix) + compact_utc(at);
    for (int number = 1;; ++number) {
        const std::string name = (number == 1 ? stem : stem + "_" + std::to_string(number)) + ending;
        if (!fs::exists(folder + "/" + name) && !fs::exists(folder + "/" + name + std::string(kManifestEnding))) {
            return name;
        }
    }
}

Document to_document(const Backup& backup) {
    const Manifest& manifest = backup.manifest;
    Document rows = Document::map();
    for (const auto& [table, count] : manifest.rows) rows.set(table, count);
    Document shown{{"file", manifest.file},
                   {"why", manifest.why},
                   {"started", print_utc(manifest.started)},
                   {"finished", print_utc(manifest.finished)},
                   {"bytes", manifest.bytes},
                   {"sha256", manifest.sha256},
                   {"engine", manifest.engine},
                   {"commit", manifest.watermark},
                   {"journal", manifest.journal},
                   {"state_hash", manifest.state_hash},
                   {"rows", rows},
                   {"verified", manifest.verified ? Document(print_utc(manifest.verified->at)) : Document()}};
    if (!backup.trouble.empty()) shown.set("trouble", backup.trouble);
    return shown;
}

}  // namespace cairn::core
