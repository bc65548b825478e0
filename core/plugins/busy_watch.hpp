#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <cairn/values.hpp>

namespace cairn::core {

/// Says every `period` what the control thread is still busy with, so that a slow start does not look like a hang.
class BusyWatch {
public:
    /// `say` is called on the watch's own thread with what is awaited and since when.
    BusyWatch(Duration period, std::function<void(const std::string& what, Duration since)> say);
    ~BusyWatch();
    BusyWatch(const BusyWatch&) = delete;
    BusyWatch& operator=(const BusyWatch&) = delete;
    /// From now on `what` is awaited; empty: nothing. [any]
    void now(std::string what);

private:
    void run();

    const Duration period_;
    const std::function<void(const std::string&, Duration)> say_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string what_;
    std::chrono::steady_clock::time_point since_{};
    std::uint64_t round_ = 0;  ///< grows with each now(), so that a wait notices one that it slept through
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace cairn::core
