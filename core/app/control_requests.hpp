#pragma once

#include <cairn/document.hpp>

namespace cairn::core {

/// What each plugin has cost since the process began, as the request "usage" answers and `cairn plugins top` reads it: a
/// list of {plugin, self_ns, calls, took, jobs, live_bytes, live_allocations, handlers: [{handler, calls, took_ns, took}]};
/// `took` counts calls by half octaves (plugin_usage.hpp). [any]
Document usage_document();

}  // namespace cairn::core
