#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <cairn/task.hpp>

namespace cairn::testkit {

/// Lanes without threads. What a loop or another thread asks for waits for step(); what work in a lane asks for, which
/// may wait for it, is done at once, as if another thread of the lane had been quick.
class ManualLanes final : public Background {
public:
    explicit ManualLanes(std::recursive_mutex& baton) noexcept : baton_(baton) {}
    Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override;
    /// Does one piece of work that waits, `pick`ed among them (0: the oldest); the storage lane stands still while it is
    /// held. False: nothing can be done.
    bool step(std::size_t pick = 0);
    void hold_storage(bool held) noexcept { storage_held_ = held; }
    std::size_t waiting() const noexcept { return jobs_.size(); }
    /// The calling thread may not wait for step(), because it is the one that calls it.
    bool must_be_quick() const noexcept;
    /// Refuses what waits, as lanes do that stop.
    void stop();

private:
    struct Job {
        Lane lane;
        Task task;
        std::string what;
        std::function<void(const Task&)> work;
        std::function<void(std::exception_ptr)> done;
    };
    static void perform(const Job& job);

    std::recursive_mutex& baton_;
    const std::thread::id thread_ = std::this_thread::get_id();
    std::deque<Job> jobs_;
    bool storage_held_ = false;
};

}  // namespace cairn::testkit
