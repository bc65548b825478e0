#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <cairn/export.hpp>

namespace cairn {

/// The closed list of refusal codes that players see (docs/protocol.md). The wire name is the enumerator's name.
enum class Code : std::uint8_t {
    bad_request,
    invalid_field,
    unauthenticated,
    forbidden,
    not_found,
    conflict,
    too_large,
    rate_limited,
    full,
    not_ready,
    unavailable,
    unsupported,
    internal,
};

/// The wire name of `code`, for example "rate_limited". [any]
CAIRN_API std::string_view code_name(Code code) noexcept;

/// A refusal with its reason. Throw it in a handler to answer the player; every other exception becomes `internal`.
class CAIRN_API Error : public std::runtime_error {
public:
    Error(Code code, const std::string& message);
    ~Error() override;  // out of line: one typeinfo for all shared objects, so that `catch` works across them

    /// Names the offending field, for example "d.position". Returns *this so that calls can be chained.
    Error& at(std::string field);
    /// Says when trying again may help.
    Error& retry_after(std::chrono::milliseconds delay);

    Code code() const noexcept { return code_; }
    const std::string& field() const noexcept { return field_; }
    /// Zero: not said.
    std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }

private:
    Code code_;
    std::string field_;
    std::chrono::milliseconds retry_after_{0};
};

}  // namespace cairn
