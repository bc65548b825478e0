#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include <cairn/metrics.hpp>

namespace cairn::core {

/// What is wrong with the engine, told by whoever finds out and asked by everybody. [any]
class EngineCondition {
public:
    explicit EngineCondition(Metrics& metrics);

    bool store_away() const noexcept { return away_.load(std::memory_order_acquire); }
    bool journal_full() const noexcept { return full_.load(std::memory_order_acquire); }
    bool disk_low() const noexcept { return low_.load(std::memory_order_acquire); }
    bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }

    void store_is_away(const std::string& why);
    void store_is_back();
    void journal_is_full(const std::string& why);
    void journal_has_room();
    void set_disk_low(bool low) noexcept { low_.store(low, std::memory_order_release); }
    /// For good. True the first time.
    bool fail(const std::string& why);
    /// Empty, or a sentence for the log.
    std::string trouble() const;

private:
    std::atomic<bool> away_{false};
    std::atomic<bool> full_{false};
    std::atomic<bool> low_{false};
    std::atomic<bool> failed_{false};
    mutable std::mutex mutex_;  // of the reasons
    std::string away_why_;
    std::string full_why_;
    std::string failed_why_;
    Gauge& store_available_;
    Gauge& journal_available_;
};

}  // namespace cairn::core
