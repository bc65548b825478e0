#include <cairn/text.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace cairn {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// Length of the well-formed sequence at `p` (RFC 3629 section 4), 0 when it is malformed; `value` gets the code point.
std::size_t decode(const unsigned char* p, std::size_t left, char32_t& value) noexcept {
    const unsigned char lead = p[0];
    if (lead < 0x80) {
        value = lead;
        return 1;
    }
    std::size_t length = 0;
    char32_t smallest = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
        value = lead & 0x1FU;
        smallest = 0x80;
    } else if ((lead & 0xF0U) == 0xE0U) {
        length = 3;
        value = lead & 0x0FU;
        smallest = 0x800;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        value = lead & 0x07U;
        smallest = 0x10000;
    } else {
        return 0;
    }
    if (length > left) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((p[i] & 0xC0U) != 0x80U) return 0;
        value = (value << 6) | (p[i] & 0x3FU);
    }
    if (value < smallest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 0;
    return length;
}

bool is_letter_or_digit(char32_t c) noexcept {
    return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || (c >= U'0' && c <= U'9');
}

bool is_control(char32_t c) noexcept {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029;
}

/// The characters that turn the direction of what follows (Unicode annex 9, explicit embeddings, overrides, isolates).
bool is_direction_override(char32_t c) noexcept {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool is_url(std::string_view text) noexcept {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7F || c == '\\' || c == '"' || c == '<' || c == '>') return false;
    }
    // "//host" names another host; only one slash keeps the address here.
    if (text.front() == '/') return text.size() < 2 || text[1] != '/';
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (text.starts_with(scheme)) return text.size() > scheme.size() && text[scheme.size()] != '/';
    }
    return false;
}

constexpr std::size_t kLongestName = 64;

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Damerau-Levenshtein distance in its restricted form (no piece is edited twice), at most `limit` + 1.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) noexcept {
    a = a.substr(0, kLongestName);
    b = b.substr(0, kLongestName);
    const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
    if (gap > limit) return limit + 1;
    std::array<std::size_t, kLongestName + 1> two_back{}, back{}, row{};
    for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = std::min(row[j], two_back[j - 2] + 1);
            }
        }
        two_back = back;
        back = row;
    }
    return back[b.size()];
}

}  // namespace

std::optional<std::size_t> code_points(std::string_view text) noexcept {
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t left = text.size();
    std::size_t count = 0;
    while (left != 0) {
        // Eight plain letters at a time: most text is ASCII.
        if (left >= 8) {
            std::uint64_t block = 0;
            std::memcpy(&block, p, sizeof block);
            if ((block & 0x8080808080808080ULL) == 0) {
                p += 8;
                left -= 8;
                count += 8;
                continue;
            }
        }
        char32_t value = 0;
        const std::size_t length = decode(p, left, value);
        if (length == 0) return std::nullopt;
        p += length;
        left -= length;
        ++count;
    }
    return count;
}

char32_t next_code_point(std::string_view text, std::size_t& at) noexcept {
    char32_t value = kReplacement;
    const std::size_t length =
        decode(reinterpret_cast<const unsigned char*>(text.data()) + at, text.size() - at, value);
    at += length == 0 ? 1 : length;
    return length == 0 ? kReplacement : value;
}

bool matches(Pattern pattern, std::string_view text) noexcept {
    if (text.empty()) return true;
    if (pattern == Pattern::any) return text.find('\0') == std::string_view::npos;
    if (pattern == Pattern::url) return is_url(text);
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        switch (pattern) {
            case Pattern::name:
                if (!is_letter_or_digit(c) && c != U'_' && c != U' ' && c != U'-') return false;
                break;
            case Pattern::identifier:
                if (!is_letter_or_digit(c) && c != U'_' && c != U'-' && c != U'.' && c != U':') return false;
                break;
            default:
                if (is_control(c) || is_direction_override(c)) return false;
                break;
        }
    }
    return true;
}

std::string_view pattern_words(Pattern pattern) noexcept {
    switch (pattern) {
        case Pattern::any: return "be text without U+0000";
        case Pattern::name: return "consist of letters a to z, digits, underscore, space and hyphen";
        case Pattern::identifier: return "consist of letters a to z, digits and _ - . :";
        case Pattern::line:
            return "be one line without control characters or characters that turn the writing direction";
        case Pattern::url: return "be an address that begins with http://, https:// or one /";
    }
    return "be text";
}

std::string_view nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
    // About a quarter of the letters may be wrong, yet never all of a short word.
    const std::size_t limit = word.size() <= 2 ? 1 : std::min<std::size_t>(4, 1 + word.size() / 4);
    std::string_view best;
    std::size_t best_distance = limit + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t d = distance(word, candidate, limit);
        if (d < best_distance && d < std::max(word.size(), candidate.size())) {
            best = candidate;
            best_distance = d;
        }
    }
    return best;
}

}  // namespace cairn
