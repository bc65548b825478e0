#pragma once

#include <string>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>

namespace cairn::core {

/// What became of one value: empty `wrong` means that it was stored.
struct ScalarVerdict {
    std::string wrong;
    std::string hint;  ///< says more than the accepted form would
};

/// Stores `node` into `out`, a value of a simple `type` (no container, no struct, no secret), under the rules of
/// `field`. `source_text` is how the value stands in the file; `own_lengths` is false for items of lists and maps,
/// because the lengths of the field count the items then. [control]
ScalarVerdict check_scalar(const Field& field, const Type& type, const Document& node, std::string_view source_text,
                           bool own_lengths, void* out);

}  // namespace cairn::core
