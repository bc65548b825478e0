#include "core/plugins/compatibility.hpp"

namespace cairn::core {
namespace {

std::string who(const abi::Descriptor& plugin) {
    return "plugin " + std::string(plugin.name) + " " + plugin.version;
}

std::string abi_text(const abi::Descriptor& build) {
    return std::to_string(build.abi_major) + "." + std::to_string(build.abi_minor);
}

}  // namespace

const abi::Descriptor& host_build() {
    static const abi::Descriptor build = abi::describe_build("cairn", "0.1.0");
    return build;
}

std::string standard_library_name(const abi::Descriptor& build) {
    const char* name = build.standard_library == 1   ? "libstdc++"
                       : build.standard_library == 2 ? "libc++"
                                                     : "an unknown standard library";
    return std::string(name) + " " + std::to_string(build.library_release);
}

std::string sanitizer_name(const abi::Descriptor& build) {
    switch (build.sanitizer) {
        case 0:
            return "none";
        case 1:
            return "AddressSanitizer";
        case 2:
            return "ThreadSanitizer";
        default:
            return "an unknown sanitizer";
    }
}

std::vector<BuildDifference> compare_builds(const abi::Descriptor& plugin, const abi::Descriptor& host) {
    if (plugin.abi_major != host.abi_major) {
        // Name and version may lie elsewhere in another major, so they are not printed.
        return {{"the plugin was built for plugin ABI " + abi_text(plugin) + ", this host has " + abi_text(host) +
                     ": another major, so calls would go to the wrong functions",
                 plugin.abi_major > host.abi_major ? "Use a newer cairn, or build the plugin with this host's SDK."
                                                   : "Build the plugin again with this host's SDK."}};
    }
    if (plugin.abi_minor > host.abi_minor) {
        return {{who(plugin) + " was built for plugin ABI " + abi_text(plugin) + ", this host has " + abi_text(host) +
                     ": it may call what this host does not have yet",
                 "Use a newer cairn, or build the plugin with this host's SDK."}};
    }
    std::vector<BuildDifference> differences;
    if (plugin.pointer_bits != host.pointer_bits) {
        differences.push_back({who(plugin) + " was built with pointers of " + std::to_string(plugin.pointer_bits) +
                                   " bits, this host with " + std::to_string(host.pointer_bits) + ".",
                               "Build it for the machine that runs this host."});
    }
    if (plugin.standard_library != host.standard_library) {
        differences.push_back(
            {who(plugin) + " was built with " + standard_library_name(plugin) + ", this host with " +
                 standard_library_name(host) + ": strings and containers are different types.",
             plugin.standard_library == 2 ? "Rebuild it without -stdlib=libc++." : "Rebuild it with -stdlib=libc++."});
    } else if (plugin.library_release > host.library_release) {
        differences.push_back({who(plugin) + " was built with " + standard_library_name(plugin) + ", this host with " +
                                   standard_library_name(host) + ": it may need what the older library does not have.",
                               "Rebuild it with the compiler of this host, or use a cairn built with the newer one."});
    }
    if (plugin.cxx11_strings != host.cxx11_strings) {
        differences.push_back(
            {who(plugin) + " was built with _GLIBCXX_USE_CXX11_ABI=" + std::to_string(plugin.cxx11_strings) +
                 ", this host with " + std::to_string(host.cxx11_strings) + ": std::string has another layout.",
             "Rebuild it with -D_GLIBCXX_USE_CXX11_ABI=" + std::to_string(host.cxx11_strings) + "."});
    }
    if (plugin.debug_containers != host.debug_containers) {
        differences.push_back({who(plugin) + " was built " + (plugin.debug_containers ? "with" : "without") +
                                   " -D_GLIBCXX_DEBUG, this host " + (host.debug_containers ? "with" : "without") +
                                   ": containers have another size.",
                               host.debug_containers ? "Rebuild it with -D_GLIBCXX_DEBUG." : "Rebuild it without."});
    }
    if (plugin.cplusplus < host.cplusplus) {
        differences.push_back({who(plugin) + " was built as C++ " + std::to_string(plugin.cplusplus) +
                                   ", this host as C++ " + std::to_string(host.cplusplus) + ": the SDK needs C++20.",
                               "Rebuild it with -std=c++20 or newer."});
    }
    if (plugin.sanitizer != host.sanitizer) {
        differences.push_back({who(plugin) + " was built with sanitizer: " + sanitizer_name(plugin) +
                                   ", this host with: " + sanitizer_name(host) +
                                   "; the two do not see each other's memory rightly.",
                               host.sanitizer == 0   ? "Rebuild it without -fsanitize."
                               : host.sanitizer == 1 ? "Rebuild it with -fsanitize=address."
                                                     : "Rebuild it with -fsanitize=thread."});
    }
    return differences;
}

}  // namespace cairn::core
