#pragma once

#include <cstdint>
#include <string_view>

#include <cairn/document.hpp>

#include "core/config/problem_report.hpp"

namespace cairn::core {

/// Splits a text into the lines that problems are shown with.
std::vector<std::string> split_lines(std::string_view text);

/// Reads one YAML text into a Document with a mark on every key and value. What is wrong goes to `report`, whose
/// sources must already hold this text at index `file`. Never throws for what stands in the text.
///
/// Strict where YAML is loose: a key that stands twice, anchors and aliases, tags other than !!str, keys that are not
/// text and a second document are problems. Lists and maps may be nested 32 deep, and hold 10,000 values in all.
/// The mark of a list or map in block style is that of the key that introduces it. [control]
Document read_yaml(std::string_view text, std::uint32_t file, ProblemReport& report);

}  // namespace cairn::core
