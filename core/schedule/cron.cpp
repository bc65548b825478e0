#include "core/schedule/cron.hpp"

#include <date/date.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <vector>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

struct FieldRule {
    const char* name;
    int first;
    int last;
    std::span<const std::string_view> names;  ///< of the values from `first` on
};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

const std::array<FieldRule, 5> kFields{{{"minute", 0, 59, {}},
                                        {"hour", 0, 23, {}},
                                        {"day of month", 1, 31, {}},
                                        {"month", 1, 12, kMonths},
                                        {"day of week", 0, 7, kWeekdays}}};

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw Error(Code::invalid_field, "'" + std::string(text) + "' is not a schedule: " + why);
}

std::string takes(const FieldRule& rule) {
    std::string text =
        std::string(rule.name) + " takes " + std::to_string(rule.first) + " to " + std::to_string(rule.last);
    if (!rule.names.empty()) {
        text += " or " + std::string(rule.names.front()) + " to " + std::string(rule.names.back());
    }
    return text;
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

int number(std::string_view text) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && !text.empty() && text.front() != '-' ? value
                                                                                                            : -1;
}

class FieldReader {
public:
    FieldReader(std::string_view whole, const FieldRule& rule) : whole_(whole), rule_(rule) {}

    template <std::size_t Size>
    std::bitset<Size> read(std::string_view field) const {
        std::bitset<Size> set;
        for (const std::string_view item : split(field, ',')) {
            const std::vector<std::string_view> step = split(item, '/');
            int first = rule_.first;
            int last = rule_.last;
            bool range = true;
            if (step[0] != "*") {
                const std::vector<std::string_view> ends = split(step[0], '-');
                if (ends.size() > 2) bad(item);
                first = value(ends[0]);
                last = ends.size() == 2 ? value(ends[1]) : first;
                range = ends.size() == 2;
                if (last < first) bad(item);
            }
            int by = 1;
            if (step.size() > 1) {
                by = number(step[1]);
                if (step.size() > 2 || by < 1 || by > rule_.last) bad(item);
                if (!range) {
                    refuse(whole_, "a step needs a range: */" + std::to_string(by) + " or " + std::string(step[0]) +
                                       "-" + std::to_string(rule_.last) + "/" + std::to_string(by));
                }
            }
            // Day 7 of the week is day 0.
            for (int at = first; at <= last; at += by) set.set(static_cast<std::size_t>(at) % Size);
        }
        return set;
    }

private:
    int value(std::string_view text) const {
        int found = number(text);
        for (std::size_t i = 0; found < 0 && i < rule_.names.size(); ++i) {
            const bool same =
                text.size() == 3 && std::equal(text.begin(), text.end(), rule_.names[i].begin(), [](char a, char b) {
                    return std::tolower(static_cast<unsigned char>(a)) == b;
                });
            if (same) found = rule_.first + static_cast<int>(i);
        }
        if (found < rule_.first || found > rule_.last) bad(text);
        return found;
    }
    [[noreturn]] void bad(std::string_view item) const {
        refuse(whole_, "'" + std::string(item) + "' does not fit; " + takes(rule_));
    }

    std::string_view whole_;
    const FieldRule& rule_;
};

std::string_view spelled_out(std::string_view text) {
    if (text == "@hourly") return "0 * * * *";
    if (text == "@daily") return "0 0 * * *";
    if (text == "@weekly") return "0 0 * * 0";
    if (text == "@monthly") return "0 0 1 * *";
    return text;
}

}  // namespace

Cron::Cron(std::string_view text) : text_(text) {
    std::vector<std::string_view> fields;
    std::string plain(spelled_out(text));
    std::replace(plain.begin(), plain.end(), '\t', ' ');
    for (const std::string_view word : split(plain, ' ')) {
        if (!word.empty()) fields.push_back(word);
    }
    if (fields.size() != 5) {
        refuse(text,
               "it takes five fields, minute hour day month weekday, as in '30 4 * * *', or one of @hourly @daily "
               "@weekly @monthly");
    }
    minutes_ = FieldReader(text_, kFields[0]).read<60>(fields[0]);
    hours_ = FieldReader(text_, kFields[1]).read<24>(fields[1]);
    days_ = FieldReader(text_, kFields[2]).read<32>(fields[2]);
    months_ = FieldReader(text_, kFields[3]).read<13>(fields[3]);
    weekdays_ = FieldReader(text_, kFields[4]).read<7>(fields[4]);
    any_hour_ = fields[1].front() == '*';
    // crontab(5): "If both fields are restricted (ie, don't start with *), the command will be run when either field
    // matches the current time."
    any_day_ = fields[2].front() == '*';
    any_weekday_ = fields[4].front() == '*';
    constexpr std::array<int, 13> kLongest{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool ever = false;
    for (std::size_t month = 1; month <= 12; ++month) {
        for (int day = 1; months_.test(month) && day <= kLongest[month]; ++day) {
            if (days_.test(static_cast<std::size_t>(day)) || (!any_weekday_ && !any_day_)) ever = true;
        }
    }
    if (!ever) refuse(text, "no month has such a day");
}

bool Cron::day_matches(int month, int day, int weekday) const {
    if (!months_.test(static_cast<std::size_t>(month))) return false;
    const bool by_day = days_.test(static_cast<std::size_t>(day));
    const bool by_weekday = weekdays_.test(static_cast<std::size_t>(weekday));
    return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

WallTime Cron::next(WallTime after, const TimeZone& zone) const {
    const LocalMinute now = zone.minute(after);
    // From the day before: what clocks jump over at the end of a day happens on the next one.
    date::sys_days day = date::sys_days(date::year(now.year) / now.month / now.day) - date::days(1);
    // 29 February on a given weekday comes every 28 years, 40 over a century without a leap year.
    for (int tried = 0; tried < 41 * 366; ++tried, day += date::days(1)) {
        const date::year_month_day date(day);
        const int month = static_cast<int>(static_cast<unsigned>(date.month()));
        const int number = static_cast<int>(static_cast<unsigned>(date.day()));
        if (!day_matches(month, number, static_cast<int>(date::weekday(day).c_encoding()))) continue;
        std::optional<WallTime> best;
        const auto consider = [&](WallTime at) {
            if (at > after && (!best || at < *best)) best = at;
        };
        for (int hour = 0; hour < 24; ++hour) {
            if (!hours_.test(static_cast<std::size_t>(hour))) continue;
            for (int minute = 0; minute < 60; ++minute) {
                if (!minutes_.test(static_cast<std::size_t>(minute))) continue;
                const LocalMoments moments =
                    zone.resolve({static_cast<int>(date.year()), month, number, 0, hour, minute});
                if (moments.at.empty()) {
                    if (!any_hour_) consider(moments.gap_ends);
                    continue;
                }
                consider(moments.at.front());
                if (any_hour_ && moments.at.size() > 1) consider(moments.at.back());
            }
        }
        if (best) return *best;
    }
    return after + 41LL * 366 * 24 * 3600 * 1000;  // never reached: the constructor knows that a day matches
}

}  // namespace cairn::core
