#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/backup/store_kit.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {

/// The commits of a journal that can be read, in pieces without a gap, ascending. [any]
std::vector<SeqRange> readable_pieces(const JournalSurvey& survey);
/// What of `wanted` is in none of `pieces`. [any]
std::vector<SeqRange> missing_from(const std::vector<SeqRange>& pieces, SeqRange wanted);
/// "commit 5", "commits 5 to 9", "commits from 5 on"; several with commas. [any]
std::string print_ranges(const std::vector<SeqRange>& ranges);

/// The number of the last commit by order whose time is not after `time_us`; 0: there is none. `jumped` hears whether
/// commits before it carry later times, because the clock was set back. Throws JournalError. [worker]
std::uint64_t last_commit_until(const std::string& folder, const JournalSurvey& survey, std::int64_t time_us,
                                bool& jumped);
/// The time of the commit `seq` in microseconds, 0 when it cannot be read. Throws JournalError. [worker]
std::int64_t time_of_commit(const std::string& folder, const JournalSurvey& survey, std::uint64_t seq);

/// What a replay did.
struct Replayed {
    std::uint64_t commits = 0;  ///< applied
    std::uint64_t refused = 0;  ///< left out: the store had refused them, or refuses them now
    std::uint64_t buried = 0;   ///< of these, those that it refuses now
};

/// Applies the commits of the journal above the store's watermark up to `target` that can be read, leaving out those
/// that the store had refused; what it refuses now goes to its dead letters. The watermark is `target` afterwards.
/// `store` is open, migrated and bound to kit.tables. Rows that are older than a column of their table get its default.
/// Throws JournalError, Error; Error(conflict) when the journal names a table that no plugin of the configuration
/// declares. [worker]
Replayed replay(const StoreKit& kit, services::Store& store, const std::string& folder, const JournalSurvey& survey,
                std::uint64_t target);

}  // namespace cairn::core
