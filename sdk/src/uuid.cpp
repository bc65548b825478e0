#include <sys/random.h>

#include <array>
#include <cerrno>
#include <system_error>

#include <cairn/uuid.hpp>

namespace cairn {
namespace {

using Raw = std::array<std::uint8_t, 16>;

Raw random_bytes() {
    Raw raw{};
    // getrandom(2): requests of up to 256 bytes are never cut short once the generator is ready; a signal may come before.
    while (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    return raw;
}

std::string text_of(Raw raw, std::uint8_t version) {
    static constexpr char kDigits[] = "0123456789abcdef";
    raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0f) | (version << 4));
    raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3f) | 0x80);
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += kDigits[raw[i] >> 4];
        text += kDigits[raw[i] & 0x0f];
    }
    return text;
}

}  // namespace

std::string new_uuid() { return text_of(random_bytes(), 4); }

std::string new_uuid_at(WallTime at, std::uint16_t counter) {
    Raw raw = random_bytes();
    const auto time = static_cast<std::uint64_t>(at < 0 ? 0 : at);
    for (unsigned i = 0; i < 6; ++i) raw[i] = static_cast<std::uint8_t>(time >> (8 * (5 - i)));
    raw[6] = static_cast<std::uint8_t>((counter >> 8) & 0x0f);
    raw[7] = static_cast<std::uint8_t>(counter & 0xff);
    return text_of(raw, 7);
}

bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex) return false;
    }
    return true;
}

}  // namespace cairn
