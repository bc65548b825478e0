#include <atomic>

#include <cairn/task.hpp>

namespace cairn {

struct Task::State {
    std::atomic<bool> cancelled{false};
};

Task::Task() : state_(std::make_shared<State>()) {}

void Task::cancel() noexcept {
    if (state_) state_->cancelled.store(true, std::memory_order_release);
}

bool Task::cancelled() const noexcept {
    return state_ && state_->cancelled.load(std::memory_order_acquire);
}

}  // namespace cairn
