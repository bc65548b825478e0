#include "core/observe/plugin_metrics.hpp"

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "core/observe/plugin_usage.hpp"

namespace cairn::core {

namespace {

using prometheus::MetricType;

constexpr std::size_t kBucketsPerLine = 4;  // 1 µs, 4 µs, 16 µs … 4 s: enough for a graph, and a page that stays readable

double seconds(double ns) {
    return ns / 1e9;
}

class FamilyOf {
public:
    FamilyOf(std::string name, std::string help, MetricType type) {
        family.name = std::move(name);
        family.help = std::move(help);
        family.type = type;
    }
    prometheus::ClientMetric& add(std::string_view plugin) {
        prometheus::ClientMetric& metric = family.metric.emplace_back();
        metric.label.push_back({"plugin", std::string(plugin)});
        return metric;
    }
    void add(std::string_view plugin, double value) {
        prometheus::ClientMetric& metric = add(plugin);
        metric.gauge.value = value;
        metric.counter.value = value;
    }
    prometheus::MetricFamily family;
};

void fill(prometheus::ClientMetric::Histogram& out, const HandlerUsage& handler) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < kTookBuckets; ++i) {
        count += handler.took[i];
        if (i + 1 == kTookBuckets) out.bucket.push_back({count, std::numeric_limits<double>::infinity()});
        else if (i % kBucketsPerLine == 0) out.bucket.push_back({count, seconds(static_cast<double>(took_bound(i).count()))});
    }
    out.sample_count = count;
    out.sample_sum = seconds(static_cast<double>(handler.took_ns));
}

}  // namespace

std::vector<prometheus::MetricFamily> plugin_metrics() {
    FamilyOf cpu("cairn_plugin_cpu_seconds_total", "Time spent in the code of a plugin, and of the host on its behalf.",
                 MetricType::Counter);
    FamilyOf calls("cairn_plugin_calls_total", "Calls of the host into a plugin.", MetricType::Counter);
    FamilyOf p99("cairn_plugin_handler_p99_seconds",
                 "99 of 100 calls into a plugin on an event loop took no longer than this, since the start.",
                 MetricType::Gauge);
    FamilyOf took("cairn_plugin_handler_seconds", "How long calls into a plugin held an event loop.",
                  MetricType::Histogram);
    FamilyOf jobs("cairn_plugin_jobs", "Background work of a plugin that waits for a thread or runs.", MetricType::Gauge);
    FamilyOf bytes("cairn_plugin_live_bytes", "Memory that calls into a plugin have asked for and nobody has given back.",
                   MetricType::Gauge);
    FamilyOf blocks("cairn_plugin_live_allocations", "How many pieces of memory those are.", MetricType::Gauge);
    for (const PluginUsage& plugin : plugin_usage()) {
        cpu.add(plugin.plugin, seconds(static_cast<double>(plugin.self_ns())));
        calls.add(plugin.plugin, static_cast<double>(plugin.calls()));
        p99.add(plugin.plugin, seconds(static_cast<double>(took_quantile(plugin.took(), 0.99).count())));
        jobs.add(plugin.plugin, static_cast<double>(plugin.jobs));
        if (memory_is_counted()) {
            bytes.add(plugin.plugin, static_cast<double>(plugin.live_bytes));
            blocks.add(plugin.plugin, static_cast<double>(plugin.live_blocks));
        }
        for (const HandlerUsage& handler : plugin.handlers) {
            prometheus::ClientMetric& metric = took.add(plugin.plugin);
            metric.label.push_back({"handler", std::string(handler.handler)});
            fill(metric.histogram, handler);
            if (metric.histogram.sample_count == 0) took.family.metric.pop_back();  // never ran on a loop
        }
    }
    std::vector<prometheus::MetricFamily> families;
    for (FamilyOf* family : {&cpu, &calls, &p99, &took, &jobs, &bytes, &blocks})
        if (!family->family.metric.empty()) families.push_back(std::move(family->family));
    return families;
}

}  // namespace cairn::core
