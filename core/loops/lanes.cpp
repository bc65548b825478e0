#include "core/loops/lanes.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/loops/host_thread.hpp"
#include "core/observe/breadcrumb.hpp"
#include "core/observe/log_sink.hpp"
#include "core/plugins/call_fence.hpp"

namespace cairn::core {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::array<const char*, 4> kNames{"general", "files", "cache", "storage"};

struct Job {
    Task task;
    std::string what;
    std::function<void(const Task&)> work;
    std::function<void(std::exception_ptr)> done;
    CallSite site;
    std::uint16_t tag = 0;  ///< of the plugin that waits for it
};

CallSite submitter() noexcept {
    const Breadcrumb& crumb = thread_breadcrumb();
    return {crumb.plugin.load(std::memory_order_relaxed), crumb.space.load(std::memory_order_relaxed),
            crumb.handler.load(std::memory_order_relaxed)};
}

/// Tells whoever asked what came of it. Completions are not allowed to throw; one that does is told about, and the lane
/// goes on.
void complete(const Job& job, std::exception_ptr failed) noexcept {
    if (!job.done) return;
    std::string what = "an exception that is not a std::exception";
    try {
        const BreadcrumbScope crumb(job.site);
        return job.done(std::move(failed));
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
    }
    std::string trace;
    internal_error(trace);
    log_fault(job.site, "the completion of \"" + job.what + "\" threw: " + what, trace);
}

std::exception_ptr refusal(const std::string& text) {
    return std::make_exception_ptr(Error(Code::unavailable, text).retry_after(std::chrono::milliseconds(1000)));
}

/// The threads and the queue of one lane.
class OneLane {
public:
    OneLane(const char* name, std::size_t threads, std::size_t capacity, Metrics& metrics)
        : name_(name),
          capacity_(capacity),
          queued_(
              metrics.gauge("cairn_core_lane_queued", "Jobs that wait for a thread of their lane.", {{"lane", name}})),
          running_(metrics.gauge("cairn_core_lane_running", "Jobs that a lane runs now.", {{"lane", name}})),
          refused_(metrics.counter("cairn_core_lane_refused_total", "Jobs that a full or stopping lane refused.",
                                   {{"lane", name}})),
          seconds_(metrics.histogram("cairn_core_lane_run_seconds", "How long jobs ran.",
                                     {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10}, {{"lane", name}})) {
        const std::size_t count = std::max<std::size_t>(1, threads);
        in_hand_.resize(count);
        for (std::size_t i = 0; i < count; ++i)
            threads_.push_back(
                start_host_thread("cairn-" + name_ + "-" + std::to_string(i + 1), [this, i] { serve(i); }));
    }

    ~OneLane() {
        close();
        finish(SteadyClock::now());
    }

    void add(Job job) {
        std::string no;
        {
            const std::lock_guard lock(mutex_);
            no = why_not(job);
            if (no.empty()) {
                count_jobs(job.tag, +1);
                queue_.push_back(std::move(job));
                queued_.set(static_cast<double>(queue_.size()));
                wake_.notify_one();
                return;
            }
        }
        refused_.add();
        complete(job, refusal(no));
    }

    /// From now on everything is refused.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        wake_.notify_all();
    }

    /// Waits until `until` for the queue to empty, refuses what is left, asks what runs to stop, and joins.
    void finish(SteadyClock::time_point until) {
        std::deque<Job> left;
        {
            std::unique_lock lock(mutex_);
            idle_.wait_until(lock, until, [this] { return queue_.empty() && busy_ == 0; });
            left.swap(queue_);
            queued_.set(0);
            for (Running& running : in_hand_) {
                // Its completion stays owed: only who holds the task may waive that.
                if (!running.job || running.job->task.cancelled()) continue;
                running.hurried = true;
                running.job->task.cancel();
            }
        }
        for (const Job& job : left) {
            count_jobs(job.tag, -1);
            if (job.task.cancelled()) continue;
            complete(job, refusal("the server stopped before \"" + job.what + "\" began"));
        }
        wait_aloud();
        for (std::thread& thread : threads_)
            if (thread.joinable()) thread.join();
    }

private:
    struct Running {
        Job* job = nullptr;
        bool hurried = false;  ///< asked to stop by the lane, not by who holds the task
    };

    /// Empty when there is room. REQUIRES: mutex_ held.
    std::string why_not(const Job& job) const {
        if (closed_) return "the server is stopping: \"" + job.what + "\" was not begun";
        if (queue_.size() < capacity_) return {};
        return "lane " + name_ + " is full (" + std::to_string(capacity_) + " jobs wait): \"" + job.what +
               "\" was not begun; try again later";
    }

    void serve(std::size_t me) {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
            if (queue_.empty()) return;  // closed, and nothing is left to do
            {
                Job job = std::move(queue_.front());
                queue_.pop_front();
                in_hand_[me] = {&job, false};
                ++busy_;
                queued_.set(static_cast<double>(queue_.size()));
                running_.set(static_cast<double>(busy_));
                lock.unlock();
                std::exception_ptr failed = perform(job);
                lock.lock();
                const bool hurried = in_hand_[me].hurried;
                in_hand_[me] = {};
                lock.unlock();
                count_jobs(job.tag, -1);
                if (hurried || !job.task.cancelled()) complete(job, std::move(failed));
            }  // the captures die here, before the lane counts as idle and without its lock
            lock.lock();
            --busy_;
            running_.set(static_cast<double>(busy_));
            if (busy_ == 0 && queue_.empty()) idle_.notify_all();
        }
    }

    std::exception_ptr perform(const Job& job) noexcept {
        if (job.task.cancelled()) return nullptr;
        const auto begun = SteadyClock::now();
        std::exception_ptr failed;
        try {
            const BreadcrumbScope crumb(job.site);
            job.work(job.task);
        } catch (...) {
            failed = std::current_exception();
        }
        seconds_.observe(std::chrono::duration<double>(SteadyClock::now() - begun).count());
        return failed;
    }

    /// Work that does not heed its task holds the stop up; say every second which.
    void wait_aloud() {
        std::unique_lock lock(mutex_);
        while (!idle_.wait_for(lock, std::chrono::seconds(1), [this] { return busy_ == 0; })) {
            std::vector<std::string> names;
            for (const Running& running : in_hand_)
                if (running.job) names.push_back(running.job->what);
            lock.unlock();
            for (const std::string& name : names)
                core_log().warning("still waiting for background work that does not end",
                                   {{"lane", name_}, {"work", name}});
            lock.lock();
        }
    }

    const std::string name_;
    const std::size_t capacity_;
    Gauge& queued_;
    Gauge& running_;
    Counter& refused_;
    Histogram& seconds_;
    std::mutex mutex_;
    std::condition_variable wake_;  ///< there is work, or the end
    std::condition_variable idle_;  ///< nothing queued and nothing running
    std::deque<Job> queue_;
    std::vector<Running> in_hand_;  ///< by thread
    std::size_t busy_ = 0;
    bool closed_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace

struct Lanes::State {
    std::vector<std::unique_ptr<OneLane>> lanes;
};

Lanes::Lanes(const Options& options, Metrics& metrics) : state_(std::make_unique<State>()) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        state_->lanes.push_back(std::make_unique<OneLane>(kNames[i], options.threads[i], options.queue, metrics));
}

Lanes::~Lanes() {
    stop(Duration(0));
}

Task Lanes::run(Lane lane, std::string what, std::function<void(const Task&)> work,
                std::function<void(std::exception_ptr)> done) {
    Job job{Task(), std::move(what), std::move(work), std::move(done), submitter(), current_plugin_tag()};
    Task task = job.task;
    state_->lanes[static_cast<std::size_t>(lane)]->add(std::move(job));
    return task;
}

void Lanes::stop(Duration grace) {
    const auto until = SteadyClock::now() + std::max(grace, Duration(0));
    for (const auto& lane : state_->lanes) lane->close();
    for (const auto& lane : state_->lanes) lane->finish(until);
}

}  // namespace cairn::core
