#pragma once

#include <string>
#include <utility>
#include <vector>

#include <cairn/export.hpp>

namespace cairn {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// A number that only grows. All metric calls are [any] and lock-free once the object is at hand.
class CAIRN_API Counter {
public:
    virtual ~Counter();
    virtual void add(double amount = 1) noexcept = 0;
};

class CAIRN_API Gauge {
public:
    virtual ~Gauge();
    virtual void set(double value) noexcept = 0;
    virtual void add(double amount) noexcept = 0;
};

class CAIRN_API Histogram {
public:
    virtual ~Histogram();
    virtual void observe(double value) noexcept = 0;
};

/// Makes metrics, shown at /metrics. Names as Prometheus wants them: `cairn_<plugin>_<what>_<unit>`.
/// Asking again with the same name and labels gives the same object; it lives as long as the host. [any], takes a lock.
class CAIRN_API Metrics {
public:
    virtual ~Metrics();
    virtual Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {}) = 0;
    virtual Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {}) = 0;
    /// `bounds` are upper bounds in ascending order; used by the first call for a name.
    virtual Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                                 const Labels& labels = {}) = 0;
};

}  // namespace cairn
