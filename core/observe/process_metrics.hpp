#pragma once

#include <prometheus/metric_family.h>

#include <chrono>
#include <vector>

namespace cairn::core {

/// The figures of this process under the names that every Prometheus client uses (process_cpu_seconds_total, …), read
/// from /proc when asked. [any]
class ProcessMetrics {
public:
    std::vector<prometheus::MetricFamily> collect() const;

private:
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    const std::chrono::system_clock::time_point begun_wall_ = std::chrono::system_clock::now();
};

}  // namespace cairn::core
