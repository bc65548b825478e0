#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include <cairn/loop.hpp>

namespace cairn::core {

/// How long a test waits for what must happen. Only a broken program ever waits that long.
inline constexpr std::chrono::seconds kPatience{60};

/// Waits until `condition` holds; false when it never does.
inline bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// Runs `job` on `loop` and waits until it has run.
inline void run_on(Loop& loop, std::function<void()> job) {
    auto done = std::make_shared<std::promise<void>>();
    auto ended = done->get_future();
    loop.post([done, job = std::move(job)] {
        job();
        done->set_value();
    });
    ASSERT_EQ(ended.wait_for(kPatience), std::future_status::ready);
}

/// Opens once; whoever waits goes on then. May go away as soon as one side has passed: the other holds what it needs.
class Door {
public:
    void open() {
        const auto state = state_;
        const std::lock_guard lock(state->mutex);
        state->is_open = true;
        state->opened.notify_all();
    }
    bool wait() const {
        const auto state = state_;
        std::unique_lock lock(state->mutex);
        return state->opened.wait_for(lock, kPatience, [&] { return state->is_open; });
    }

private:
    struct State {
        std::mutex mutex;
        std::condition_variable opened;
        bool is_open = false;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace cairn::core
