#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
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

/// Opens once; whoever waits goes on then.
class Door {
public:
    void open() { promise_.set_value(); }
    bool wait() const { return future_.wait_for(kPatience) == std::future_status::ready; }

private:
    std::promise<void> promise_;
    std::shared_future<void> future_ = promise_.get_future().share();
};

}  // namespace cairn::core
