#pragma once

#include <functional>
#include <memory>
#include <string>

#include <cairn/clock.hpp>
#include <cairn/log.hpp>
#include <cairn/task.hpp>

#include "core/schedule/cron.hpp"

namespace cairn::core {

/// Runs work in the general lane at the times of cron expressions, one run at a time per job. A time that comes while
/// the job still runs, or that the clock jumped over, is made up for by one run, however many there were; a clock that
/// is set back makes nobody wait longer than to the next time of the new clock. Errors of the work are logged.
class Scheduler {
public:
    Scheduler(TimeZone zone, const Clock& clock, Background& lanes, Log& log);
    ~Scheduler();  ///< stops
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    using Work = std::function<void(const Task&)>;
    /// `what` names the job in the log. Throws Error(invalid_field) when `cron` says nothing. [any]
    void add(const std::string& owner, const std::string& cron, std::string what, Work work);
    /// Forgets the jobs of `owner`, asks running ones to stop through their Task and waits for them, at most
    /// `patience`; false, and an error in the log, when one still runs then. Not from a job. [any]
    bool remove(const std::string& owner, Duration patience = Duration(10000));

    /// Starts the thread that looks at the clock. [control]
    void start();
    /// Ends the thread and begins no run any more; those that run go on. [control]
    void stop();

    /// What the thread does each time it looks: begins what is due. Returns how long nothing will be, at most 5 s.
    /// [any]
    Duration look();
    const TimeZone& zone() const noexcept;

private:
    struct State;
    std::shared_ptr<State> state_;  // runs that outlive this hold it
};

}  // namespace cairn::core
