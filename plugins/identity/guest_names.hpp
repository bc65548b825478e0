#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn::identity {

/// The name that somebody wished, without blanks at its ends, or nothing when it breaks the rule for names (P169:
/// letters, digits, underscore, space, hyphen; 1 to 50). [any]
std::optional<std::string> acceptable_name(std::string_view wished);

/// "Guest 1234": always the same digits for the same id. [any]
std::string guest_name(std::string_view id);

}  // namespace cairn::identity
