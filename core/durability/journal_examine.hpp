#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/durability/journal_format.hpp"
#include "core/durability/journal_io.hpp"

namespace cairn::core::journal_format {

/// A file of the journal's folder that is named like a segment.
struct SegmentFile {
    std::string name;
    std::uint64_t first = 0;  ///< by its name
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;
    std::optional<SegmentHeader> header;
    bool scanned = false;  ///< else `last` is what the segment behind says
    SegmentScan scan;
    /// Commits that the segment behind knows of and that are not at its end.
    SeqRange cut_short;

    bool wants_repair() const noexcept;
};

/// What lies in a journal's folder, and what of it belongs together.
struct Examination {
    std::optional<std::array<std::uint8_t, 16>> id;
    std::vector<SegmentFile> segments;   ///< the journal, in order
    std::vector<SegmentFile> set_aside;  ///< of another journal, or not what the name says
    std::vector<SegmentFile> unused;     ///< empty ones that a crash left
    JournalSurvey survey;
};

/// Checks every entry of the last segment and of those that hold commits above `full_above`, of the others the headers.
/// Changes nothing. May run beside the writer. Throws JournalError(failed).
Examination examine_journal(const JournalCalls& calls, const std::string& folder, std::uint64_t full_above);

/// The first numbers of the segments in a folder, ascending; empty when there is no such folder.
std::vector<std::uint64_t> list_segments(const std::string& folder);

/// "commit 5", "commits 5 to 7", "all commits from 5 on".
std::string in_words(SeqRange range);

}  // namespace cairn::core::journal_format
