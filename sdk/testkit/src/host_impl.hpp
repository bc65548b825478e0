#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <cairn/testkit/host.hpp>

#include "core/app/core_routes.hpp"
#include "core/app/host_config.hpp"
#include "core/config/configuration.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"
#include "core/observe/health.hpp"
#include "core/observe/metrics_store.hpp"
#include "core/plugins/lifecycle.hpp"
#include "core/plugins/plugin_set.hpp"
#include "core/schedule/scheduler.hpp"
#include "core/spaces/space_host.hpp"
#include "sdk/testkit/src/built_in.hpp"
#include "sdk/testkit/src/checked_plugin.hpp"
#include "sdk/testkit/src/control_thread.hpp"
#include "sdk/testkit/src/ledger.hpp"
#include "sdk/testkit/src/manual_clock.hpp"
#include "sdk/testkit/src/manual_lanes.hpp"
#include "sdk/testkit/src/manual_loops.hpp"
#include "sdk/testkit/src/memory_store.hpp"
#include "sdk/testkit/src/scratch_folder.hpp"
#include "sdk/testkit/src/store_front.hpp"
#include "sdk/testkit/src/test_storage.hpp"
#include "sdk/testkit/src/wire.hpp"

namespace cairn::testkit {

/// One life of the host between a start and a stop: the parts of the core, wired as core/app/host.cpp does it, over
/// manual edges.
class Life {
public:
    /// Reads, loads and checks; throws Failure with every problem.
    Life(Host::Impl& impl, std::string_view yaml);
    ~Life();
    void start();
    void stop();

    Host::Impl& impl;
    std::unique_ptr<ManualLoops> loops;
    // In the usual order: how often it is asked depends on the machine, and what a seed chooses must not.
    ControlThread control{[this] { return step_in_order(); }};
    ManualLanes lanes{control.baton()};
    core::ProblemReport report;
    std::unique_ptr<core::Configuration> configuration;
    core::HostConfig config;
    std::unique_ptr<EasySpaces> easy_spaces;
    std::shared_ptr<core::HostFacts> facts = std::make_shared<core::HostFacts>();
    std::unique_ptr<core::PluginSet> plugins;
    std::unique_ptr<core::Journal> journal;
    std::unique_ptr<StoreFront> front;
    std::unique_ptr<core::CommitQueue> engine;
    std::unique_ptr<TestStorage> storage;
    std::unique_ptr<core::Scheduler> scheduler;
    std::unique_ptr<core::SpaceHost> spaces;
    std::unique_ptr<core::Health> health;
    core::HostParts parts;
    std::unique_ptr<core::Lifecycle> lifecycle;
    std::size_t schedules = 0;
    bool easy_identity = false;
    bool memory = false;  ///< the tables are in MemoryStore

    // What happens when: one thing at a time.
    bool step();
    bool step_in_order();
    bool turn_engine();
    /// While a call of the core waits: what is due, or the next thing that time brings.
    bool turn_for_core();
    std::optional<ManualLoop::Instant> next();

private:
    void load(std::string_view yaml);
    void add_built_in(std::vector<core::WantedPlugin>& wanted);
    void wire();
    void open_store(const std::string& plugin);
    void close_store(const std::string& plugin);

    bool turning_ = false;
    bool stopped_ = false;
    Duration patience_{0};
};

struct Host::Impl {
    explicit Impl(Options given);
    ~Impl();

    void need_running();
    void start(std::string_view yaml);
    void stop();
    /// Everything that is due. Throws Failure when it never ends.
    void settle();
    void advance(Duration time);
    /// Throws Failure with calls that came from where they are not allowed since it was asked last.
    void surface();
    /// The folder with sql/, that of the options laid over.
    std::string share_dir();
    std::size_t pick(std::size_t count) { return random ? static_cast<std::size_t>((*random)() % count) : 0; }

    Options options;
    std::string yaml;
    Ledger ledger;
    ManualClock clock;
    core::MetricsStore metrics;
    std::vector<LogLine> log;
    ScratchFolder folder;
    MemoryStore memory;
    EasyIdentity identity;
    std::optional<std::mt19937_64> random;
    std::vector<std::pair<std::string, std::function<std::unique_ptr<Plugin>()>>> added;
    std::vector<std::function<void(Setup&)>> declared;
    std::map<std::string, CheckedPlugin*, std::less<>> objects;
    std::vector<std::shared_ptr<Player::State>> players;
    std::size_t next_loop = 0;
    bool held = false;
    bool settling = false;
    std::unique_ptr<Life> life;
    std::unique_ptr<cairn::testkit::Store> store;
    int exceptions = 0;
};

/// Folders to look for plugins in. [any]
std::vector<std::string> plugin_folders(const Options& options);
/// The folder with sql/. [any]
std::string share_folder(const Options& options);

}  // namespace cairn::testkit
