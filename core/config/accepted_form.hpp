#pragma once

#include <string>

#include <cairn/fields.hpp>

namespace cairn::core {

/// A bound in the unit of the field: "2s", "50MiB", "1000".
std::string bound_words(const Type& type, double bound);
/// "from 1s to 1h", "at least 2", "exactly 1", or empty.
std::string range_words(const Field& field, const Type& type);
/// The same with what it speaks of: "its count at most 1000", "each from -5 to 5".
std::string range_words_of(const Field& field, const Type& type);
/// The value of a described member as it would be written in YAML; secrets as "(secret)".
std::string value_words(const Type& type, const void* member);
/// What a node holds, for "it is …": "the text \"abc\"", "a list". Long text is cut.
std::string node_words(const Document& node);

}  // namespace cairn::core
