#pragma once

#include <cstdint>
#include <string>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

#include "core/backup/store_kit.hpp"

namespace cairn::core {

/// Whether a restore would give back what the server has.
struct DrillResult {
    bool ok = false;
    WallTime at = 0;
    double seconds = 0;
    std::string backup;
    std::int64_t commits = 0;
    std::int64_t seq = 0;
    std::string reason;
};
void describe(Fields<DrillResult>& f);

/// Takes the state hash of the live store, restores the newest backup and the journal up to the same commit into a
/// place beside, compares, and removes it again. Then the same from a backup from before `previous`, the drill before this
/// one (null: there was none): a value that was damaged in the live database since stands in every backup made after
/// that, and only there. `seconds`, `backup` and `commits` are those of the first. What goes wrong stands in the
/// result. [worker]
DrillResult run_drill(const StoreKit& kit, const DrillResult* previous);

}  // namespace cairn::core
