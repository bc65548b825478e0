#include "core/observe/metrics_store.hpp"

#include <prometheus/check_names.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include "core/observe/plugin_metrics.hpp"
#include "core/observe/process_metrics.hpp"

namespace cairn::core {

namespace {

/// More series than this under one name are a label that should not be one (a player's id): they share a series whose
/// labels all say "other", so that neither memory nor the page grows without end.
constexpr std::size_t kSeriesPerName = 1000;

class CounterCell final : public Counter {
public:
    void add(double amount) noexcept override {
        if (amount > 0) value_.fetch_add(amount, std::memory_order_relaxed);  // neither backwards nor to NaN
    }
    void collect(prometheus::ClientMetric& out) const { out.counter.value = value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_{0};
};

class GaugeCell final : public Gauge {
public:
    void set(double value) noexcept override { value_.store(value, std::memory_order_relaxed); }
    void add(double amount) noexcept override { value_.fetch_add(amount, std::memory_order_relaxed); }
    void collect(prometheus::ClientMetric& out) const { out.gauge.value = value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_{0};
};

/// prometheus::Histogram of 1.0 takes a lock per observation; this one does not. A reader may see the sum a moment
/// before the count, which no dashboard can tell.
class HistogramCell final : public Histogram {
public:
    explicit HistogramCell(const std::vector<double>& bounds) : bounds_(bounds), buckets_(bounds.size() + 1) {}
    void observe(double value) noexcept override {
        if (std::isnan(value)) return;
        const auto bucket =
            std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();  // `le`: inclusive
        buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(value, std::memory_order_relaxed);
    }
    void collect(prometheus::ClientMetric& out) const {
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            count += buckets_[i].load(std::memory_order_relaxed);
            out.histogram.bucket.push_back(
                {count, i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity()});
        }
        out.histogram.sample_count = count;
        out.histogram.sample_sum = sum_.load(std::memory_order_relaxed);
    }

private:
    const std::vector<double> bounds_;
    std::vector<std::atomic<std::uint64_t>> buckets_;
    std::atomic<double> sum_{0};
};

const char* type_word(prometheus::MetricType type) noexcept {
    switch (type) {
        case prometheus::MetricType::Counter:
            return "counter";
        case prometheus::MetricType::Gauge:
            return "gauge";
        case prometheus::MetricType::Histogram:
            return "histogram";
        default:
            return "metric";
    }
}

struct Family {
    prometheus::MetricType type = prometheus::MetricType::Untyped;
    std::string help;
    std::vector<double> bounds;
    std::map<Labels, std::unique_ptr<CounterCell>> counters;
    std::map<Labels, std::unique_ptr<GaugeCell>> gauges;
    std::map<Labels, std::unique_ptr<HistogramCell>> histograms;
};

void check_names(const std::string& name, const Labels& labels, prometheus::MetricType type) {
    if (!prometheus::CheckMetricName(name))
        throw Error(Code::internal, "\"" + name +
                                        "\" is no name for a metric: use letters, digits and _, such as "
                                        "cairn_<plugin>_<what>_<unit>");
    for (const auto& [label, value] : labels) {
        if (type == prometheus::MetricType::Histogram && label == "le")
            throw Error(Code::internal,
                        "metric " + name + ": histograms need the label \"le\" themselves; take another");
        if (!prometheus::CheckLabelName(label) || label.find(':') != std::string::npos) {
            std::string text = "metric " + name;
            text.append(": \"").append(label).append("\" is no name for a label: use letters, digits and _");
            throw Error(Code::internal, text);
        }
    }
}

template <class Cell, class Make>
Cell& cell_of(std::map<Labels, std::unique_ptr<Cell>>& cells, Labels labels, Make&& make) {
    std::sort(labels.begin(), labels.end());
    auto found = cells.find(labels);
    if (found == cells.end()) {
        if (cells.size() >= kSeriesPerName) {
            for (auto& [label, value] : labels) value = "other";
        }
        auto& cell = cells[std::move(labels)];
        if (!cell) cell = make();
        return *cell;
    }
    return *found->second;
}

template <class Cell>
void collect(const std::map<Labels, std::unique_ptr<Cell>>& cells, prometheus::MetricFamily& family) {
    for (const auto& [labels, cell] : cells) {
        prometheus::ClientMetric metric;
        for (const auto& [label, value] : labels) metric.label.push_back({label, value});
        cell->collect(metric);
        family.metric.push_back(std::move(metric));
    }
}

}  // namespace

struct MetricsStore::State {
    mutable std::mutex mutex;
    std::map<std::string, Family> families;
    ProcessMetrics process;

    /// REQUIRES: mutex held.
    Family& family(const std::string& name, const std::string& help, prometheus::MetricType type,
                   const Labels& labels) {
        check_names(name, labels, type);
        const auto [at, fresh] = families.try_emplace(name);
        Family& family = at->second;
        if (fresh) {
            family.type = type;
            family.help = help;
        } else if (family.type != type) {
            throw Error(Code::internal, "metric " + name + " is a " + type_word(family.type) +
                                            " already and is now asked for as a " + type_word(type) +
                                            ": one of the two needs another name");
        }
        return family;
    }
};

MetricsStore::MetricsStore() : state_(std::make_unique<State>()) {}
MetricsStore::~MetricsStore() = default;

Counter& MetricsStore::counter(const std::string& name, const std::string& help, const Labels& labels) {
    const std::lock_guard lock(state_->mutex);
    auto& family = state_->family(name, help, prometheus::MetricType::Counter, labels);
    return cell_of(family.counters, labels, [] { return std::make_unique<CounterCell>(); });
}

Gauge& MetricsStore::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    const std::lock_guard lock(state_->mutex);
    auto& family = state_->family(name, help, prometheus::MetricType::Gauge, labels);
    return cell_of(family.gauges, labels, [] { return std::make_unique<GaugeCell>(); });
}

Histogram& MetricsStore::histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                                   const Labels& labels) {
    const std::lock_guard lock(state_->mutex);
    if (std::adjacent_find(bounds.begin(), bounds.end(), [](double a, double b) { return !(a < b); }) != bounds.end())
        throw Error(Code::internal, "metric " + name + ": the upper bounds of a histogram must ascend");
    auto& family = state_->family(name, help, prometheus::MetricType::Histogram, labels);
    if (family.histograms.empty()) family.bounds = bounds;
    return cell_of(family.histograms, labels, [&] { return std::make_unique<HistogramCell>(family.bounds); });
}

std::string MetricsStore::text() const {
    std::vector<prometheus::MetricFamily> families = state_->process.collect();
    for (prometheus::MetricFamily& family : plugin_metrics()) families.push_back(std::move(family));
    {
        const std::lock_guard lock(state_->mutex);
        for (const auto& [name, family] : state_->families) {
            prometheus::MetricFamily out;
            out.name = name;
            out.help = family.help;
            out.type = family.type;
            collect(family.counters, out);
            collect(family.gauges, out);
            collect(family.histograms, out);
            families.push_back(std::move(out));
        }
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace cairn::core
