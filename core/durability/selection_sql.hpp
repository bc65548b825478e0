#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <cairn/selection.hpp>
#include <cairn/storage.hpp>

namespace cairn::core {

/// How an engine differs in the little SQL that is made here.
enum class Dialect : std::uint8_t { sqlite, postgres };

/// Of Store::engine(). Throws Error(unsupported) for one that is not known. [any]
Dialect engine_dialect(std::string_view engine);

/// A selection as parameterised SQL: names come from descriptions and are quoted, values are parameters. The same rows in
/// the same order as select_rows() and on every engine. Throws what check_selection throws. [any]
Query selection_sql(const Selection& selection, Dialect dialect);
/// How many rows it chooses.
Query count_sql(const Selection& selection, Dialect dialect);

/// The rows with these keys (JSON objects, as Change::key), whole, each with its index into `keys` as its first column. [any]
Query rows_by_key_sql(const TableSpec& table, std::span<const std::string_view> keys, Dialect dialect);

}  // namespace cairn::core
