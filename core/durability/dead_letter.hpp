#pragma once

#include <string>
#include <vector>

#include <cairn/services/store.hpp>

#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// What is kept of a commit that the store refused for good. [any]
services::DeadLetter dead_letter(const PendingCommit& commit, const std::string& reason);
/// Changes as JSON: [{"table": …, "key": {…}, "row": {…}}, …]; of an erased row `row` is null, and an addition has `add`
/// with the amounts. [any]
std::string changes_json(const std::vector<Change>& changes);
/// The names of the tables that it touches: "items, characters". [any]
std::string tables_of(const PendingCommit& commit);

}  // namespace cairn::core
