#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn::core {

/// Microseconds since 1970 UTC of a moment as people write it: RFC 3339 section 5.6 ("2026-11-21T07:00:00Z",
/// "2026-11-21T08:00:00.25+01:00"), where a blank may stand for the T, and seconds and zone may be missing (00, UTC).
/// Of the fraction, digits after the sixth are dropped. Throws std::invalid_argument that says the accepted form. [any]
std::int64_t parse_time_us(std::string_view text);

/// "2026-11-21T07:00:00.250000Z": RFC 3339 in UTC, always with six digits. Years outside 0 to 9999 are written as they
/// come. [any]
std::string format_time_us(std::int64_t us);

}  // namespace cairn::core
