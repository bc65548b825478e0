#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <cairn/abi.hpp>

namespace cairn::core {

/// Why a plugin is not taken: what is wrong (who, what, where) and how to mend it.
class PluginRefused : public std::runtime_error {
public:
    PluginRefused(const std::string& message, std::string cure) : std::runtime_error(message), cure_(std::move(cure)) {}
    const std::string& cure() const noexcept { return cure_; }

private:
    std::string cure_;
};

/// What a plugin file says about itself, read without running anything of it.
struct PluginFile {
    std::string path;
    abi::Descriptor descriptor{};
    std::vector<std::string> needed;  ///< the shared libraries it asks for (DT_NEEDED)
};

/// Reads the descriptor out of the ELF section `.cairn.plugin` of `path` and the names of the libraries it needs.
/// Every offset and length of the file is checked against its size; nothing is mapped, so that a file that shrinks
/// while it is read ends in a refusal. Throws PluginRefused. [any]
PluginFile read_plugin_file(const std::string& path);

}  // namespace cairn::core
