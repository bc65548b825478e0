#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/backup/backup_folder.hpp"

namespace cairn::core {

/// How many backups stay (P125, P126, P132).
struct Retention {
    std::int64_t hourly = 24;  ///< the newest of so many hours that have one
    std::int64_t daily = 30;   ///< the newest of so many days that have one (days of UTC)
};

/// Which of `list` may go: verified ones that neither an hour nor a day keeps. The newest three verified ones always
/// stay, whatever their age; one that is not verified or has trouble neither goes nor counts. Hours and days are
/// counted by the backups that are there, not by today's clock, so that nothing goes because time has passed or the
/// clock has jumped: only a newer verified backup makes an older one superfluous. Indexes into list.backups. [any]
std::vector<std::size_t> superfluous(const BackupList& list, const Retention& keep);

/// Deletes them, each file before its manifest. Returns their names. Throws Error(unavailable). [worker]
std::vector<std::string> prune_backups(const std::string& folder, const Retention& keep);

}  // namespace cairn::core
