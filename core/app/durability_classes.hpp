#pragma once

#include <string>

#include "core/config/configuration.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::core {

/// "durable", "coalesced" or "transient". [any]
std::string durability_name(Durability durability);

/// Gives each declared collection the class that `durability.classes` chooses for it; what names no collection of these
/// plugins, or no class, is reported at its place. Before any plugin starts. [control]
void apply_durability_classes(const std::map<std::string, std::string>& classes, const Configuration& configuration,
                              PluginSet& plugins, ProblemReport& report);

}  // namespace cairn::core
