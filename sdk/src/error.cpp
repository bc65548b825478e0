#include <array>

#include <cairn/error.hpp>

namespace cairn {

std::string_view code_name(Code code) noexcept {
    static constexpr std::array<std::string_view, 13> kNames{
        "bad_request",  "invalid_field", "unauthenticated", "forbidden",   "not_found",   "conflict", "too_large",
        "rate_limited", "full",          "not_ready",       "unavailable", "unsupported", "internal"};
    const auto index = static_cast<std::size_t>(code);
    return index < kNames.size() ? kNames[index] : kNames.back();
}

Error::Error(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
Error::~Error() = default;

Error& Error::at(std::string field) {
    field_ = std::move(field);
    return *this;
}

Error& Error::retry_after(std::chrono::milliseconds delay) {
    retry_after_ = delay;
    return *this;
}

}  // namespace cairn
