#pragma once

#include <cstddef>
#include <string_view>

struct sqlite3;

namespace cairn::storage_sqlite {

/// True when `text` is one JSON value as RFC 8259 has it (any value, white space around it), nested at most 2,000 deep,
/// as deep as SQLite itself reads. [any]
bool is_json(std::string_view text) noexcept;

/// The bytes of the JSON value that `text` begins with (no white space before it), 0 when there is none. What comes behind
/// it is not looked at. [any]
std::size_t json_value_size(std::string_view text) noexcept;

/// Puts `json_valid` onto this connection for the CHECKs of our tables.
///
/// SQLite's own is marked as unsafe in 3.40, so that with `trusted_schema=OFF` (reliability.md 5.7) no statement that
/// touches such a table can be prepared ("unsafe use of json_valid()"). Ours gives the same answers and is marked
/// SQLITE_INNOCUOUS. Other programs use their own and need nothing of this.
void register_json_valid(sqlite3* handle);

}  // namespace cairn::storage_sqlite
