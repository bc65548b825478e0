#pragma once

#include <span>
#include <string>
#include <vector>

#include <cairn/services/store.hpp>

#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// What is kept of a commit that the store refused for good. [any]
services::DeadLetter dead_letter(const PendingCommit& commit, const std::string& reason);
/// The names of the tables that it touches: "items, characters". [any]
std::string tables_of(const PendingCommit& commit);

/// Writes `changes` into the letter as JSON: [{"table": …, "key": {…}, "row": {…}}, …]; of an erased row `row` is null, and an
/// addition has `add` with the amounts. Of very many only the first, which its reason says then. [any]
void write_changes(services::DeadLetter& letter, std::span<const Change> changes);
/// Keeps the letter and moves the watermark past its commit. A store that keeps no letters, or refuses this one, moves
/// the watermark alone: false. What was refused is in the journal in any case. Throws Error. [worker, the writer]
bool bury_or_pass(services::Store& store, const services::DeadLetter& letter);

}  // namespace cairn::core
