#include <cstdint>

#include <cairn/text.hpp>

#include "plugins/identity/guest_names.hpp"

namespace cairn::identity {

std::optional<std::string> acceptable_name(std::string_view wished) {
    const std::size_t first = wished.find_first_not_of(' ');
    if (first == std::string_view::npos) return std::nullopt;
    wished = wished.substr(first, wished.find_last_not_of(' ') - first + 1);
    const auto length = code_points(wished);
    if (!length || *length > 50 || !matches(Pattern::name, wished)) return std::nullopt;
    return std::string(wished);
}

std::string guest_name(std::string_view id) {
    // FNV-1a, 32 bits: spreads well enough for four digits and is the same everywhere.
    std::uint32_t hash = 2166136261u;
    for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return "Guest " + std::to_string(1000 + hash % 9000);
}

}  // namespace cairn::identity
