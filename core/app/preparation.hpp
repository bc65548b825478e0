#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/app/arguments.hpp"
#include "core/app/core_routes.hpp"
#include "core/app/host_config.hpp"
#include "core/config/configuration.hpp"
#include "core/plugins/plugin_set.hpp"

namespace cairn::core {

/// A configuration that has been read and judged with all its plugins; nothing is started, no file is made.
struct Preparation {
    std::unique_ptr<Configuration> configuration;
    HostConfig host;
    ProblemReport report;
    std::shared_ptr<HostFacts> facts = std::make_shared<HostFacts>();
    std::unique_ptr<PluginSet> plugins;

    bool ok() const noexcept { return report.empty(); }
};

/// The options that every command with a configuration takes: -c and --set.
std::vector<OptionSpec> configuration_options(std::vector<OptionSpec> more = {});
/// The file (the word at `first_word`), what -c lays over it, and the overrides of a command line. Throws UsageError when
/// no file is named, and for words after it unless `more_words` says that they are the command's own.
ConfigInputs configuration_inputs(const Arguments& arguments, std::size_t first_word = 0, bool more_words = false);

/// Reads, loads, sets up and checks. All problems are in the report. [control]
std::unique_ptr<Preparation> prepare(const ConfigInputs& inputs);

/// "3 problems; nothing was started." below the list of them.
void print_problems(const Preparation& preparation, std::ostream& out, bool colour);

}  // namespace cairn::core
