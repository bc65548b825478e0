#include "core/app/control_requests.hpp"

#include <string>

#include "core/observe/plugin_usage.hpp"

namespace cairn::core {

namespace {

Document counts(const std::array<std::uint64_t, kTookBuckets>& took) {
    Document list = Document::list();
    for (const std::uint64_t count : took) list.push(count);
    return list;
}

}  // namespace

Document usage_document() {
    Document list = Document::list();
    for (const PluginUsage& plugin : plugin_usage()) {
        Document handlers = Document::list();
        for (const HandlerUsage& handler : plugin.handlers) {
            handlers.push({{"handler", handler.handler},
                           {"self_ns", handler.self_ns},
                           {"calls", handler.calls},
                           {"took_ns", handler.took_ns},
                           {"took", counts(handler.took)}});
        }
        Document one{{"plugin", plugin.plugin},
                     {"self_ns", plugin.self_ns()},
                     {"calls", plugin.calls()},
                     {"took", counts(plugin.took())},
                     {"jobs", plugin.jobs}};
        if (memory_is_counted()) one.set("live_bytes", plugin.live_bytes).set("live_allocations", plugin.live_blocks);
        list.push(one.set("handlers", handlers));
    }
    return list;
}

}  // namespace cairn::core
