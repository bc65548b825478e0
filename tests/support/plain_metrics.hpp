#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <cairn/metrics.hpp>

namespace cairn::test {

/// Metrics that a test can read: value("name") or value("name{label=value}").
class PlainMetrics final : public Metrics {
public:
    Counter& counter(const std::string& name, const std::string&, const Labels& labels) override {
        return *at(counters_, name, labels);
    }
    Gauge& gauge(const std::string& name, const std::string&, const Labels& labels) override {
        return *at(gauges_, name, labels);
    }
    Histogram& histogram(const std::string& name, const std::string&, const std::vector<double>&,
                         const Labels& labels) override {
        return *at(histograms_, name, labels);
    }
    double value(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        if (const auto found = counters_.find(key); found != counters_.end()) return found->second->value;
        if (const auto found = gauges_.find(key); found != gauges_.end()) return found->second->value;
        return 0;
    }

private:
    struct Number {
        std::atomic<double> value{0};
        void grow(double amount) noexcept {
            double seen = value;
            while (!value.compare_exchange_weak(seen, seen + amount)) {
            }
        }
    };
    struct PlainCounter final : Counter, Number {
        void add(double amount) noexcept override { grow(amount); }
    };
    struct PlainGauge final : Gauge, Number {
        void set(double to) noexcept override { value = to; }
        void add(double amount) noexcept override { grow(amount); }
    };
    struct PlainHistogram final : Histogram, Number {
        void observe(double amount) noexcept override { grow(amount); }
    };
    template <class T>
    std::unique_ptr<T>& at(std::map<std::string, std::unique_ptr<T>>& all, const std::string& name,
                           const Labels& labels) {
        std::string key = name;
        for (const auto& [label, text] : labels) key += (key == name ? "{" : ",") + label + "=" + text;
        if (!labels.empty()) key += "}";
        const std::lock_guard lock(mutex_);
        auto& one = all[key];
        if (!one) one = std::make_unique<T>();
        return one;
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<PlainCounter>> counters_;
    std::map<std::string, std::unique_ptr<PlainGauge>> gauges_;
    std::map<std::string, std::unique_ptr<PlainHistogram>> histograms_;
};

}  // namespace cairn::test
