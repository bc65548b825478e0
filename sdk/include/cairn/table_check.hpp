#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cairn/export.hpp>
#include <cairn/storage.hpp>

/// What a described row and the table in a database have to do with each other. For those who write a store, and for
/// `cairn migrate suggest` and `cairn migrate check`. `engine` is what Store::engine() says: "sqlite" or "postgres".
namespace cairn {

/// A column as the catalogue of a database has it.
struct StoredColumn {
    std::string name;
    std::string type;  ///< as SQL writes it: "INTEGER", "timestamp with time zone"
    bool may_be_null = true;
    bool has_default = false;  ///< or makes up its value by itself
};

struct StoredTable {
    std::vector<StoredColumn> columns;              ///< empty: there is no such table
    std::vector<std::string> primary_key;           ///< empty: it has none
    std::vector<std::vector<std::string>> unique;   ///< columns that are unique together, of the whole table
};

/// Everything that keeps a plugin from using the table: no such table, a described member without a column or with one
/// of another type, an empty optional where the column takes no NULL, a column that must be given and is not described, a
/// key that the table does not hold unique or that may be empty, names that are no identifiers. Each is a sentence that
/// names plugin, table and column, both sides, and the cure with its SQL and its folder. Empty: they fit. [any]
CAIRN_API std::vector<std::string> table_problems(const TableSpec& table, std::string_view engine,
                                                  const StoredTable& stored);

/// Columns that fit but take NULL where the member cannot be empty: a NULL (of a row by hand, or of a row older than the
/// column) reads as the member's default, and selections do not see it so. Sentences as above. [any]
CAIRN_API std::vector<std::string> table_notes(const TableSpec& table, std::string_view engine, const StoredTable& stored);

/// The SQL that makes a table for a described row, with a comment for each column. Throws Error(unsupported) for an
/// engine that is not known. [any]
CAIRN_API std::string create_table_sql(const TableSpec& table, std::string_view engine);

}  // namespace cairn
