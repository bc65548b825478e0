#pragma once

#include <string>
#include <vector>

namespace cairn::check {

/// The names that a shared object defines for others: its dynamic symbols that are global or weak, not hidden, and not
/// undefined. Sorted, as the linker sees them (mangled). Throws std::runtime_error when the file cannot be read or is
/// damaged. [any]
std::vector<std::string> exported_symbols(const std::string& path);

/// A symbol as people write it. [any]
std::string readable(const std::string& symbol);

}  // namespace cairn::check
