#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/plugins/leak_report.hpp"
#include "core/plugins/plugin_runtime.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::core {

/// The start was given up: which plugin, what it said, what to do.
class StartFailed : public std::runtime_error {
public:
    StartFailed(const std::string& message, std::string cure) : std::runtime_error(message), cure_(std::move(cure)) {}
    const std::string& cure() const noexcept { return cure_; }

private:
    std::string cure_;
};

/// Calls the plugins of a checked PluginSet through their life: start in order, ready, drain, stop in reverse. A plugin
/// is stopped if and only if its start returned. All calls [control].
class Lifecycle {
public:
    struct Hooks {
        /// A plugin has started (or, for `stopping`, is about to be stopped). The host opens and closes the store here.
        std::function<void(const std::string& plugin)> started;
        std::function<void(const std::string& plugin)> stopping;
        /// What is awaited now; empty: nothing.
        std::function<void(const std::string& what)> busy;
        /// True when the start should be given up (a signal came).
        std::function<bool()> cancelled;
    };
    Lifecycle(PluginSet& set, const HostParts& parts, Hooks hooks);
    ~Lifecycle();  ///< stops whatever has been started and not stopped

    /// Throws StartFailed; the plugins started before stay started until stop().
    void start();
    void ready();
    void drain() noexcept;
    /// Stops in reverse order. A plugin that throws is named in the log and the rest goes on.
    void stop() noexcept;
    /// What plugins left behind, one sentence each; after stop().
    const std::vector<std::string>& leaks() const noexcept { return leaks_; }

private:
    struct Running {
        LoadedPlugin* plugin;
        std::unique_ptr<PluginRuntime> runtime;
    };
    [[noreturn]] void fail(const LoadedPlugin& plugin, const char* phase, const std::string& what) const;
    void note_leaks(const std::string& plugin);
    void note_tasks(const Running& running);

    PluginSet& set_;
    const HostParts& parts_;
    Hooks hooks_;
    LeakWatch leak_watch_;
    std::vector<Running> running_;
    std::vector<std::unique_ptr<PluginRuntime>> finished_;  // runtimes live until the plugins are destroyed
    std::vector<std::string> leaks_;
};

}  // namespace cairn::core
