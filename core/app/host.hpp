#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/app/backup_host.hpp"
#include "core/app/command.hpp"
#include "core/app/core_routes.hpp"
#include "core/app/data_lock.hpp"
#include "core/app/preparation.hpp"
#include "core/app/signal_watch.hpp"
#include "core/control/control_server.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"
#include "core/loops/lanes.hpp"
#include "core/loops/loop_group.hpp"
#include "core/loops/stall_watch.hpp"
#include "core/observe/health.hpp"
#include "core/observe/metrics_store.hpp"
#include "core/observe/system_clock.hpp"
#include "core/plugins/busy_watch.hpp"
#include "core/plugins/lifecycle.hpp"
#include "core/spaces/space_host.hpp"

namespace cairn::core {

/// The running whole: wires the parts of the core together and leads the plugins through their lives.
/// All calls [control], once each, in the order of this class.
class Host {
public:
    /// Takes the data folder; throws std::runtime_error when somebody else has it. `preparation` has no problems.
    Host(Preparation& preparation, SignalWatch& signals);
    ~Host();

    /// Plugins start, the store opens, spaces open, ports open. Throws StartFailed; call stop() then, too.
    void start();
    /// The block "where to go next" for people.
    void print_welcome(std::ostream& out) const;
    /// No new players; those who are in hear the notice and have the grace to leave.
    void drain();
    /// Everybody out, plugins down in reverse order, everything queued is written.
    void stop();
    /// What plugins left behind at stop. When this is not empty their code may still run: end the process without
    /// destroying anything.
    const std::vector<std::string>& leaks() const;
    /// True once the store or the journal has failed: the process ends with exit_code::kRestart. [any]
    bool failed() const noexcept { return failed_.load(); }

private:
    void open_store(const std::string& plugin);
    std::string open_journal(services::Store& store);
    void close_store(const std::string& plugin);
    void end_failed(const std::string& why);
    void wire_health();
    void serve_control();

    Preparation& preparation_;
    SignalWatch& signals_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    DataLock lock_;
    SystemClock clock_;
    MetricsStore metrics_;
    Health health_;
    LoopGroup loops_;
    Lanes lanes_;
    StallWatch stall_watch_;
    std::unique_ptr<Journal> journal_;  ///< while the store is open
    CommitQueue commits_;
    BackupHost backups_;
    SpaceHost spaces_;
    HostParts parts_;
    BusyWatch busy_;
    Lifecycle lifecycle_;
    services::Store* store_ = nullptr;  ///< while it is open
    std::unique_ptr<ControlServer> control_;  ///< between start() and stop()
    std::vector<std::pair<std::string, std::string>> announcements_;
    std::atomic<bool> failed_{false};
    std::mutex last_resort_mutex_;
    std::condition_variable ended_;
    bool over_ = false;
    std::thread last_resort_;  ///< ends a failed process whose ordered end hangs
};

}  // namespace cairn::core
