#pragma once

#include <string>
#include <vector>

#include <cairn/abi.hpp>

namespace cairn::core {

/// One field in which a plugin's build differs from the host's so that the two cannot work together.
struct BuildDifference {
    std::string message;  ///< both sides, in one sentence
    std::string cure;
};

/// Compares a plugin's build with the host's, field by field. Empty: it may be loaded. When the ABI differs nothing
/// else is compared, as the other fields may mean something else then. [any]
std::vector<BuildDifference> compare_builds(const abi::Descriptor& plugin, const abi::Descriptor& host);

/// How this host was built. [any]
const abi::Descriptor& host_build();

/// "libstdc++ 12", for people. [any]
std::string standard_library_name(const abi::Descriptor& build);
/// "none", "AddressSanitizer" or "ThreadSanitizer". [any]
std::string sanitizer_name(const abi::Descriptor& build);

}  // namespace cairn::core
