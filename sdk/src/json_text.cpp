// Numbers and text as JSON: what the tick frames are made of, so it counts bytes and allocates nothing of its own.
#include <array>
#include <charconv>
#include <cmath>

#include <cairn/json.hpp>
#include <cairn/text.hpp>

namespace cairn {
namespace {

/// Up to here every integer is exactly a double.
constexpr double kExact = 9007199254740992.0;  // 2^53

constexpr std::array<double, 10> kSteps{1,       0.1,      0.01,      0.001,      0.0001,
                                        0.00001, 0.000001, 0.0000001, 0.00000001, 0.000000001};
constexpr std::array<double, 10> kScales{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

/// How many decimals `precision` asks for, -1 when it is no power of ten that we know.
int decimals_of(double precision) noexcept {
    for (std::size_t i = 0; i < kSteps.size(); ++i) {
        if (precision == kSteps[i]) return static_cast<int>(i);
    }
    return -1;
}

void append_integer(std::string& out, std::int64_t value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

/// `scaled` / 10^decimals without trailing zeros, by integer arithmetic alone.
void append_scaled(std::string& out, std::int64_t scaled, int decimals) {
    std::array<char, 40> digits;
    char* const end = digits.data() + digits.size();
    char* p = end;
    std::uint64_t rest = scaled < 0 ? 0 - static_cast<std::uint64_t>(scaled) : static_cast<std::uint64_t>(scaled);
    bool significant = false;
    for (int i = 0; i < decimals; ++i) {
        const auto digit = static_cast<char>(rest % 10);
        rest /= 10;
        significant = significant || digit != 0;
        if (significant) *--p = static_cast<char>('0' + digit);
    }
    if (significant) *--p = '.';
    do {
        *--p = static_cast<char>('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (scaled < 0) *--p = '-';
    out.append(p, static_cast<std::size_t>(end - p));
}

enum class Escape : unsigned char { none, always, less_than, wide };

constexpr std::array<Escape, 256> make_escapes() {
    std::array<Escape, 256> table{};
    for (std::size_t c = 0; c < 0x20; ++c) table[c] = Escape::always;
    table['"'] = Escape::always;
    table['\\'] = Escape::always;
    table['<'] = Escape::less_than;
    for (std::size_t c = 0x80; c < 0x100; ++c) table[c] = Escape::wide;
    return table;
}
constexpr std::array<Escape, 256> kEscapes = make_escapes();

void append_escape(std::string& out, unsigned char c) {
    constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            out += "\\u00";
            out += kHex[c >> 4];
            out += kHex[c & 0x0FU];
            break;
    }
}

}  // namespace

void write_json_number(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    if (std::fabs(value) < kExact && value == std::trunc(value))
        return append_integer(out, static_cast<std::int64_t>(value));
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void write_json_number(std::string& out, double value, double precision) {
    const int decimals = decimals_of(precision);
    if (decimals >= 0) {
        const double scaled = value * kScales[static_cast<std::size_t>(decimals)];
        // Also false for NaN and infinities. Halves go away from zero.
        if (std::fabs(scaled) < kExact / 2) {
            return append_scaled(out, static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5)), decimals);
        }
    } else if (precision > 0 && std::isfinite(value / precision)) {
        return write_json_number(out, std::round(value / precision) * precision);
    }
    write_json_number(out, value);
}

void write_json_text(std::string& out, std::string_view value) {
    out += '"';
    std::size_t plain = 0;  // what lies between here and `at` goes out as it is
    for (std::size_t at = 0; at < value.size();) {
        const auto c = static_cast<unsigned char>(value[at]);
        const Escape escape = kEscapes[c];
        if (escape == Escape::none) {
            ++at;
            continue;
        }
        std::size_t behind = at + 1;
        std::string_view replacement;
        if (escape == Escape::less_than) {
            const char next = behind < value.size() ? value[behind] : '\0';
            if (next == '/') {
                replacement = "<\\/";
                ++behind;
            } else if (next == '!') {
                replacement = "\\u003c!";
                ++behind;
            }
        } else if (escape == Escape::wide) {
            behind = at;
            const char32_t point = next_code_point(value, behind);
            if (point == 0x2028) replacement = "\\u2028";
            else if (point == 0x2029) replacement = "\\u2029";
            // What is not UTF-8 must not reach a text frame: the reader would close with 1007 (RFC 6455 section 8.1).
            else if (behind == at + 1) replacement = "\\ufffd";
        }
        if (escape == Escape::always || !replacement.empty()) {
            out.append(value, plain, at - plain);
            plain = behind;
            if (replacement.empty()) append_escape(out, c);
            else out += replacement;
        }
        at = behind;
    }
    out.append(value, plain, value.size() - plain);
    out += '"';
}

}  // namespace cairn
