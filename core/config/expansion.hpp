#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/config/configuration.hpp"

namespace cairn::core {

/// A scalar after `${NAME}` and `${NAME:-default}` have been replaced.
struct Expanded {
    std::string text;
    bool changed = false;  ///< something was replaced
    bool sole = false;     ///< the scalar was one expansion and nothing else: it may be a number or a switch
    std::string wrong;     ///< empty: fine; else what is wrong
    std::string cure;
};

/// Replaces environment variables in one scalar. `$${` stands for a literal `${`. The default is taken when the
/// variable is not set or empty. Replaced text is not looked at again.
Expanded expand(std::string_view scalar, const ProblemReport& environment);

/// What an unquoted scalar means in the YAML 1.2 core schema, minus its surprises: only `true` and `false` are
/// switches, and a number with leading zeros, an infinity or a NaN stays text. [any]
Document plain_scalar(std::string_view text);

/// True when the source text of a scalar is one quoted expansion: "${X}". Its value may be read as another type.
bool is_quoted_expansion(std::string_view source_text);
/// True when the source text of a scalar begins with an expansion, quoted or not.
bool is_expansion(std::string_view source_text);

}  // namespace cairn::core
