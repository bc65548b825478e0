#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// The tables of the schema as people see them: partitions belong to their table, what an extension brought to it.
/// Throws PostgresError. [worker]
std::vector<std::string> tables_of(Connection& connection);

/// How much of a database is looked at.
enum class CheckDepth : std::uint8_t {
    tables,  ///< every page of every table
    rows,    ///< whole rows, with the parts of them that lie beside the table (TOAST)
    all,     ///< and every B-tree: its pages, and that it leads to as many rows as the table has
};

/// What speaks for looking at everything, empty when nothing does: the server has counted damaged pages, or a file is
/// shorter than it was at the last VACUUM. Costs a few milliseconds. Throws PostgresError. [worker]
std::string suspicion(Connection& connection);

/// Indexes and constraints that the server knows to be unfinished, with the cure; empty when there are none. No damage.
/// Throws PostgresError. [worker]
std::string unfinished(Connection& connection);

/// What is damaged in the schema of `connection`, empty when nothing is. Damaged pages are found where the server has data
/// checksums; missing and shortened files without them, too. Needs no extension and no right beyond reading the tables; where
/// the extension amcheck is installed and may be used, CheckDepth::all has it look into the B-trees as well. REQUIRES: a
/// session of its own that is not in a transaction. Throws PostgresError when the server goes away. [worker]
std::string find_damage(Connection& connection, CheckDepth depth);

}  // namespace cairn::storage_postgres
