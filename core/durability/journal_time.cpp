#include "core/durability/journal_time.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace cairn::core {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// Takes the text apart from left to right; whatever does not fit makes it bad.
struct Taker {
    std::string_view rest;
    bool bad = false;

    int number(std::size_t digits, int least, int most) {
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (i >= rest.size() || rest[i] < '0' || rest[i] > '9') {
                bad = true;
                return least;
            }
            value = value * 10 + (rest[i] - '0');
        }
        rest.remove_prefix(digits);
        if (value < least || value > most) bad = true;
        return value;
    }
    bool next_is(std::string_view any_of) {
        if (rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
        rest.remove_prefix(1);
        return true;
    }
    void must(std::string_view any_of) {
        if (!next_is(any_of)) bad = true;
    }
    std::int64_t fraction() {
        std::int64_t value = 0;
        std::int64_t unit = kSecond / 10;
        if (rest.empty() || rest.front() < '0' || rest.front() > '9') bad = true;
        while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
            value += unit * (rest.front() - '0');
            unit /= 10;
            rest.remove_prefix(1);
        }
        return value;
    }
};

}  // namespace

std::int64_t parse_time_us(std::string_view text) {
    Taker take{text};
    const int year = take.number(4, 0, 9999);
    take.must("-");
    const int month = take.number(2, 1, 12);
    take.must("-");
    const int day = take.number(2, 1, 31);
    take.must("Tt ");
    const int hour = take.number(2, 0, 23);
    take.must(":");
    const int minute = take.number(2, 0, 59);
    int second = 0;
    std::int64_t fraction = 0;
    if (take.next_is(":")) {
        second =
            take.number(2, 0, 60);  // 60: a leap second, which the wall clock counts as the first of the next minute
        if (take.next_is(".,")) fraction = take.fraction();
    }
    std::int64_t offset_minutes = 0;
    if (!take.rest.empty() && !take.next_is("Zz")) {
        const bool behind = take.next_is("-");
        if (!behind) take.must("+");
        offset_minutes = take.number(2, 0, 23) * 60;
        take.must(":");
        offset_minutes += take.number(2, 0, 59);
        if (behind) offset_minutes = -offset_minutes;
    }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (take.bad || !take.rest.empty() || !date.ok()) {
        throw std::invalid_argument("'" + std::string(text) +
                                    "' is not a time; write it like 2026-11-21T07:00:00Z (seconds may have a fraction; "
                                    "+01:00 may stand for the Z; without a zone it is UTC)");
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t seconds = ((days * 24 + hour) * 60 + minute - offset_minutes) * 60 + second;
    return seconds * kSecond + fraction;
}

std::string format_time_us(std::int64_t us) {
    std::int64_t seconds = us / kSecond;
    std::int64_t fraction = us % kSecond;
    if (fraction < 0) {
        fraction += kSecond;
        --seconds;
    }
    std::int64_t days = seconds / 86400;
    std::int64_t in_day = seconds % 86400;
    if (in_day < 0) {
        in_day += 86400;
        --days;
    }
    // Days since 1970 to a date of the proleptic Gregorian calendar, in eras of 400 years that begin in March; the
    // calendar of the standard library ends at the year 32767, a damaged time does not.
    const std::int64_t shifted = days + 719468;
    const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const std::int64_t day_of_era = shifted - era * 146097;
    const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t from_march = (5 * day_of_year + 2) / 153;
    const std::int64_t day = day_of_year - (153 * from_march + 2) / 5 + 1;
    const std::int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    char text[64];
    std::snprintf(text, sizeof text, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%06lldZ", static_cast<long long>(year),
                  static_cast<long long>(month), static_cast<long long>(day), static_cast<long long>(in_day / 3600),
                  static_cast<long long>(in_day / 60 % 60), static_cast<long long>(in_day % 60),
                  static_cast<long long>(fraction));
    return text;
}

}  // namespace cairn::core
