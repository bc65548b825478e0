#include <cstdint>

#include <cairn/error.hpp>
#include <cairn/fields.hpp>
#include <cairn/json.hpp>

#include "plugins/identity/guest_names.hpp"

namespace cairn::identity {
namespace {

struct Wish {
    std::string name;
};
// Described, so that the SDK's one rule for names decides here as it does in messages.
void describe(Fields<Wish>& f) {
    f(&Wish::name, "name", "what others see").length(1, 50).matching(Pattern::name).required();
}

}  // namespace

std::optional<std::string> acceptable_name(std::string_view wished) {
    const std::size_t first = wished.find_first_not_of(' ');
    if (first == std::string_view::npos) return std::nullopt;
    wished = wished.substr(first, wished.find_last_not_of(' ') - first + 1);
    std::string json = "{\"name\":";
    write_json_text(json, wished);
    json += '}';
    try {
        return from_json<Wish>(json).name;
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::string guest_name(std::string_view id) {
    // FNV-1a, 32 bits: spreads well enough for four digits and is the same everywhere.
    std::uint32_t hash = 2166136261u;
    for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return "Guest " + std::to_string(1000 + hash % 9000);
}

}  // namespace cairn::identity
