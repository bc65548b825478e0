#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/values.hpp>

namespace cairn::core {

/// A day and a minute as clocks on the wall of a zone show it.
struct LocalMinute {
    int year = 1970;
    int month = 1;    ///< 1 to 12
    int day = 1;      ///< 1 to 31
    int weekday = 0;  ///< 0 is Sunday; what minute() gives, not read by resolve()
    int hour = 0;
    int minute = 0;
};

/// When a local time happens: once; twice, where clocks go back; or not at all, where they go forward.
struct LocalMoments {
    std::vector<WallTime> at;  ///< milliseconds since 1970 UTC, ascending
    WallTime gap_ends = 0;     ///< with no moments: when clocks have just jumped over it
};

/// A zone of the IANA data base, as the system's zoneinfo has it (Debian: tzdata). Cheap to copy. [any]
class TimeZone {
public:
    /// Throws Error(invalid_field) with near names when there is no such zone.
    explicit TimeZone(const std::string& name = "UTC");

    const std::string& name() const noexcept { return name_; }
    /// What clocks there show at `at`, seconds cut off.
    LocalMinute minute(WallTime at) const;
    /// REQUIRES: a date that exists.
    LocalMoments resolve(const LocalMinute& local) const;
    /// As the zone's clocks show it, with the offset: "2026-03-29 03:00:00 +02:00".
    std::string print(WallTime at) const;

private:
    std::string name_;
    const void* zone_;  // date::time_zone, which lives as long as the process
};

/// "2026-03-29T01:00:00Z", with milliseconds when there are any. [any]
std::string print_utc(WallTime at);
/// "20260329_010000". [any]
std::string compact_utc(WallTime at);
/// Which end of what a time names is meant: "02:30" covers the second 02:30:00, "02:30:15.2" a tenth of a second.
enum class TimeEdge { begin, end };
/// Reads what people write: "2026-03-29 02:30", "2026-03-29T02:30:15.250Z", "…+02:00", "@1774749600"; without an offset
/// it is meant in `zone`. Microseconds since 1970 UTC: the first of what the text names, or the last; of a time that
/// comes twice it is the earlier one then, or the later. Throws Error(invalid_field). [any]
std::int64_t read_time(std::string_view text, const TimeZone& zone, TimeEdge edge = TimeEdge::end);

}  // namespace cairn::core
