#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <string>
#include <utility>

#include <cairn/task.hpp>

namespace cairn::test {

/// Background work that is done when the test calls run().
class ManualBackground final : public Background {
public:
    Task run(Lane, std::string, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override {
        Task task;
        jobs_.push_back([task, work = std::move(work), done = std::move(done)] {
            if (task.cancelled()) return;
            std::exception_ptr failed;
            try {
                work(task);
            } catch (...) {
                failed = std::current_exception();
            }
            if (!task.cancelled() && done) done(failed);
        });
        return task;
    }
    /// Does what is waiting; returns how many jobs that were.
    std::size_t run() {
        std::size_t count = 0;
        for (; !jobs_.empty(); jobs_.pop_front(), ++count) jobs_.front()();
        return count;
    }

private:
    std::deque<std::function<void()>> jobs_;
};

}  // namespace cairn::test
