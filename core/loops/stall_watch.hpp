#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <cairn/log.hpp>
#include <cairn/metrics.hpp>
#include <cairn/values.hpp>

#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

class EventLoop;

/// A thread that looks at what each loop is in, and says so when a loop does not get out: everything else on that loop
/// waits meanwhile. One line when a stall is found, one per second while it lasts, one when it is over; stalls of the
/// same loop within that second are only counted, so that a slow tick does not flood the log. All are counted in
/// `cairn_core_loop_stalls_total{plugin}`.
class StallWatch {
public:
    struct Options {
        Duration sample{10};    ///< how often it looks
        Duration stall{50};     ///< how long one handler may take
        Duration repeat{1000};  ///< how often a lasting stall is told again
    };

    /// Watches `loops`, which outlive it, and tells `log`. The thread runs from here to stop(). [control]
    StallWatch(const std::vector<EventLoop*>& loops, Metrics& metrics, Log& log, const Options& options);
    ~StallWatch();
    void stop();  ///< [control]

private:
    struct Watched {
        const EventLoop* loop = nullptr;
        std::uint64_t steps = 0;
        std::uint64_t sequence = 0;
        std::chrono::steady_clock::duration still{};  ///< how long nothing has changed
        std::chrono::steady_clock::duration told{};   ///< `still` at the last line about this stall; zero: none yet
        std::optional<std::chrono::steady_clock::time_point> last_line;
        std::uint64_t left_out = 0;  ///< stalls without a line since the last one
        bool counted = false;
        CallSite site;  ///< where it stands, as of the moment it was found
        const char* activity = "";
    };

    void run();
    void look(Watched& watched, std::chrono::steady_clock::time_point now, std::chrono::steady_clock::duration passed);
    void find(Watched& watched);
    void tell(Watched& watched, const char* message);

    Metrics& metrics_;
    Log& log_;
    const Options options_;
    std::vector<Watched> watched_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace cairn::core
