#pragma once

#include <string>

#include "core/backup/backup_folder.hpp"
#include "core/backup/state_hash.hpp"
#include "core/backup/store_kit.hpp"

namespace cairn::core {

/// Writes a backup of the open store, opens the copy in a place beside, checks and reads it as a whole, and writes its
/// manifest last (reliability.md 6). A copy that does not stand the test is deleted and Error(internal) says why. The
/// store goes on meanwhile. One at a time. `journal`: id of the journal that the commits in the store come from.
/// Throws Error. [worker]
Backup make_backup(const StoreKit& kit, const std::string& why, const std::string& journal);

/// Fills `backup` into a place beside, opens and checks it, and compares what it holds with its manifest. Empty when
/// all is as it should be, else what is wrong. [worker]
std::string verify_backup(const StoreKit& kit, const Backup& backup);

}  // namespace cairn::core
