#pragma once

#include <memory>
#include <string>

#include <cairn/metrics.hpp>

namespace cairn::core {

/// Metrics on prometheus-cpp. Metric objects are made once and live as long as the store.
class MetricsStore final : public Metrics {
public:
    MetricsStore();
    ~MetricsStore() override;
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels) override;
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) override;
    Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                         const Labels& labels) override;
    /// Everything in Prometheus' text format, those of the process (CPU, RSS, descriptors, uptime) and
    /// of each plugin (plugin_metrics.hpp) included. [any]
    std::string text() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
