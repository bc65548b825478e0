#pragma once

#include <span>
#include <vector>

#include <cairn/services/store.hpp>

#include "plugins/storage_sqlite/connection.hpp"

namespace cairn::storage_sqlite {

/// Brings the tables of the plugins up to date: applies what `cairn_migrations` does not have yet, each in a
/// transaction of its own together with its line there. Before anything is applied, all of these are refused by an
/// Error(internal) that names both sides: two migrations with one number; an applied one that reads differently today;
/// one that is older than an applied one and was never applied; an applied one that this installation does not know (a
/// newer Cairn has written the file). Plugins that are not among `migrations` are left alone. The plugins follow one
/// another as they first appear. Returns how many were applied.
int apply_migrations(Connection& writer, std::span<const services::Migration> migrations);

/// What `cairn_migrations` holds, in the order of plugin and number.
std::vector<services::AppliedMigration> read_applied(Connection& connection);

/// Runs the way back of the newest applied migration of its plugin and forgets it, in one transaction. Error(conflict)
/// when there is none, or when it is not the newest.
void take_back(Connection& writer, const services::Migration& migration);

}  // namespace cairn::storage_sqlite
