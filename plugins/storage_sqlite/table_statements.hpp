#pragma once

#include <string>
#include <vector>

#include <cairn/storage.hpp>
#include <cairn/table_check.hpp>

#include "plugins/storage_sqlite/connection.hpp"
#include "plugins/storage_sqlite/row_statement.hpp"

namespace cairn::storage_sqlite {

/// Inserts or replaces a whole row: a parameter per described column, in the order of row_columns. An UPSERT, never
/// INSERT OR REPLACE, which would delete first and take along what refers to the row (reliability.md 4.1).
std::string upsert_sql(const TableSpec& table);
std::vector<RowColumn> row_columns(const TableSpec& table);
/// Erases a row: a parameter per key column, in the order of key_columns.
std::string erase_sql(const TableSpec& table);
std::vector<RowColumn> key_columns(const TableSpec& table);

/// Writes to audit_log what the upserts are about to do (P280): `?1` is a JSON array of pairs `[row, "actor"]`. Rows that stay as
/// they are leave no trace.
std::string audit_upsert_sql(const TableSpec& table);
/// The same for what is erased: pairs of key and actor.
std::string audit_erase_sql(const TableSpec& table);

/// The table as the database has it.
StoredTable read_table(Connection& connection, const std::string& table);
/// Everything that keeps the plugin from using the table (table_problems); also what SQLite says when it does not take
/// the statements above.
std::vector<std::string> check_table(Connection& connection, const TableSpec& table);

}  // namespace cairn::storage_sqlite
