#pragma once

#include <string>

#include "core/durability/journal_examine.hpp"

namespace cairn::core::journal_format {

/// Makes a journal whose losses were accepted whole again: damaged segments are kept in `damaged/` and replaced by what
/// could be read of them, with entries that say what was given up; strangers are moved there. Crashing in between loses
/// nothing. Throws journal_io::Failure. [control]
void repair_journal(const JournalCalls& calls, const std::string& folder, const Examination& found);

/// Makes the last segment fit to be gone on with: what is torn at its end is overwritten with zeros, and its entries
/// are written again, because after a failed fdatasync the kernel may show bytes that never reached the disk. Durable
/// when it returns. Throws journal_io::Failure.
void settle_last_segment(const journal_io::File& file, const SegmentScan& scan);

}  // namespace cairn::core::journal_format
