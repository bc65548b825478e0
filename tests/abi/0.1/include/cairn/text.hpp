#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <cairn/export.hpp>
#include <cairn/fields.hpp>

namespace cairn {

/// The number of code points in `text`, or nothing when it is not valid UTF-8 (RFC 3629: no surrogates, no overlong
/// forms, nothing above U+10FFFF). [any]
CAIRN_API std::optional<std::size_t> code_points(std::string_view text) noexcept;

/// Decodes the code point at `at` and moves `at` behind it. Malformed input gives U+FFFD and moves one byte. [any]
CAIRN_API char32_t next_code_point(std::string_view text, std::size_t& at) noexcept;

/// True when `text` (valid UTF-8) obeys the named rule. The empty text obeys each: lengths are a rule of their own.
/// [any]
CAIRN_API bool matches(Pattern pattern, std::string_view text) noexcept;

/// The rule in words that follow "must": "be one line without control characters". [any]
CAIRN_API std::string_view pattern_words(Pattern pattern) noexcept;

/// The candidate nearest to `word` by insertions, deletions, replacements and swaps of neighbours, letter case set
/// aside; empty when none is near enough to be a likely slip. Looks at the first 64 bytes of each. [any]
CAIRN_API std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace cairn
