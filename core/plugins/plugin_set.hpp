#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>

#include "core/config/problem_report.hpp"
#include "core/plugins/plugin_file.hpp"
#include "core/plugins/plugin_library.hpp"
#include "core/plugins/plugin_setup.hpp"

namespace cairn::core {

/// A plugin as the configuration names it.
struct WantedPlugin {
    std::string name;
    Mark mark;          ///< of its key
    Document settings;  ///< null: all defaults
};

/// A loaded plugin: where it came from, what it declared, and its object.
struct LoadedPlugin {
    std::string name;
    Mark mark;
    PluginFile file;
    std::string share_dir;  ///< with its sql/<name> and its pages; the host's unless it came from elsewhere
    std::unique_ptr<PluginSetup> setup;
    std::unique_ptr<Plugin> object;
    Document settings;
};

/// The plugins of a configuration, loaded and asked what they declare. Nothing is started here, so that `cairn check`
/// does the same as `cairn run`. All calls [control].
class PluginSet {
public:
    PluginSet(PluginFinder finder, std::string share_dir)
        : finder_(std::move(finder)), share_dir_(std::move(share_dir)) {}
    ~PluginSet();
    PluginSet(const PluginSet&) = delete;
    PluginSet& operator=(const PluginSet&) = delete;

    /// A plugin that the program brings along, in the place of a file of that name.
    using Make = std::function<std::unique_ptr<Plugin>()>;
    void bring(const std::string& name, Make make) { brought_[name] = std::move(make); }
    /// Puts something around each plugin's object when it has been made (the testkit's checks).
    using Dress = std::function<std::unique_ptr<Plugin>(const std::string& name, std::unique_ptr<Plugin> plugin)>;
    void dress(Dress dress) { dress_ = std::move(dress); }

    /// Inspects, loads, creates and sets up each plugin; one that fails is reported and left out, the rest goes on.
    void load(const std::vector<WantedPlugin>& wanted, ProblemReport& report);
    /// Judges all of them together: settings, services, order, routes. `bindings` is the block `services:`.
    void check(const std::map<std::string, std::string>& bindings, ProblemReport& report);

    /// In the order of starting once check() has reported nothing.
    const std::vector<std::unique_ptr<LoadedPlugin>>& plugins() const noexcept { return plugins_; }
    Declarations& declarations() noexcept { return declarations_; }
    const PluginFinder& finder() const noexcept { return finder_; }
    const std::string& share_dir() const noexcept { return share_dir_; }
    /// Destroys the plugins' objects in reverse order, each behind the fence; their code stays mapped.
    void destroy() noexcept;

private:
    void load_one(const WantedPlugin& wanted, ProblemReport& report);

    PluginFinder finder_;
    std::string share_dir_;
    std::map<std::string, Make> brought_;
    Dress dress_;
    Declarations declarations_;
    std::vector<std::unique_ptr<LoadedPlugin>> plugins_;
    bool complete_ = true;
};

}  // namespace cairn::core
