#include "core/backup/restore_plan.hpp"

#include <algorithm>

#include "core/backup/replay.hpp"
#include "core/schedule/time_zone.hpp"

namespace cairn::core {
namespace {

std::uint64_t watermark(const Backup& backup) {
    return static_cast<std::uint64_t>(backup.manifest.watermark);
}

std::vector<Backup> backups_of(const StoreKit& kit, const JournalSurvey& journal, std::vector<std::string>& notes) {
    std::size_t foreign = 0;
    std::vector<Backup> fit = backups_of(kit, journal, &foreign);
    if (foreign > 0) {
        notes.push_back(std::to_string(foreign) + (foreign == 1 ? " backup belongs" : " backups belong") +
                        " to another journal and " + (foreign == 1 ? "is" : "are") +
                        " left out (from before a restore to an earlier time)");
    }
    return fit;
}

std::string print_time(std::int64_t time_us) {
    return print_utc(time_us / 1000);
}

/// The last commit not after the time.
std::uint64_t by_time(const RestorePlan& plan, const std::vector<Backup>& backups, std::int64_t time_us,
                      std::vector<std::string>& notes) {
    bool jumped = false;
    const std::uint64_t seq = last_commit_until(plan.journal_folder, plan.journal, time_us, jumped);
    if (jumped) {
        notes.push_back("the clock was set back meanwhile: some commits before number " + std::to_string(seq) +
                        " carry later times; the order of commits decides");
    }
    if (seq > 0) return seq;
    // Nothing has been committed between the end of a backup and the time: the backup is that moment.
    const std::uint64_t first = plan.journal.first();
    for (const Backup& backup : backups) {
        // One that ends later holds commits of the journal, and those are all later than the time.
        const bool nothing_between = first == 0 ? backup.manifest.watermark == backups.front().manifest.watermark
                                                : watermark(backup) + 1 == first;
        if (nothing_between && backup.manifest.started * 1000 <= time_us) return watermark(backup);
    }
    std::string message = "there was no commit up to " + print_time(time_us) + " in the journal";
    if (first > 0) {
        message += ", which begins with commit " + std::to_string(first) + " at " +
                   print_time(time_of_commit(plan.journal_folder, plan.journal, first));
    }
    if (!backups.empty()) {
        message += "; the oldest state that is kept is the backup " + backups.back().manifest.file + " of " +
                   print_utc(backups.back().manifest.started) + ": --seq " +
                   std::to_string(backups.back().manifest.watermark);
    }
    throw Unreachable(message);
}

std::uint64_t resolve(const RestorePlan& plan, const std::vector<Backup>& backups, const RestoreTarget& target,
                      std::vector<std::string>& notes) {
    const std::uint64_t newest =
        std::max(plan.journal.last(), backups.empty() ? std::uint64_t{0} : watermark(backups.front()));
    switch (target.kind) {
        case RestoreTarget::Kind::time:
            return by_time(plan, backups, target.time_us, notes);
        case RestoreTarget::Kind::latest:
            break;
        case RestoreTarget::Kind::seq:
            if (target.seq > newest) {
                throw Unreachable("there is no commit " + std::to_string(target.seq) + "; the last one is " +
                                  std::to_string(newest));
            }
            return target.seq;
    }
    if (newest == 0 && backups.empty()) {
        throw Unreachable("there is nothing to restore from: no verified backup of this store, and no commits in " +
                          plan.journal_folder);
    }
    return newest;
}

}  // namespace

double RestorePlan::estimated_seconds() const noexcept {
    constexpr double kCommitsPerSecond = 10000;
    const double copy =
        backups.empty()
            ? 0
            : static_cast<double>(backups.front().manifest.finished - backups.front().manifest.started) / 1000;
    return copy + static_cast<double>(commits()) / kCommitsPerSecond;
}

bool belongs_to(const Manifest& manifest, const JournalSurvey& journal) {
    if (manifest.journal == journal.id) return true;
    // Made before there was a journal, which then began right behind it.
    return manifest.journal.empty() && static_cast<std::uint64_t>(manifest.watermark) + 1 == journal.first();
}

std::vector<Backup> backups_of(const StoreKit& kit, const JournalSurvey& journal, std::size_t* foreign) {
    std::vector<Backup> fit;
    const std::vector<Backup> all = list_backups(kit.backup_folder).backups;  // the newest first
    const Manifest* newest = nullptr;
    for (const Backup& backup : all) {
        if (!backup.usable() || backup.manifest.engine != kit.store->engine()) continue;
        if (newest == nullptr) newest = &backup.manifest;
        // Without a journal the newest backup says which history is the last one: a former one, which a restore has gone
        // back behind, may have had more commits.
        const bool ours = journal.id.empty() ? backup.manifest.journal == newest->journal
                                             : belongs_to(backup.manifest, journal);
        if (ours)
            fit.push_back(backup);
        else if (foreign != nullptr)
            ++*foreign;
    }
    std::stable_sort(fit.begin(), fit.end(),
                     [](const Backup& a, const Backup& b) { return a.manifest.watermark > b.manifest.watermark; });
    return fit;
}

RestorePlan plan_restore(const StoreKit& kit, const std::string& journal_folder, const RestoreTarget& target) {
    RestorePlan plan;
    plan.journal_folder = journal_folder;
    plan.journal = survey_journal(journal_folder);
    const std::vector<Backup> backups = backups_of(kit, plan.journal, plan.notes);
    if (plan.journal.id.empty()) {
        plan.notes.push_back("there is no journal in " + journal_folder +
                             ": what was changed after the backup is not in it");
    }
    plan.target = resolve(plan, backups, target, plan.notes);
    const std::vector<SeqRange> pieces = readable_pieces(plan.journal);
    std::vector<SeqRange> missing = missing_from(pieces, {1, plan.target});
    plan.from_nothing = missing.empty();
    bool nearest = true;
    for (const Backup& backup : backups) {
        if (watermark(backup) > plan.target) continue;
        std::vector<SeqRange> gaps = missing_from(pieces, {watermark(backup) + 1, plan.target});
        if (gaps.empty())
            plan.backups.push_back(backup);
        else if (nearest)
            missing = std::move(gaps);
        nearest = false;
    }
    if (plan.backups.empty() && !plan.from_nothing) {
        std::string message = "commit " + std::to_string(plan.target) + " cannot be reached: " + print_ranges(missing) +
                              " " + (missing.size() == 1 && missing[0].first == missing[0].last ? "is" : "are") +
                              " neither in a verified backup nor in the journal";
        for (const std::string& reason : plan.journal.reasons) message += "; " + reason;
        for (const std::string& note : plan.notes) message += "; " + note;
        throw Unreachable(message, missing);
    }
    plan.target_time_us = plan.target == 0 ? 0 : time_of_commit(journal_folder, plan.journal, plan.target);
    return plan;
}

}  // namespace cairn::core
