#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/backup/restore_plan.hpp"
#include "core/backup/scratch_place.hpp"
#include "core/backup/state_hash.hpp"

namespace cairn::core {

/// A restored state in a place beside, checked, not yet where the store is configured.
struct Restored {
    std::unique_ptr<ScratchPlace> place;
    std::string backup;      ///< the file that was filled in; empty: from nothing
    std::uint64_t from = 0;  ///< its watermark
    std::uint64_t replayed = 0;
    std::uint64_t refused = 0;  ///< left out, as the store had refused them or refuses them now
    std::uint64_t buried = 0;   ///< of these, those that it refuses now: they are in its dead letters
    StateFacts state;
    double seconds = 0;
};

/// Carries `plan` out: fills the nearest backup (the next older one when that is damaged) into `place`, replays,
/// checks, reads it as a whole. Nothing else is changed. Throws Error, JournalError. [worker]
Restored restore_beside(const StoreKit& kit, const RestorePlan& plan, std::unique_ptr<ScratchPlace> place);

/// What putting a restored state in place did.
struct Activated {
    std::string quarantine;     ///< what stood there; empty: nothing
    std::string journal_aside;  ///< the journal with the commits that are no longer part of history; empty: it stays
};

/// Puts `restored` where the store is configured. When the journal that stands there holds commits that are not part of
/// the restored state, it is moved to `before-restore-<time>/` below its folder, so that the next start does not apply
/// them: the server starts exactly at that state, and its numbers go on from there in a new journal. A process that is
/// killed meanwhile leaves `data_dir/restore.json`, by which finish_interrupted_restore() brings it to its end.
/// REQUIRES: the configured store is not open. Throws Error. [control]
Activated activate(const StoreKit& kit, const RestorePlan& plan, Restored& restored);

}  // namespace cairn::core
