#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace cairn::core {

/// What each plugin costs (see PluginUsage), for GET /metrics: CPU time, calls, how long its handlers took, background
/// work, live memory. [any]
std::vector<prometheus::MetricFamily> plugin_metrics();

}  // namespace cairn::core
