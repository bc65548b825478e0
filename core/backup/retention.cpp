#include "core/backup/retention.hpp"

#include <set>

#include "core/backup/durable_file.hpp"

namespace cairn::core {
namespace {

constexpr WallTime kHour = 3600 * 1000;
constexpr WallTime kDay = 24 * kHour;
constexpr std::size_t kAlwaysKept = 3;

WallTime bucket(WallTime at, WallTime length) {
    return (at - (at % length + length) % length) / length;
}

}  // namespace

std::vector<std::size_t> superfluous(const BackupList& list, const Retention& keep) {
    std::vector<std::size_t> gone;
    std::set<WallTime> hours;
    std::set<WallTime> days;
    std::size_t verified = 0;
    for (std::size_t i = 0; i < list.backups.size(); ++i) {  // newest first
        const Backup& backup = list.backups[i];
        if (!backup.usable()) continue;
        ++verified;
        const WallTime at = backup.manifest.started;
        const bool of_hour =
            hours.size() < static_cast<std::size_t>(keep.hourly) && hours.insert(bucket(at, kHour)).second;
        const bool of_day = days.size() < static_cast<std::size_t>(keep.daily) && days.insert(bucket(at, kDay)).second;
        if (verified > kAlwaysKept && !of_hour && !of_day) gone.push_back(i);
    }
    return gone;
}

std::vector<std::string> prune_backups(const std::string& folder, const Retention& keep) {
    const BackupList list = list_backups(folder);
    std::vector<std::string> names;
    for (const std::size_t index : superfluous(list, keep)) {
        const Backup& backup = list.backups[index];
        // A manifest without its file is harmless and seen; a file without its manifest would take space for ever.
        remove_file(backup.path);
        sync_folder(folder);
        remove_file(backup.manifest_path);
        names.push_back(backup.manifest.file);
    }
    if (!names.empty()) sync_folder(folder);
    return names;
}

}  // namespace cairn::core
