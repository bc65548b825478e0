#pragma once

#include <map>
#include <string>
#include <vector>

#include <cairn/storage.hpp>
#include <cairn/table_check.hpp>

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// A column as the catalogue of the database has it.
struct Column {
    std::string name;
    std::string type;  ///< as SQL writes it: "timestamp with time zone", "character varying(50)"
    bool may_be_null = true;
    bool has_default = false;  ///< or makes up its value
};
using Columns = std::vector<Column>;

/// The columns of a table in the order of the table; empty when there is no such table.
Columns read_columns(Connection& connection, const std::string& schema, const std::string& table);

/// The statements that write a table. `$1` is a JSON list of rows, or of keys; for audited tables `$2` is a JSON list of
/// who changed each of them.
struct TableSql {
    std::string upsert;
    std::string erase;
};
/// Inserts or replaces whole rows and erases rows, one statement for all of them. Each member of the JSON goes into the
/// type that its column has: milliseconds into timestamptz, lists into arrays, anything into jsonb. With `audit_user`,
/// the type of audit_log.user_id, the same statement writes old row, new row and actor to audit_log (P280).
TableSql table_sql(const TableSpec& table, const Columns& columns, const std::string& audit_user);

/// The table with its keys, for table_problems().
StoredTable stored_table(Connection& connection, const std::string& schema, const std::string& table,
                         const Columns& columns);
/// The sentence about a statement that the database refuses to prepare.
std::string refused_statement(const TableSpec& table, const PostgresError& error);

/// Which columns the unique constraints and indexes of a schema mean: "users_email_key" → "users.email".
std::map<std::string, std::string> read_constraints(Connection& connection, const std::string& schema);

}  // namespace cairn::storage_postgres
