#pragma once

#include <cstddef>
#include <string_view>

#include <cairn/fields.hpp>

#include "json_input.hpp"

namespace cairn::detail {

// The rules of a description, judged; each refuses in the words of the description.

void check_range(const Field& field, double value, const Place& place);
/// Lengths of text, lists and maps; `default_max` holds where the field names none.
void check_count(const Field& field, std::size_t count, std::size_t default_max, std::string_view unit,
                 const Place& place);
/// Refuses when the count is not known yet because reading stopped at the limit.
[[noreturn]] void too_many(const Field& field, std::size_t max, std::string_view unit, const Place& place);
void check_choice(const Field& field, std::string_view text, const Place& place);
/// Refuses a member that `type` does not have, naming the nearest that it has.
[[noreturn]] void refuse_unknown(const StructType& type, std::string_view key, const Place& place);

}  // namespace cairn::detail
