#include "core/schedule/time_zone.hpp"

#include <date/tz.h>

#include <cstdio>

#include <cairn/error.hpp>

#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

using Milliseconds = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

const date::time_zone& of(const void* zone) {
    return *static_cast<const date::time_zone*>(zone);
}

WallTime wall(date::sys_seconds at) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

date::sys_seconds seconds(WallTime at) {
    return date::floor<std::chrono::seconds>(Milliseconds(std::chrono::milliseconds(at)));
}

template <class... Values>
std::string print(const char* format, Values... values) {
    char text[80];
    const int length = std::snprintf(text, sizeof text, format, values...);
    return std::string(text, static_cast<std::size_t>(length));
}

const date::time_zone* find(const std::string& name) {
    try {
        return date::locate_zone(name);
    } catch (const std::exception&) {
        std::vector<std::string> names;
        try {
            for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
        } catch (const std::exception&) {
            throw Error(Code::invalid_field, "the system has no time zones; install the package tzdata");
        }
        const std::string near = did_you_mean(name, names);
        throw Error(Code::invalid_field,
                    "there is no time zone '" + name + "'" +
                        (near.empty() ? ", see `timedatectl list-timezones`" : "; did you mean '" + near + "'?"));
    }
}

/// The parts of a time as people write it; the text must be used up.
class TimeText {
public:
    explicit TimeText(std::string_view text) : text_(text) {}
    bool done() const noexcept { return text_.empty(); }
    bool take(char wanted) noexcept {
        if (text_.empty() || text_.front() != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }
    /// A number of exactly `digits` digits, -1 when there is none.
    int number(std::size_t digits) noexcept {
        if (text_.size() < digits) return -1;
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (text_[i] < '0' || text_[i] > '9') return -1;
            value = value * 10 + (text_[i] - '0');
        }
        text_.remove_prefix(digits);
        return value;
    }
    /// Digits behind a decimal point as microseconds; `width` hears how many of these they name. Digits after the sixth
    /// name less than one and are passed over.
    int fraction(int& width) noexcept {
        int value = 0;
        int unit = 1000000;
        bool any = false;
        while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
            if (unit > 1) {
                unit /= 10;
                value += (text_.front() - '0') * unit;
            }
            text_.remove_prefix(1);
            any = true;
        }
        width = unit;
        return any ? value : -1;
    }

private:
    std::string_view text_;
};

[[noreturn]] void unreadable(std::string_view text) {
    throw Error(Code::invalid_field, "'" + std::string(text) +
                                         "' is not a time; write it as 2026-03-29 02:30, 2026-03-29T02:30:15Z, "
                                         "2026-03-29T02:30:15+02:00 or @1774749600 (seconds since 1970)");
}

}  // namespace

TimeZone::TimeZone(const std::string& name) : name_(name), zone_(find(name)) {}

LocalMinute TimeZone::minute(WallTime at) const {
    const date::local_seconds local = of(zone_).to_local(seconds(at));
    const auto day = date::floor<date::days>(local);
    const date::year_month_day date(day);
    const date::hh_mm_ss time(local - day);
    return {static_cast<int>(date.year()),
            static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(date::weekday(day).c_encoding()),
            static_cast<int>(time.hours().count()),
            static_cast<int>(time.minutes().count())};
}

LocalMoments TimeZone::resolve(const LocalMinute& local) const {
    const date::local_seconds at = date::local_days(date::year(local.year) / local.month / local.day) +
                                   std::chrono::hours(local.hour) + std::chrono::minutes(local.minute);
    const date::local_info info = of(zone_).get_info(at);
    LocalMoments moments;
    const auto with = [&](const date::sys_info& sys) {
        return wall(date::sys_seconds(at.time_since_epoch()) - sys.offset);
    };
    if (info.result == date::local_info::nonexistent) {
        moments.gap_ends = wall(info.first.end);
        return moments;
    }
    moments.at.push_back(with(info.first));
    if (info.result == date::local_info::ambiguous) moments.at.push_back(with(info.second));
    return moments;
}

std::string TimeZone::print(WallTime at) const {
    const date::sys_info info = of(zone_).get_info(seconds(at));
    const LocalMinute local = minute(at);
    const long offset = static_cast<long>(info.offset.count() / 60);
    const long second = static_cast<long>(((at / 1000) % 60 + 60) % 60);
    return core::print("%04d-%02d-%02d %02d:%02d:%02ld %c%02ld:%02ld", local.year, local.month, local.day, local.hour,
                       local.minute, second, offset < 0 ? '-' : '+', std::labs(offset) / 60, std::labs(offset) % 60);
}

std::string print_utc(WallTime at) {
    const auto time = seconds(at);
    const auto day = date::floor<date::days>(time);
    const date::year_month_day date(day);
    const date::hh_mm_ss clock(time - day);
    const long rest = static_cast<long>(at - wall(time));
    const std::string upto =
        core::print("%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    return upto + (rest == 0 ? std::string("Z") : core::print(".%03ldZ", rest));
}

std::string compact_utc(WallTime at) {
    const std::string utc = print_utc(at);
    std::string compact;
    for (const char letter : utc.substr(0, 19)) {
        if (letter == 'T')
            compact.push_back('_');
        else if (letter != '-' && letter != ':')
            compact.push_back(letter);
    }
    return compact;
}

std::int64_t read_time(std::string_view text, const TimeZone& zone, TimeEdge edge) {
    const bool end = edge == TimeEdge::end;
    TimeText parts(text);
    if (parts.take('@')) {
        std::int64_t value = 0;
        if (parts.done() || text.size() > 13) unreadable(text);
        while (!parts.done()) {
            const int digit = parts.number(1);
            if (digit < 0) unreadable(text);
            value = value * 10 + digit;
        }
        return value * 1000000 + (end ? 999999 : 0);
    }
    LocalMinute local;
    local.year = parts.number(4);
    if (!parts.take('-')) unreadable(text);
    local.month = parts.number(2);
    if (!parts.take('-')) unreadable(text);
    local.day = parts.number(2);
    if (!parts.take('T') && !parts.take(' ')) unreadable(text);
    local.hour = parts.number(2);
    if (!parts.take(':')) unreadable(text);
    local.minute = parts.number(2);
    int second = 0;
    int micros = 0;
    int width = 1000000;
    if (parts.take(':')) {
        second = parts.number(2);
        if (parts.take('.')) micros = parts.fraction(width);
        if (micros < 0) unreadable(text);
    }
    const date::year_month_day day = date::year(local.year) / local.month / local.day;
    if (local.year < 1970 || !day.ok() || local.hour < 0 || local.hour > 23 || local.minute < 0 || local.minute > 59 ||
        second < 0 || second > 59) {
        unreadable(text);
    }
    WallTime at = 0;
    if (parts.done()) {
        const LocalMoments moments = zone.resolve(local);
        if (moments.at.empty()) {
            throw Error(Code::invalid_field, "'" + std::string(text) + "' does not exist in " + zone.name() +
                                                 ": clocks went forward over it at " + print_utc(moments.gap_ends));
        }
        at = end ? moments.at.back() : moments.at.front();
    } else {
        at = wall(date::sys_days(day) + std::chrono::hours(local.hour) + std::chrono::minutes(local.minute));
        if (!parts.take('Z')) {
            const bool west = parts.take('-');
            if (!west && !parts.take('+')) unreadable(text);
            const int hours = parts.number(2);
            parts.take(':');
            const int minutes = parts.number(2);
            if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) unreadable(text);
            at -= (west ? -1 : 1) * (hours * 3600000LL + minutes * 60000LL);
        }
        if (!parts.done()) unreadable(text);
    }
    return (at + second * 1000LL) * 1000 + micros + (end ? width - 1 : 0);
}

}  // namespace cairn::core
