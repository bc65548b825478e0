#pragma once

#include <string>
#include <vector>

#include "core/config/configuration.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::core {

/// Reports the names in `durability.audit` that no plugin declares a table of, at their places. [control]
void check_audited_tables(const std::vector<std::string>& audited, const Configuration& configuration,
                          PluginSet& plugins, ProblemReport& report);

}  // namespace cairn::core
