#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include <cairn/loop.hpp>

namespace cairn::core {

class HostedSpace;
struct BehaviourSlot;

/// The timers of one space; they run under the behaviour that set them and end with the space or with it. [space]
class SpaceTimers {
public:
    explicit SpaceTimers(HostedSpace& space) noexcept : space_(space) {}
    /// `period` 0: once.
    TimerId add(Duration delay, Duration period, std::function<void()> job);
    void cancel(TimerId timer) noexcept;
    void cancel_all() noexcept;

private:
    struct Timer {
        std::shared_ptr<std::function<void()>> job;
        BehaviourSlot* slot = nullptr;
        Duration period{0};
        std::chrono::steady_clock::time_point due{};
        TimerId on_loop = 0;
    };
    void arm(TimerId id, Timer& timer, Duration delay);
    void fire(TimerId id);

    HostedSpace& space_;
    std::unordered_map<TimerId, Timer> timers_;
    TimerId next_ = 1;
};

}  // namespace cairn::core
