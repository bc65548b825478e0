#pragma once

#include <span>
#include <vector>

#include <cairn/services/store.hpp>

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// Brings the tables of the plugins up to date: applies what `cairn_migrations` does not have yet, each in a transaction of
/// its own together with its line there; one that is interrupted leaves nothing. Before anything is applied, all of these
/// are refused by an Error(internal) that names both sides: two migrations with one number; an applied one that reads
/// differently today; one that is older than an applied one and was never applied; an applied one that this installation
/// does not know (a newer Cairn has been here). Plugins that are not among `migrations` are left alone. Returns how many
/// were applied.
int apply_migrations(Connection& writer, std::span<const services::Migration> migrations);
/// In the order of plugin and number.
std::vector<services::AppliedMigration> read_applied(Connection& connection);
/// Runs `down` and forgets the migration, in one transaction. Error(conflict): it is not the newest one of its plugin, or
/// cannot be taken back.
void take_back(Connection& writer, const services::Migration& migration);

}  // namespace cairn::storage_postgres
