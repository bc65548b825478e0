#include "core/durability/journal_time.hpp"

#include <cstdio>

namespace cairn::core {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

}  // namespace

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
