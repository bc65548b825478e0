#pragma once

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/values.hpp>

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// A value of a result as the store on SQLite gives it, so that plugins need not know which one they have:
///   boolean → 0 or 1 · integers, numeric without a fraction → integer · float, other numeric → number
///   timestamptz, timestamp → milliseconds since 1970 UTC · json, jsonb → JSON text · arrays → JSON text of a list
///   NULL → null · everything else (uuid, inet, text, …) → text
Document value_of(const PGresult* result, int row, int column);

/// The values of parameters as the server wants them, by the types that it has found for them.
///   an integer for timestamptz → that moment in milliseconds · for boolean → 0 is false
///   a text for uuid that is none → NULL, which equals nothing: as on SQLite, it just finds no row
///   lists and maps → JSON text · a list of texts for an array type → that array
class Parameters {
public:
    /// Throws PostgresError when there are more or fewer than `types`.
    Parameters(const std::vector<Document>& values, const std::vector<Oid>& types);
    std::span<const char* const> values() const noexcept { return pointers_; }

private:
    std::vector<std::optional<std::string>> texts_;
    std::vector<const char*> pointers_;
};

/// "2026-11-21 07:20:30.123+00" → milliseconds, microseconds cut off; nullopt for what is no such text (infinity, BC). [any]
std::optional<WallTime> parse_timestamp(std::string_view text) noexcept;
std::string format_timestamp(WallTime time);

/// A text of a PostgreSQL array with one dimension as a JSON list. `numbers`: the elements are numbers. [any]
Document parse_array(std::string_view text, bool numbers);

/// `text` without U+0000 and with U+FFFD for bytes that are no UTF-8: what a text column can keep. [any]
std::string keepable(std::string_view text);

/// `name` in double quotes for SQL.
std::string quoted(std::string_view name);
/// `text` in single quotes for SQL.
std::string literal(std::string_view text);

}  // namespace cairn::storage_postgres
