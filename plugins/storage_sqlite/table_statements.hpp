#pragma once

#include <string>

#include <cairn/storage.hpp>

#include "plugins/storage_sqlite/connection.hpp"

namespace cairn::storage_sqlite {

/// Inserts or replaces whole rows: `?1` is a JSON array of objects. An UPSERT, never INSERT OR REPLACE, which would
/// delete first and take along what refers to the row (reliability.md 4.1).
std::string upsert_sql(const TableSpec& table);
/// Erases rows: `?1` is a JSON array of objects with the key columns.
std::string erase_sql(const TableSpec& table);

/// Writes to audit_log what upsert_sql is about to do (P280): `?1` is a JSON array of pairs `[row, "actor"]`. Rows that stay as
/// they are leave no trace.
std::string audit_upsert_sql(const TableSpec& table);
/// The same for erase_sql: pairs of key and actor.
std::string audit_erase_sql(const TableSpec& table);

/// Compares the described row with the table in the database. Throws Error(internal) naming plugin, table and column
/// with the cure: no such table, a described member without a column, a column that must be given and is not described,
/// a key that the table does not hold unique, a name that is not an identifier.
void check_table(Connection& connection, const TableSpec& table);

}  // namespace cairn::storage_sqlite
