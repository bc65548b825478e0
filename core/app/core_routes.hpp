#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include <cairn/document.hpp>

#include "core/observe/health.hpp"
#include "core/observe/metrics_store.hpp"
#include "core/plugins/route_table.hpp"

namespace cairn::core {

/// What the host's own routes tell about. Filled in before ports open; not at all when nothing is started.
struct HostFacts {
    std::atomic<bool> serving{false};
    const Health* health = nullptr;
    const MetricsStore* metrics = nullptr;
    std::function<Document()> protocol;
};

/// Adds GET /health (P291), /livez, /readyz, /metrics and /api/protocol. [setup]
void add_core_routes(RouteTable& routes, std::shared_ptr<const HostFacts> facts);

}  // namespace cairn::core
