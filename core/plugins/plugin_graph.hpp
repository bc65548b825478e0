#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <cairn/document.hpp>

#include "core/config/problem_report.hpp"

namespace cairn::core {

/// A service as text: "cairn.store/1".
struct ServiceName {
    std::string name;
    int major = 1;
    friend bool operator==(const ServiceName&, const ServiceName&) = default;
    std::string text() const { return name + "/" + std::to_string(major); }
};

/// What one plugin declared, as far as the order of starting depends on it.
struct GraphNode {
    struct Need {
        ServiceName service;
        bool required = true;
    };
    std::string plugin;
    Mark mark;  ///< of its key in the configuration
    std::vector<ServiceName> provides;
    std::vector<Need> needs;
};

/// Which plugin starts when, and who serves whom.
struct PluginOrder {
    std::vector<std::size_t> order;                ///< indices of nodes: providers before those who need them
    std::map<std::string, std::size_t> providers;  ///< "cairn.store/1" → index of the node that provides it
};

/// Binds services and finds the order: `first` (a service's name) and all it needs come before everything else, the
/// rest keeps the order of `nodes` as far as needs allow. Tells every problem: a service that nobody offers, one that
/// two offer without `bindings` choosing, a cycle with its members; three different sentences. `bindings` is the block
/// `services:` of the configuration (service name → plugin), `available` the names of plugins that could be added.
/// The order is only good when nothing was reported. `complete` false says that some plugins of the file could not be
/// asked, so nothing is called missing. [control]
PluginOrder order_plugins(const std::vector<GraphNode>& nodes, const std::map<std::string, std::string>& bindings,
                          const std::vector<std::string>& available, const std::string& first, bool complete,
                          ProblemReport& report);

}  // namespace cairn::core
