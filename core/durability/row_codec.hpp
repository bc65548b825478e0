#pragma once

#include <span>
#include <string>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>

namespace cairn::core {

/// Turns the columns of a query's rows into a described struct, once prepared per query.
///
/// What the column holds → what the member becomes:
///   INTEGER or REAL with a whole value → integer (its range is checked), Duration (ms), Bytes; 0 and 1 → bool
///   INTEGER or REAL → double          TEXT → std::string, Secret
///   TEXT with JSON  → Vec3 (`[x,y,z]` or `{"x":…,"y":…,"z":…}`), list, map, struct, Rate, Document
///   NULL            → the member's default; an empty optional
/// Columns that the struct does not have are passed over; members without a column keep their defaults. Nothing else is
/// checked: what is in the store has been checked on its way in, and old rows must stay readable when bounds narrow.
class RowDecoder {
public:
    RowDecoder(const StructType& type, std::span<const std::string> columns);
    /// Writes into the default-constructed `*row`. Throws Error(internal) that names the column, what it holds and what
    /// was expected. [any]
    void decode(std::span<const Document> values, void* row) const;

private:
    const StructType& type_;
    std::vector<const Field*> fields_;  // per column, nullptr: passed over
};

/// As RowDecoder, of one row that is a map from column to value as JSON has them (Change::row). [any]
void decode_row(const Document& values, const StructType& type, void* row);

}  // namespace cairn::core
