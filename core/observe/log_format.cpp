#include "core/observe/log_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ctime>

namespace cairn::core {

namespace {

constexpr std::string_view kHidden = "[hidden]";
constexpr std::string_view kCut = "…";
constexpr std::size_t kLongestValue = 2048;  ///< of one text, in bytes
constexpr int kDeepest = 8;

enum class Style : unsigned char { text, json };

/// The length of the well-formed UTF-8 character that `rest` begins with (RFC 3629 section 4), 0 when there is none.
std::size_t character_length(std::string_view rest) noexcept {
    const auto byte = [rest](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || rest.size() < length) return 0;
    unsigned char lowest = 0x80;
    unsigned char highest = 0xbf;
    if (lead == 0xe0) lowest = 0xa0;   // overlong
    if (lead == 0xed) highest = 0x9f;  // surrogates
    if (lead == 0xf0) lowest = 0x90;
    if (lead == 0xf4) highest = 0x8f;  // past U+10FFFF
    if (byte(1) < lowest || byte(1) > highest) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
    return length;
}

/// C0 and C1 controls, DEL, line and paragraph separators, and the marks that turn the direction of text around: all
/// that can make a terminal or a reader see another line than the one that was written.
bool is_treacherous(std::string_view character) noexcept {
    const auto byte = [character](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
    if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
    if (character.size() != 3 || byte(0) != 0xe2) return false;
    if (byte(1) == 0x80) return byte(2) >= 0xa8 && byte(2) <= 0xae;
    return byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
}

void append_hex(std::string& out, unsigned value, int digits) {
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 0xf];
}

void append_escape(std::string& out, std::string_view character, Style style) {
    const auto first = static_cast<unsigned char>(character[0]);
    switch (first) {
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (style == Style::text) {
        for (const char c : character) {
            out += "\\x";
            append_hex(out, static_cast<unsigned char>(c), 2);
        }
        return;
    }
    unsigned code = first;
    if (character.size() == 2) code = (first & 0x1fu) << 6 | (static_cast<unsigned char>(character[1]) & 0x3fu);
    if (character.size() == 3)
        code = (first & 0x0fu) << 12 | (static_cast<unsigned char>(character[1]) & 0x3fu) << 6 |
               (static_cast<unsigned char>(character[2]) & 0x3fu);
    out += "\\u";
    append_hex(out, code, 4);
}

/// Appends `text` made harmless, at most about `limit` bytes of it.
void append_clean(std::string& out, std::string_view text, Style style, bool quoted, std::size_t limit) {
    const std::size_t end = out.size() + limit;
    while (!text.empty()) {
        if (out.size() >= end) {
            out += kCut;
            return;
        }
        const std::size_t length = character_length(text);
        if (length == 0) {
            if (style == Style::text) {
                append_escape(out, text.substr(0, 1), style);
            } else {
                out += "\xef\xbf\xbd";  // U+FFFD: JSON cannot carry the byte itself
            }
            text.remove_prefix(1);
            continue;
        }
        const std::string_view character = text.substr(0, length);
        if (is_treacherous(character)) {
            append_escape(out, character, style);
        } else {
            if (quoted && (character == "\"" || character == "\\")) out += '\\';
            out += character;
        }
        text.remove_prefix(length);
    }
}

void append_quoted(std::string& out, std::string_view text, Style style, std::size_t limit = kLongestValue) {
    out += '"';
    append_clean(out, text, style, true, limit);
    out += '"';
}

bool reads_well_bare(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '=' && c != '\\' && c != ',' && c != '{' &&
               c != '}' && c != '[' && c != ']' && c != 0x7f;
    });
}

template <class T>
void append_number(std::string& out, T value) {
    std::array<char, 32> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), written.ptr);
}

/// A value as JSON, with secrets hidden. Stops going into things once `out` has passed `end`; whoever calls then takes
/// the whole value back.
void append_value(std::string& out, const Document& value, Style style, std::size_t end, int depth = 0) {
    if (out.size() > end) return;
    const std::size_t room = end - out.size();
    switch (value.type()) {
        case Document::Type::null:
            out += "null";
            return;
        case Document::Type::boolean:
            out += value.boolean_or(false) ? "true" : "false";
            return;
        case Document::Type::integer:
            append_number(out, value.integer_or(0));
            return;
        case Document::Type::number: {
            const double number = value.number_or(0);
            if (std::isfinite(number)) {
                append_number(out, number);
            } else {
                out += std::isnan(number) ? "\"nan\""
                       : number > 0       ? "\"inf\""
                                          : "\"-inf\"";  // JSON has no such numbers
            }
            return;
        }
        case Document::Type::text:
            append_quoted(out, value.text(), style, std::min(kLongestValue, room));
            return;
        case Document::Type::list:
        case Document::Type::map:
            break;
    }
    if (depth == kDeepest) {
        append_quoted(out, kCut, style);
        return;
    }
    char separator = value.is_map() ? '{' : '[';
    if (value.size() == 0) out += separator;
    for (const Document& item : value.items()) {
        out += separator;
        separator = ',';
        append_value(out, item, style, end, depth + 1);
        if (out.size() > end) return;
    }
    for (const Document::Member& member : value.members()) {
        out += separator;
        separator = ',';
        append_quoted(out, member.key, style);
        out += ':';
        if (is_secret_key(member.key)) {
            append_quoted(out, kHidden, style);
        } else {
            append_value(out, member.value, style, end, depth + 1);
        }
        if (out.size() > end) return;
    }
    out += value.is_map() ? '}' : ']';
}

void append_two(std::string& out, int value) {
    out += static_cast<char>('0' + value / 10 % 10);
    out += static_cast<char>('0' + value % 10);
}

void append_clock(std::string& out, const std::tm& time) {
    append_two(out, time.tm_hour);
    out += ':';
    append_two(out, time.tm_min);
    out += ':';
    append_two(out, time.tm_sec);
}

void pad(std::string& out, std::size_t from, std::size_t width) {
    while (out.size() - from < width) out += ' ';
}

}  // namespace

bool is_secret_key(std::string_view key) noexcept {
    constexpr std::array<std::string_view, 5> kSecret{"token", "password", "secret", "cookie", "authorization"};
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
    return std::any_of(kSecret.begin(), kSecret.end(), [&](std::string_view word) {
        return std::search(key.begin(), key.end(), word.begin(), word.end(), same) != key.end();
    });
}

std::string_view level_word(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::trace:
            return "trace";
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warn";
        case LogLevel::error:
            return "error";
    }
    return "?";
}

std::string format_text(const LogLine& line) {
    constexpr std::size_t kRoom = kLogLine - 16;  // the mark for what was cut always fits
    std::string out;
    out.reserve(160);
    const std::time_t seconds = std::chrono::system_clock::to_time_t(line.at);
    std::tm local{};
    localtime_r(&seconds, &local);
    append_clock(out, local);
    out += ' ';
    std::size_t column = out.size();
    out += level_word(line.level);
    pad(out, column, 6);
    column = out.size();
    append_clean(out, line.origin, Style::text, false, 64);
    pad(out, column, 7);
    out += "  ";
    append_clean(out, line.message, Style::text, false, kLogLine / 2);
    if (!line.details) return out;
    std::string_view gap = "  ";
    for (const Document::Member& member : line.details->members()) {
        const std::size_t before = out.size();
        out += gap;
        gap = " ";
        append_clean(out, member.key, Style::text, false, 64);
        out += '=';
        if (is_secret_key(member.key)) {
            out += kHidden;
        } else if (member.value.is_text() && reads_well_bare(member.value.text())) {
            append_clean(out, member.value.text(), Style::text, false, kLongestValue);
        } else {
            append_value(out, member.value, Style::text, kRoom);
        }
        if (out.size() > kRoom) {
            out.resize(before);
            out += "  ";
            out += kCut;
            break;
        }
    }
    return out;
}

std::string format_json(const LogLine& line) {
    constexpr std::size_t kRoom = kLogLine - 32;  // closing and the mark for what was cut always fit
    std::string out;
    out.reserve(200);
    const auto since = line.at.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const std::time_t whole = seconds.count();
    std::tm utc{};
    gmtime_r(&whole, &utc);
    out += "{\"ts\":\"";
    append_number(out, utc.tm_year + 1900);
    out += '-';
    append_two(out, utc.tm_mon + 1);
    out += '-';
    append_two(out, utc.tm_mday);
    out += 'T';
    append_clock(out, utc);
    out += '.';
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(since - seconds).count();
    out += static_cast<char>('0' + millis / 100);
    append_two(out, static_cast<int>(millis % 100));
    out += "Z\",\"level\":\"";
    out += level_word(line.level);
    out += "\",\"origin\":";
    append_quoted(out, line.origin, Style::json, 64);
    out += ",\"message\":";
    append_quoted(out, line.message, Style::json, kLogLine / 2);
    bool cut = false;
    if (line.details && line.details->size() > 0) {
        char separator = '{';
        out += ",\"fields\":";
        const std::size_t begin = out.size();
        for (const Document::Member& member : line.details->members()) {
            const std::size_t before = out.size();
            out += separator;
            append_quoted(out, member.key, Style::json, 64);
            out += ':';
            if (is_secret_key(member.key)) {
                append_quoted(out, kHidden, Style::json);
            } else {
                append_value(out, member.value, Style::json, kRoom);
            }
            if (out.size() > kRoom) {
                out.resize(before);
                cut = true;
                break;
            }
            separator = ',';
        }
        if (out.size() == begin) out += '{';
        out += '}';
    }
    if (cut) out += ",\"cut\":true";
    out += '}';
    return out;
}

}  // namespace cairn::core
