#pragma once

#include <string>
#include <vector>

namespace cairn::core {

/// The parts of an error message in a row, with `between` in the gaps. [any]
inline std::string join(const std::vector<std::string>& parts, const char* between) {
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += between;
        out += part;
    }
    return out;
}

}  // namespace cairn::core
