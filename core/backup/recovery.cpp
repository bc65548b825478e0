#include "core/backup/recovery.hpp"

#include <algorithm>
#include <chrono>

#include "core/backup/replay.hpp"
#include "core/backup/restore.hpp"

namespace cairn::core {
namespace {

const char* const kCure =
    ". Put the missing backup or journal files back and start again. To go on without what is missing, start once with "
    "--set durability.allow_loss=true";

/// What the journal says of itself that an acknowledged commit may be missing from its end.
std::vector<SeqRange> open_end(const JournalSurvey& journal) {
    std::vector<SeqRange> open;
    for (const SeqRange& lost : journal.lost) {
        if (lost.last == 0) open.push_back(lost);
    }
    return open;
}

/// Everything that can still be had: the newest backup, and what can be read of the journal, over its gaps.
RestorePlan plan_with_loss(const StoreKit& kit) {
    RestorePlan plan;
    plan.journal_folder = kit.journal_folder;
    plan.journal = survey_journal(kit.journal_folder);
    plan.backups = backups_of(kit, plan.journal);
    plan.target = std::max(plan.journal.last(), plan.base());
    plan.from_nothing = true;
    return plan;
}

RestorePlan plan_without_loss(const StoreKit& kit) {
    try {
        RestorePlan plan = plan_restore(kit, kit.journal_folder, {});
        const std::vector<SeqRange> open = open_end(plan.journal);
        if (!open.empty()) {
            std::string why = "acknowledged changes cannot be reached: " + print_ranges(open);
            for (const std::string& reason : plan.journal.reasons) why += "; " + reason;
            throw RecoveryRefused(why + kCure, open);
        }
        if (plan.journal.id.empty()) {
            throw RecoveryRefused("the journal in " + kit.journal_folder +
                                      " is gone: what was changed after the backup " +
                                      plan.backups.front().manifest.file + " (commit " + std::to_string(plan.base()) +
                                      ") cannot be reached" + kCure,
                                  {{plan.base() + 1, 0}});
        }
        return plan;
    } catch (const Unreachable& unreachable) {
        throw RecoveryRefused(unreachable.what() + std::string(kCure), unreachable.missing());
    }
}

}  // namespace

std::string lacking(const StoreKit& kit) {
    const Backup* most = nullptr;
    const BackupList list = list_backups(kit.backup_folder);
    const JournalSurvey journal = survey_journal(kit.journal_folder, UINT64_MAX);  // an outline is enough
    const bool never_had_one =
        journal.id.empty() && kit.store->note("journal").empty() && kit.store->note("restore").empty();
    for (const Backup& backup : list.backups) {
        if (!backup.usable() || backup.manifest.engine != kit.store->engine()) continue;
        const bool of_this = journal.id.empty() ? never_had_one : backup.manifest.journal == journal.id;
        if (of_this && (most == nullptr || backup.manifest.watermark > most->manifest.watermark)) most = &backup;
    }
    if (most == nullptr) return {};
    const auto kept = static_cast<std::uint64_t>(most->manifest.watermark);
    const std::uint64_t stored = kit.store->watermark().seq;
    if (kept <= stored) return {};
    const std::uint64_t here = std::max(stored, survey_journal(kit.journal_folder, stored).last());
    if (kept <= here) return {};
    return "the database and the journal end with commit " + std::to_string(here) + ", but the backup " +
           most->manifest.file + " holds commits up to " + std::to_string(kept) +
           ": they were deleted or replaced. For a new world, move the backups of the old one elsewhere";
}

bool opens_beside(const StoreKit& kit) noexcept {
    try {
        ScratchPlace probe(kit, "probe");
        probe.store().open();
        return true;
    } catch (const std::exception& error) {
        kit.log->error("nothing is restored, as a new database cannot be opened either", {{"reason", error.what()}});
        return false;
    }
}

RecoveryReport recover_store(const StoreKit& kit, const std::string& damage, bool allow_loss) {
    const auto begun = std::chrono::steady_clock::now();
    kit.log->error("the database is damaged; it is made anew from a backup and the journal",
                   {{"database", kit.store->place()}, {"damage", damage}});
    sweep_scratch_places(kit);
    RecoveryReport report;
    RestorePlan plan;
    const auto carry_out = [&] { return restore_beside(kit, plan, std::make_unique<ScratchPlace>(kit, "restore")); };
    Restored restored;
    bool with_loss = false;
    const auto give_up = [&](const std::string& why) {
        kit.log->error("acknowledged changes are given up, as durability.allow_loss says", {{"reason", why}});
        with_loss = true;
        plan = plan_with_loss(kit);
        restored = carry_out();
    };
    try {
        plan = plan_without_loss(kit);
        restored = carry_out();
    } catch (const RecoveryRefused& refused) {
        if (!allow_loss) throw;
        give_up(refused.what());
    } catch (const Unreachable& unreachable) {
        if (!allow_loss) throw RecoveryRefused(unreachable.what() + std::string(kCure), unreachable.missing());
        give_up(unreachable.what());
    }
    report.backup = restored.backup;
    report.from = restored.from;
    report.replayed = restored.replayed;
    report.buried = restored.buried;
    report.reached = restored.state.watermark;
    if (with_loss) {
        // An older backup than planned may have been the one to use.
        report.lost = missing_from(readable_pieces(plan.journal), {report.from + 1, plan.target});
        for (const SeqRange& open : open_end(plan.journal)) report.lost.push_back(open);
    }
    report.quarantine = activate(kit, plan, restored).quarantine;
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    Document facts{{"damage", damage},
                   {"put_aside_at", report.quarantine},
                   {"backup", report.backup.empty() ? "none, from the journal alone" : report.backup},
                   {"commits_replayed", report.replayed},
                   {"last_commit", report.reached},
                   {"seconds", report.seconds}};
    if (report.buried > 0) facts.set("refused", report.buried);
    if (report.lost.empty() && report.buried > 0) {
        kit.log->error("the database was damaged and has been restored; some commits that the journal holds do not fit into it "
                       "any more: they are in cairn_dead_letters",
                       facts);
    } else if (report.lost.empty()) {
        kit.log->warning("the database was damaged and has been restored; nothing is lost", facts);
    } else {
        facts.set("lost", print_ranges(report.lost));
        kit.log->error("the database was damaged and has been restored with loss; take durability.allow_loss out again",
                       facts);
    }
    return report;
}

}  // namespace cairn::core
