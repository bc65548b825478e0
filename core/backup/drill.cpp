#include "core/backup/drill.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

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

/// So many commits are replayed to look further back, some twenty seconds' worth.
constexpr std::uint64_t kLookBack = 200000;

/// Leaves the youngest backup from before `previous`, if that drill succeeded; the oldest from after it, if it failed, as what
/// it found has been said; without one, the oldest. A younger one when too much would have to be replayed, and only one with
/// the tables of today (a migration may have changed rows that no commit tells of). False: that is the nearest one, which
/// has been tried.
bool look_further_back(RestorePlan& plan, const DrillResult* previous) {
    const auto same_tables = [](const Manifest& a, const Manifest& b) {
        return std::equal(a.schema.begin(), a.schema.end(), b.schema.begin(), b.schema.end(),
                          [](const ManifestMigration& x, const ManifestMigration& y) {
                              return x.plugin == y.plugin && x.number == y.number && x.checksum == y.checksum;
                          });
    };
    std::optional<Backup> base;
    for (std::size_t i = 0; i < plan.backups.size(); ++i) {
        const Manifest& manifest = plan.backups[i].manifest;
        if (plan.target - static_cast<std::uint64_t>(manifest.watermark) > kLookBack) break;
        if (previous != nullptr && !previous->ok && manifest.watermark <= previous->seq) break;
        if (i > 0 && same_tables(manifest, plan.backups.front().manifest)) base = plan.backups[i];
        // One with the same commits as that drill and another name may be younger than it.
        if (previous != nullptr && (manifest.file == previous->backup || manifest.watermark < previous->seq)) break;
    }
    if (!base) return false;
    plan.backups = {*base};
    plan.from_nothing = false;
    return true;
}

/// Damage that no check sees, a value that has become another one, is in every backup made since. Those of before and the
/// journal tell. Empty: they agree with the live state.
std::string disagreement(const StoreKit& kit, RestorePlan plan, const StateFacts& live, const DrillResult* previous) {
    if (!look_further_back(plan, previous)) return {};
    const std::string file = plan.backups.front().manifest.file;
    try {
        const Restored restored = restore_beside(kit, plan, std::make_unique<ScratchPlace>(kit, "drill"));
        if (restored.state.hash == live.hash) return {};
        return different(live, restored.state) + ". The newest backup gives the live values, and the backup " + file +
               " with all commits since gives others: something changed the database without a commit (damage, or another "
               "program). To go back to what was committed, stop the server, move the backups younger than that one "
               "elsewhere and run cairn restore FILE --latest";
    } catch (const Unreachable&) {
        return {};  // logged: that backup has become unreadable, which takes nothing from the newest
    }
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

DrillResult run_drill(const StoreKit& kit, const DrillResult* previous) {
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
        result.reason = result.ok ? disagreement(kit, plan, live, previous) : different(live, restored.state);
        result.ok = result.reason.empty();
    } catch (const std::exception& error) {
        result.ok = false;
        result.reason = error.what();
    }
    return result;
}

}  // namespace cairn::core
