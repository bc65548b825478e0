#pragma once

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include <cairn/values.hpp>

namespace cairn {

/// Reads a time as JavaScript's toISOString writes it: `2026-01-31T12:00:00.000Z`, the fraction may be missing. Nothing
/// when the text is of another form or the date does not exist. [any]
inline std::optional<WallTime> read_iso_time(std::string_view text) noexcept {
    const auto number = [&text](std::size_t at, std::size_t digits) -> int {
        int value = 0;
        const auto read = std::from_chars(text.data() + at, text.data() + at + digits, value);
        return read.ec == std::errc{} && read.ptr == text.data() + at + digits && text[at] != '-' ? value : -1;
    };
    constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
    constexpr std::string_view kFormWithFraction = "0000-00-00T00:00:00.000Z";
    const std::string_view form = text.size() == kForm.size() ? kForm : kFormWithFraction;
    if (text.size() != form.size()) return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] != '0' && form[i] != text[i]) return std::nullopt;
    }
    const bool fraction = form.size() == kFormWithFraction.size();
    const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
    const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    const int millisecond = fraction ? number(20, 3) : 0;
    if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59 || millisecond < 0) {
        return std::nullopt;
    }
    using namespace std::chrono;
    const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                              std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    const auto at = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + milliseconds(millisecond);
    return duration_cast<milliseconds>(at.time_since_epoch()).count();
}

}  // namespace cairn
