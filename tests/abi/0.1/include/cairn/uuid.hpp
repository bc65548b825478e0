#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cairn/export.hpp>
#include <cairn/values.hpp>

namespace cairn {

/// A random UUID (version 4, RFC 9562 section 5.4) from the kernel's generator, in lower case. [any]
CAIRN_API std::string new_uuid();

/// A UUID that sorts by time (version 7, RFC 9562 section 5.7): 48 bits of `at`, 12 bits of `counter`, the rest random.
/// Two with the same `at` sort by their counters (modulo 4096). [any]
CAIRN_API std::string new_uuid_at(WallTime at, std::uint16_t counter);

/// True for 36 characters in the form 8-4-4-4-12 of hexadecimal digits, either case. [any]
CAIRN_API bool is_uuid(std::string_view text) noexcept;

}  // namespace cairn
