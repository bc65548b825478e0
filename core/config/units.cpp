// Durations, sizes and rates as admins write them.
#include <array>
#include <limits>

#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array<Unit, 5> kTimes{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

// Powers of two first: sizes are printed in the first unit that divides them.
constexpr std::array<Unit, 9> kSizes{{{"TiB", std::int64_t{1} << 40},
                                      {"GiB", std::int64_t{1} << 30},
                                      {"MiB", std::int64_t{1} << 20},
                                      {"KiB", std::int64_t{1} << 10},
                                      {"TB", 1'000'000'000'000},
                                      {"GB", 1'000'000'000},
                                      {"MB", 1'000'000},
                                      {"kB", 1'000},
                                      {"B", 1}}};

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Takes digits off the front; empty when there are none or when they are too many for an int64.
std::optional<std::int64_t> take_digits(std::string_view& text) noexcept {
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    std::int64_t value = 0;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
        const int digit = text.front() - '0';
        if (value > (std::numeric_limits<std::int64_t>::max() - digit) / 10) return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

/// "1.5" and a unit, as a whole number of the smallest unit; decimals that leave a rest are refused.
template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) noexcept {
    const std::optional<std::int64_t> whole = take_digits(text);
    if (!whole) return std::nullopt;
    std::int64_t fraction = 0;
    std::int64_t divisor = 1;
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        if (text.empty() || !is_digit(text.front())) return std::nullopt;
        for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
            if (divisor >= 1'000'000) return std::nullopt;
            fraction = fraction * 10 + (text.front() - '0');
            divisor *= 10;
        }
    }
    for (const Unit& unit : units) {
        if (unit.name != text) continue;
        if (*whole > (std::numeric_limits<std::int64_t>::max() - unit.factor) / unit.factor) return std::nullopt;
        // At most 10^6 times 2^40: stays inside 64 bits.
        if (fraction * unit.factor % divisor != 0) return std::nullopt;
        return *whole * unit.factor + fraction * unit.factor / divisor;
    }
    return std::nullopt;
}

template <std::size_t N>
std::string print_with_unit(std::int64_t value, const std::array<Unit, N>& units, std::string_view zero) {
    if (value == 0) return std::string(zero);
    for (const Unit& unit : units) {
        if (value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
    }
    return std::to_string(value);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    const std::optional<std::int64_t> value = parse_with_unit(text, kTimes);
    return value ? std::optional<Duration>(Duration(*value)) : std::nullopt;
}

std::optional<Bytes> parse_size(std::string_view text) {
    const std::optional<std::int64_t> value = parse_with_unit(text, kSizes);
    return value ? std::optional<Bytes>(Bytes{static_cast<std::uint64_t>(*value)}) : std::nullopt;
}

std::optional<Rate> parse_rate(std::string_view text) {
    const std::optional<std::int64_t> count = take_digits(text);
    if (!count || text.empty() || text.front() != '/') return std::nullopt;
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    // "20/s" is short for "20/1s".
    const std::optional<Duration> per =
        parse_duration(is_digit(text.front()) ? std::string(text) : "1" + std::string(text));
    if (!per || per->count() <= 0) return std::nullopt;
    return Rate{*count, *per};
}

std::string print_duration(Duration value) {
    return print_with_unit(value.count(), kTimes, "0s");
}

std::string print_size(Bytes value) {
    if (value.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return std::to_string(value.value) + "B";
    return print_with_unit(static_cast<std::int64_t>(value.value), kSizes, "0B");
}

std::string print_rate(Rate value) {
    const std::string per = print_duration(value.per);
    const bool one = per.size() == 2 && per.front() == '1';
    return std::to_string(value.count) + '/' + (one ? per.substr(1) : per);
}

}  // namespace cairn::core
