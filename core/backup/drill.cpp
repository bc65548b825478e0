#include "core/backup/drill.hpp"

#include <cairn/error.hpp>

#include "core/backup/restore.hpp"

namespace cairn::core {
namespace {

std::string different(const StateFacts& live, const StateFacts& restored) {
    std::string tables;
    for (const auto& [table, rows] : live.rows) {
        const auto other = restored.rows.find(table);
        const std::uint64_t there = other == restored.rows.end() ? 0 : other->second;
        if (rows == there) continue;
        tables += (tables.empty() ? ": " : ", ") + table + " has " + std::to_string(rows) + " rows and restored " +
                  std::to_string(there);
    }
    return "the restored state is not the live one" + (tables.empty() ? ": rows differ in their values" : tables);
}

}  // namespace

void describe(Fields<DrillResult>& f) {
    f(&DrillResult::ok, "ok", "whether the restored state was the live one");
    f(&DrillResult::at, "at", "milliseconds since 1970 UTC");
    f(&DrillResult::seconds, "seconds", "how long the restore took");
    f(&DrillResult::backup, "backup", "that was used");
    f(&DrillResult::commits, "commits", "replayed from the journal");
    f(&DrillResult::seq, "seq", "the last commit");
    f(&DrillResult::reason, "reason", "why it failed");
}

DrillResult run_drill(const StoreKit& kit) {
    DrillResult result;
    result.at = kit.clock->wall();
    try {
        const StateFacts live = read_state(*kit.store);
        RestoreTarget target;
        target.kind = RestoreTarget::Kind::seq;
        target.seq = live.watermark;
        const RestorePlan plan = plan_restore(kit, kit.journal_folder, target);
        const Restored restored = restore_beside(kit, plan, std::make_unique<ScratchPlace>(kit, "drill"));
        result.backup = restored.backup;
        result.commits = static_cast<std::int64_t>(restored.replayed);
        result.seq = static_cast<std::int64_t>(restored.state.watermark);
        result.seconds = restored.seconds;
        result.ok = restored.state.hash == live.hash;
        if (!result.ok) result.reason = different(live, restored.state);
    } catch (const std::exception& error) {
        result.reason = error.what();
    }
    return result;
}

}  // namespace cairn::core
