#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cairn/plugin.hpp>

#include "core/plugins/plugin_file.hpp"

namespace cairn::core {

/// Finds plugin files by name in a list of folders. Nothing is loaded that nobody named.
class PluginFinder {
public:
    explicit PluginFinder(std::vector<std::string> folders) : folders_(std::move(folders)) {}
    /// The file of the plugin called `name`: the first `<folder>/<name>.so`. Throws PluginRefused with the folders that
    /// were searched and a near name. [any]
    std::string find(const std::string& name) const;
    /// Names of all plugin files in the folders, sorted. [any]
    std::vector<std::string> available() const;
    const std::vector<std::string>& folders() const noexcept { return folders_; }

private:
    std::vector<std::string> folders_;
};

/// The folders that are searched: those of the configuration, those of the environment variable CAIRN_PLUGIN_PATH (with
/// ':' between them), then own_plugin_folders(). [any]
std::vector<std::string> plugin_folders(const std::vector<std::string>& configured);
/// `<executable>/../plugins` and `<executable>/../lib/cairn/plugins`: where the plugins lie that come with this host. [any]
std::vector<std::string> own_plugin_folders();
/// Where a plugin that was built or installed elsewhere has its tables and pages: the folder `share/cairn` beside its
/// `plugins` (a build) or beside `lib/cairn/plugins` (an installation), when it holds `sql/<name>` or `<name>`. The host's
/// own plugins, and those that ship nothing, get `otherwise`. [any]
std::string plugin_share_dir(const std::string& file, const std::string& otherwise);
/// The folder that holds the running program; absolute. [any]
std::string executable_folder();

/// Reads the descriptor of `path` and compares builds. Throws PluginRefused with every difference, and when others may
/// write the file or its folder. [any]
PluginFile inspect_plugin(const std::string& path);

/// Loads an inspected plugin for good and gives its create function. Unloading is not offered: thread-local destructors
/// and callbacks may outlive any count of ours, so RTLD_NODELETE and no dlclose (docs/architecture.md).
/// Throws PluginRefused when a library or symbol is missing. [control]
using CreatePlugin = Plugin* (*)();
CreatePlugin load_plugin(const PluginFile& file);

/// What the loader said, as a sentence with its cure. `file` is the plugin that was being loaded. [any]
PluginRefused explain_load_error(const PluginFile& file, const std::string& loader_message);

}  // namespace cairn::core
