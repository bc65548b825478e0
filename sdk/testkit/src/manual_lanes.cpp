#include "sdk/testkit/src/manual_lanes.hpp"

#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include "sdk/testkit/src/manual_loops.hpp"

namespace cairn::testkit {

void ManualLanes::perform(const Job& job) {
    if (job.task.cancelled()) return;
    std::exception_ptr failed;
    ManualLoop* const before = std::exchange(ManualLoop::current(), nullptr);  // a lane is no loop
    try {
        job.work(job.task);
    } catch (...) {
        failed = std::current_exception();
    }
    if (!job.task.cancelled() && job.done) job.done(failed);
    ManualLoop::current() = before;
}

Task ManualLanes::run(Lane lane, std::string what, std::function<void(const Task&)> work,
                      std::function<void(std::exception_ptr)> done) {
    Job job{lane, Task(), std::move(what), std::move(work), std::move(done)};
    const Task task = job.task;
    const std::lock_guard baton(baton_);
    if (must_be_quick() && !(lane == Lane::storage && storage_held_))
        perform(job);
    else
        jobs_.push_back(std::move(job));
    return task;
}

bool ManualLanes::must_be_quick() const noexcept {
    return ManualLoop::current() == nullptr && std::this_thread::get_id() == thread_;
}

bool ManualLanes::step(std::size_t pick) {
    const std::lock_guard baton(baton_);
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
        if (!storage_held_ || jobs_[i].lane != Lane::storage) ready.push_back(i);
    }
    if (ready.empty()) return false;
    const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(ready[pick % ready.size()]);
    const Job job = std::move(*at);
    jobs_.erase(at);
    perform(job);
    return true;
}

void ManualLanes::stop() {
    while (!jobs_.empty()) {
        const Job job = std::move(jobs_.front());
        jobs_.pop_front();
        if (job.task.cancelled() || !job.done) continue;
        job.done(std::make_exception_ptr(
            Error(Code::unavailable, "the server stopped before \"" + job.what + "\" began")));
    }
}

}  // namespace cairn::testkit
