#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/export.hpp>

namespace cairn {

struct TableSpec;

/// How a column is compared. Text is compared by its bytes, which is the order of its code points; false comes before
/// true. An empty column (NULL, an empty optional) is less, greater and equal to nothing.
enum class Compare : std::uint8_t {
    equal,        ///< one value; with a null: the column is empty
    differs,      ///< one value; also true for empty columns. With a null: the column is not empty
    less,         ///< one value, as the next three
    at_most,
    greater,
    at_least,
    among,        ///< equal to one of any number of values, at most kMostValues
    begins_with,  ///< one text
    is_null,
    is_not_null,
};

/// One thing that must be true of a row.
struct Condition {
    std::string column;
    Compare compare = Compare::equal;
    std::vector<Document> values;  ///< durations in ms, sizes in bytes
};

/// What rows are sorted by. Empty columns come before all others, and last when descending.
struct Order {
    std::string column;
    bool descending = false;
};

/// Which rows of a table, and in which order: plain data that every store understands, and a table in memory too. Table
/// makes it (Table::select); the host renders it as parameterised SQL.
struct Selection {
    static constexpr std::size_t kMostValues = 1000;  ///< of Compare::among

    const TableSpec* table = nullptr;
    std::vector<Condition> conditions;  ///< all of them hold
    std::vector<Order> order;           ///< rows that are equal in these come in the order of their keys
    /// Only what comes behind this place in the order: one value for each column of full_order(). Empty: from the start.
    std::vector<Document> after;
    std::size_t limit = 0;  ///< rows at most; 0: all
    bool replica = false;   ///< as Query::replica
};

/// The order with the key columns that it does not name behind it, ascending: no two rows are equal in it. [any]
CAIRN_API std::vector<Order> full_order(const Selection& selection);

/// Throws Error(invalid_field) that names plugin, table and column with the cure: a column that the row does not describe
/// (with the nearest one that it does), one that has no order (lists, vectors, documents), a value of another type or out
/// of range, text that no database keeps, too many values, a place of another length. [any]
CAIRN_API void check_selection(const Selection& selection);

}  // namespace cairn
