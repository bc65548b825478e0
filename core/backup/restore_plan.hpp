#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cairn/error.hpp>

#include "core/backup/backup_folder.hpp"
#include "core/backup/store_kit.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {

/// The moment that a restore goes back to.
struct RestoreTarget {
    enum class Kind : std::uint8_t { latest, time, seq };
    Kind kind = Kind::latest;
    std::int64_t time_us = 0;  ///< time: the last commit, by order, that is not later
    std::uint64_t seq = 0;     ///< seq: this commit is the last one
};

/// How a moment can be reached: from which backups, with how many commits of the journal.
struct RestorePlan {
    std::string journal_folder;
    JournalSurvey journal;
    std::uint64_t target = 0;         ///< the last commit
    std::int64_t target_time_us = 0;  ///< 0: not known
    /// Verified backups from which the journal leads to the target without a gap, the nearest first.
    std::vector<Backup> backups;
    bool from_nothing = false;  ///< the journal reaches back to the first commit: an empty store will do, too
    std::vector<std::string> notes;

    /// The watermark of the first choice.
    std::uint64_t base() const noexcept {
        return backups.empty() ? 0 : static_cast<std::uint64_t>(backups.front().manifest.watermark);
    }
    std::uint64_t commits() const noexcept { return target - base(); }
    /// Commits of the journal that are later than the target.
    std::uint64_t beyond() const noexcept { return journal.last() > target ? journal.last() - target : 0; }
    /// How long it may take, by how long the backup took.
    double estimated_seconds() const noexcept;
};

/// The target cannot be reached; what() says why and names the missing commits and the cure.
class Unreachable : public Error {
public:
    explicit Unreachable(const std::string& message, std::vector<SeqRange> missing = {})
        : Error(Code::conflict, message), missing_(std::move(missing)) {}
    const std::vector<SeqRange>& missing() const noexcept { return missing_; }

private:
    std::vector<SeqRange> missing_;
};

/// True when the commits of the journal, which is there, continue what the backup holds.
bool belongs_to(const Manifest& manifest, const JournalSurvey& journal);

/// Usable backups of this engine that belong to the journal, by commit, the newest first; without a journal those of the
/// history that the newest backup belongs to. `foreign`: how many others there are. Throws Error. [worker]
std::vector<Backup> backups_of(const StoreKit& kit, const JournalSurvey& journal, std::size_t* foreign = nullptr);

/// Looks at the backups and reads the journal in `journal_folder`; changes nothing. Throws Unreachable, JournalError,
/// Error. [worker]
RestorePlan plan_restore(const StoreKit& kit, const std::string& journal_folder, const RestoreTarget& target);

}  // namespace cairn::core
