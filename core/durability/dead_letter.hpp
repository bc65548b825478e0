#pragma once

#include <string>

#include <cairn/services/store.hpp>

#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// What is kept of a commit that the store refused for good. [any]
services::DeadLetter dead_letter(const PendingCommit& commit, const std::string& reason);
/// The names of the tables that it touches: "items, characters". [any]
std::string tables_of(const PendingCommit& commit);

}  // namespace cairn::core
