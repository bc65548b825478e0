#include "core/schedule/scheduler.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/loops/host_thread.hpp"

namespace cairn::core {
namespace {

/// How late a jump of the clock is noticed.
constexpr Duration kLookAgain{5000};
/// Smaller steps back (a time server corrects) only make the next run that much later.
constexpr Duration kSetBack{10 * 60 * 1000};

struct Job {
    Job(std::string whose, const std::string& when, std::string name, Scheduler::Work job)
        : owner(std::move(whose)), cron(when), what(std::move(name)), work(std::move(job)) {}

    const std::string owner;
    const Cron cron;
    const std::string what;
    const Scheduler::Work work;
    WallTime due = 0;
    bool running = false;
    bool again = false;  ///< came due while running
    bool removed = false;
    Task task;
};

}  // namespace

struct Scheduler::State : std::enable_shared_from_this<State> {
    State(TimeZone time_zone, const Clock& the_clock, Background& the_lanes, Log& the_log)
        : zone(std::move(time_zone)), clock(the_clock), lanes(the_lanes), log(the_log) {}

    /// Marks the end of a run, also when the lane never got to it.
    struct Run {
        std::shared_ptr<State> state;
        std::shared_ptr<Job> job;
        Run(std::shared_ptr<State> s, std::shared_ptr<Job> j) : state(std::move(s)), job(std::move(j)) {}
        Run(const Run&) = delete;
        Run& operator=(const Run&) = delete;
        ~Run() { state->ended(job); }
    };

    void begin(const std::shared_ptr<Job>& job) {
        auto run = std::make_shared<Run>(shared_from_this(), job);
        const std::string what = job->what;
        Log* const lines = &log;
        const auto report = [lines, what](const std::string& why) {
            lines->error("a scheduled job failed; it is tried again at its next time",
                         {{"job", what}, {"reason", why}});
        };
        lanes.run(
            Lane::general, what,
            [run](const Task& current) {
                {
                    const std::lock_guard lock(run->state->mutex);
                    if (run->job->removed) return;
                    run->job->task = current;
                }
                run->job->work(current);
            },
            [run, report](std::exception_ptr failed) {
                if (!failed) return;
                try {
                    std::rethrow_exception(failed);
                } catch (const std::exception& error) {
                    report(error.what());
                } catch (...) {
                    report("an unknown exception");
                }
            });
    }

    void ended(const std::shared_ptr<Job>& job) {
        const std::lock_guard lock(mutex);
        job->running = false;
        changed.notify_all();
    }

    Duration look() {
        std::vector<std::shared_ptr<Job>> begins;
        Duration wait = kLookAgain;
        {
            const std::lock_guard lock(mutex);
            const WallTime now = clock.wall();
            const auto steady = clock.steady();
            const auto passed = std::chrono::duration_cast<Duration>(steady - last_steady);
            const bool set_back = looked && Duration(now - last_wall) - passed < -kSetBack;
            looked = true;
            last_wall = now;
            last_steady = steady;
            for (const auto& job : jobs) {
                if (set_back) job->due = std::min(job->due, job->cron.next(now, zone));
                if (job->due <= now) {
                    job->due = job->cron.next(now, zone);
                    job->again = true;
                }
                if (job->again && !job->running && !ending) {
                    job->again = false;
                    job->running = true;
                    begins.push_back(job);
                }
                wait = std::min(wait, Duration(job->due - now));
            }
        }
        for (const auto& job : begins) begin(job);
        return std::max(wait, Duration(1));
    }

    void watch() {
        for (;;) {
            const Duration wait = look();
            std::unique_lock lock(mutex);
            changed.wait_for(lock, wait, [this] {
                return ending || std::any_of(jobs.begin(), jobs.end(),
                                             [](const auto& job) { return job->again && !job->running; });
            });
            if (ending) return;
        }
    }

    const TimeZone zone;
    const Clock& clock;
    Background& lanes;
    Log& log;
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::shared_ptr<Job>> jobs;
    bool ending = false;
    bool looked = false;
    WallTime last_wall = 0;
    std::chrono::steady_clock::time_point last_steady{};
    std::thread thread;
};

Scheduler::Scheduler(TimeZone zone, const Clock& clock, Background& lanes, Log& log)
    : state_(std::make_shared<State>(std::move(zone), clock, lanes, log)) {}

Scheduler::~Scheduler() {
    stop();
}

void Scheduler::add(const std::string& owner, const std::string& cron, std::string what, Work work) {
    auto job = std::make_shared<Job>(owner, cron, std::move(what), std::move(work));
    job->due = job->cron.next(state_->clock.wall(), state_->zone);
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back(std::move(job));
}

bool Scheduler::remove(const std::string& owner, Duration patience) {
    std::unique_lock lock(state_->mutex);
    std::vector<std::shared_ptr<Job>> gone;
    auto& jobs = state_->jobs;
    for (auto job = jobs.begin(); job != jobs.end();) {
        if ((*job)->owner != owner) {
            ++job;
            continue;
        }
        (*job)->removed = true;
        if ((*job)->running && (*job)->task.state()) (*job)->task.cancel();
        gone.push_back(std::move(*job));
        job = jobs.erase(job);
    }
    const auto over = [&] {
        return std::none_of(gone.begin(), gone.end(), [](const auto& job) { return job->running; });
    };
    if (state_->changed.wait_for(lock, patience, over)) return true;
    lock.unlock();
    for (const auto& job : gone) {
        const std::lock_guard again(state_->mutex);
        if (job->running) {
            state_->log.error("a scheduled job does not end although it was asked to",
                              {{"job", job->what}, {"owner", owner}});
        }
    }
    return false;
}

void Scheduler::start() {
    state_->thread = start_host_thread("cairn-schedule", [state = state_.get()] { state->watch(); });
}

void Scheduler::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->ending = true;
        state_->changed.notify_all();
    }
    if (state_->thread.joinable()) state_->thread.join();
}

Duration Scheduler::look() {
    return state_->look();
}

const TimeZone& Scheduler::zone() const noexcept {
    return state_->zone;
}

}  // namespace cairn::core
