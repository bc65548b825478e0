#pragma once

#include <cstdint>
#include <string>

namespace cairn::core {

/// "2026-11-21T07:00:00.250000Z": RFC 3339 in UTC, always with six digits. Years outside 0 to 9999 are written as they
/// come. [any]
std::string format_time_us(std::int64_t us);

}  // namespace cairn::core
