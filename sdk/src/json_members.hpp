#pragma once

#include <cstdint>
#include <string>

#include <cairn/fields.hpp>

namespace cairn::detail {

/// Appends one member (of `type`, described by `field`) as JSON; an empty optional as null.
void write_member(std::string& out, const Field& field, const Type& type, const void* member);

/// The integer at `member`, sign-extended; unsigned 64-bit values come as they are stored.
std::int64_t load_integer(const Type& type, const void* member) noexcept;
/// Stores `value`, which the caller has checked to fit.
void store_integer(const Type& type, void* member, std::int64_t value) noexcept;

}  // namespace cairn::detail
