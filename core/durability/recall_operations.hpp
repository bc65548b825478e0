#pragma once

#include <cairn/clock.hpp>

#include "core/durability/admission.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {

/// Reads the operations of the last `remember_for` back from the journal, the newest segments first, until the memory
/// for them is full. Work is bounded: after a few seconds the rest stays unknown, and the log says since when
/// operations are known. Throws JournalError. [control]
void recall_operations(const Journal& journal, const CommitQueue::Options& options, const Clock& clock,
                       Admission& admission);

}  // namespace cairn::core
