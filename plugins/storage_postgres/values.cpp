#include "plugins/storage_postgres/values.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

#include <cairn/text.hpp>
#include <cairn/uuid.hpp>

namespace cairn::storage_postgres {
namespace {

// Types' numbers are part of the server's interface (pg_type.dat) and never change.
constexpr Oid kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kOid = 26, kFloat4 = 700, kFloat8 = 701;
constexpr Oid kTimestamp = 1114, kTimestamptz = 1184, kNumeric = 1700, kUuid = 2950;
constexpr Oid kInt2Array = 1005, kInt4Array = 1007, kTextArray = 1009, kVarcharArray = 1015, kInt8Array = 1016;
constexpr Oid kFloat4Array = 1021, kFloat8Array = 1022, kUuidArray = 2951;

constexpr std::int64_t kMsPerDay = 86400000;

bool is_text_array(Oid type) noexcept {
    return type == kTextArray || type == kVarcharArray || type == kUuidArray;
}
bool is_number_array(Oid type) noexcept {
    return type == kInt2Array || type == kInt4Array || type == kInt8Array || type == kFloat4Array || type == kFloat8Array;
}

template <class T>
std::optional<T> number(std::string_view text) noexcept {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Document number_of(std::string_view text) {
    if (const auto whole = number<std::int64_t>(text)) return *whole;
    if (const auto real = number<double>(text)) return *real;
    return text;  // NaN of numeric, or beyond double
}

std::string array_text(const Document& list) {
    std::string out = "{";
    for (const Document& item : list.items()) {
        if (out.size() > 1) out += ',';
        if (item.is_null()) {
            out += "NULL";
            continue;
        }
        out += '"';
        for (const char c : item.is_text() ? std::string(item.text()) : item.to_json()) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

std::optional<std::string> parameter(const Document& value, Oid type) {
    switch (value.type()) {
        case Document::Type::null:
            return std::nullopt;
        case Document::Type::boolean:
            return value.boolean_or(false) ? "1" : "0";
        case Document::Type::integer: {
            const std::int64_t whole = value.integer_or(0);
            if (type == kTimestamptz || type == kTimestamp) return format_timestamp(whole);
            if (type == kBool) return whole != 0 ? "1" : "0";
            return std::to_string(whole);
        }
        case Document::Type::number:
            if (type == kTimestamptz || type == kTimestamp) {
                return format_timestamp(static_cast<WallTime>(value.number_or(0)));
            }
            if (type == kInt2 || type == kInt4 || type == kInt8) {  // 5.0 is a whole number too
                const double real = value.number_or(0);
                if (real == std::floor(real) && std::abs(real) < 9e15) {
                    return std::to_string(static_cast<std::int64_t>(real));
                }
            }
            return value.to_json();
        case Document::Type::text:
            if (type == kUuid && !is_uuid(value.text())) return std::nullopt;
            if (value.text().find('\0') != std::string_view::npos) return keepable(value.text());
            return std::string(value.text());
        case Document::Type::list:
            return is_text_array(type) || is_number_array(type) ? array_text(value) : value.to_json();
        case Document::Type::map:
            return value.to_json();
    }
    return std::nullopt;
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) noexcept {
    // year-mm-dd hh:mm:ss[.ffffff][+00], the session's zone being UTC
    const std::size_t dash = text.find('-', 1);
    if (dash == std::string_view::npos || text.size() < dash + 15 || text.ends_with("BC")) return std::nullopt;
    const auto digits = [&](std::size_t at, std::size_t count) { return number<int>(text.substr(at, count)); };
    const auto year = digits(0, dash);
    const auto month = digits(dash + 1, 2);
    const auto day = digits(dash + 4, 2);
    const auto hour = digits(dash + 7, 2);
    const auto minute = digits(dash + 10, 2);
    const auto second = digits(dash + 13, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    std::int64_t ms = std::chrono::sys_days(date).time_since_epoch().count() * kMsPerDay +
                      ((*hour * 60LL + *minute) * 60 + *second) * 1000;
    if (std::size_t at = dash + 15; at < text.size() && text[at] == '.') {
        for (int scale = 100; scale > 0 && ++at < text.size() && text[at] >= '0' && text[at] <= '9'; scale /= 10) {
            ms += (text[at] - '0') * scale;
        }
    }
    return ms;
}

std::string format_timestamp(WallTime time) {
    // What lies beyond the calendar's years would wrap around; the server's own range is smaller still.
    constexpr WallTime kFirst = -62135596800000;   // the year 1
    constexpr WallTime kLast = 9214646399999999;   // the year 291999
    if (time < kFirst) return "-infinity";
    if (time > kLast) return "infinity";
    std::int64_t days = time / kMsPerDay;
    std::int64_t rest = time % kMsPerDay;
    if (rest < 0) {
        rest += kMsPerDay;
        --days;
    }
    // std::chrono::year ends at 32767; later years count in whole periods of 400 years.
    constexpr std::int64_t kPeriod = 146097;
    const std::int64_t periods = days > 0 ? days / kPeriod : 0;
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days - periods * kPeriod))};
    char text[64];
    const int size = std::snprintf(
        text, sizeof text, "%04lld-%02u-%02u %02lld:%02lld:%02lld.%03lld+00",
        static_cast<long long>(static_cast<int>(date.year()) + periods * 400), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<long long>(rest / 3600000),
        static_cast<long long>(rest / 60000 % 60), static_cast<long long>(rest / 1000 % 60),
        static_cast<long long>(rest % 1000));
    return std::string(text, static_cast<std::size_t>(size));
}

Document parse_array(std::string_view text, bool numbers) {
    Document list = Document::list();
    if (text.size() < 2 || text.front() != '{') return text;  // lower bounds, "[0:1]={…}", as they are
    std::size_t at = 1;
    while (at < text.size() && text[at] != '}') {
        std::string item;
        const bool in_quotes = text[at] == '"';
        if (in_quotes) ++at;
        while (at < text.size() && (in_quotes ? text[at] != '"' : text[at] != ',' && text[at] != '}')) {
            if (text[at] == '{' && !in_quotes) return text;  // more than one dimension
            if (text[at] == '\\' && at + 1 < text.size()) ++at;
            item += text[at++];
        }
        if (in_quotes) ++at;
        if (at < text.size() && text[at] == ',') ++at;
        if (!in_quotes && item == "NULL") list.push(Document());
        else if (numbers) list.push(number_of(item));
        else list.push(Document(std::move(item)));
    }
    return list;
}

Document value_of(const PGresult* result, int row, int column) {
    if (PQgetisnull(result, row, column) == 1) return {};
    const std::string_view text(PQgetvalue(result, row, column),
                                static_cast<std::size_t>(PQgetlength(result, row, column)));
    switch (const Oid type = PQftype(result, column)) {
        case kBool:
            return std::int64_t{text == "t" ? 1 : 0};
        case kInt2:
        case kInt4:
        case kInt8:
        case kOid:
        case kNumeric:
            return number_of(text);
        case kFloat4:
        case kFloat8: {
            const auto real = number<double>(text);
            return real ? Document(*real) : Document(text);
        }
        case kTimestamp:
        case kTimestamptz: {
            const auto time = parse_timestamp(text);
            return time ? Document(*time) : Document(text);
        }
        default:
            if (is_text_array(type)) return parse_array(text, false).to_json();
            if (is_number_array(type)) return parse_array(text, true).to_json();
            return text;
    }
}

Parameters::Parameters(const std::vector<Document>& values, const std::vector<Oid>& types) {
    if (values.size() != types.size()) {
        throw PostgresError("42P02",
                            "the SQL has " + std::to_string(types.size()) + " parameters, " +
                                std::to_string(values.size()) + " values were given: number them $1, $2, … without a gap",
                            "query");
    }
    texts_.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) texts_.push_back(parameter(values[i], types[i]));
    for (const auto& text : texts_) pointers_.push_back(text ? text->c_str() : nullptr);
}

std::string keepable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    std::size_t at = 0;
    while (at < text.size()) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
        const std::string_view piece = text.substr(at, length);
        if (lead != 0 && length != 0 && piece.size() == length && code_points(piece)) {
            out += piece;
            at += length;
        } else {
            out += "\xEF\xBF\xBD";
            ++at;
        }
    }
    return out;
}

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + "'";
}

}  // namespace cairn::storage_postgres
