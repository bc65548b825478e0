#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/values.hpp>

#include "core/schedule/time_zone.hpp"

namespace cairn::core {

/// When something happens, as crontab(5) writes it: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or
/// names), day of week (0-7 or names; 0 and 7 are Sunday). A field is `*`, a number, a range `a-b`, any of them with a
/// step `/n` (but for a single number), or a list of those with commas. When both days are restricted, either is
/// enough.
/// `@hourly @daily @weekly @monthly` stand for `0 * * * *`, `0 0 * * *`, `0 0 * * 0`, `0 0 1 * *`.
class Cron {
public:
    /// Throws Error(invalid_field) that names the field and what it takes, also when no day ever matches (30 February).
    explicit Cron(std::string_view text);

    /// The first time after `after`, whole minutes. Daylight saving, as cron(8) has it: a job whose hours are given
    /// happens once for each local time: right after the gap when clocks jump over it, the first time when an hour
    /// comes twice. A job whose hour is `*` (or `*/n`) follows the clock as it runs. [any]
    WallTime next(WallTime after, const TimeZone& zone) const;
    const std::string& text() const noexcept { return text_; }

private:
    bool day_matches(int month, int day, int weekday) const;

    std::string text_;
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<7> weekdays_;
    bool any_hour_ = false;
    bool any_day_ = false;
    bool any_weekday_ = false;
};

}  // namespace cairn::core
