#include "core/app/preparation.hpp"

#include <cstdlib>
#include <filesystem>

#include "core/app/audited_tables.hpp"
#include "core/app/durability_classes.hpp"

namespace cairn::core {
namespace {

/// Folders that stand in a file are meant from where the file lies, those of --set from where cairn was started.
void settle_plugin_dirs(HostConfig& host, const Configuration& configuration) {
    namespace fs = std::filesystem;
    const Document::List& written = configuration.root()["plugin_dirs"].items();
    if (written.size() != host.plugin_dirs.size()) return;  // not a list: told already
    for (std::size_t i = 0; i < written.size(); ++i) {
        const std::uint32_t file = written[i].mark().file;
        if (file >= configuration.sources().size() || host.plugin_dirs[i].empty()) continue;
        const std::string& source = configuration.sources()[file].name;
        if (source.rfind("--set ", 0) == 0) continue;
        host.plugin_dirs[i] = (fs::absolute(source).parent_path() / host.plugin_dirs[i]).lexically_normal().string();
    }
}

}  // namespace

std::vector<OptionSpec> configuration_options(std::vector<OptionSpec> more) {
    more.push_back({"--config", true, "-c", true});
    more.push_back({"--set", true, "", true});
    return more;
}

ConfigInputs configuration_inputs(const Arguments& arguments, std::size_t first_word, bool more_words) {
    ConfigInputs inputs;
    const std::vector<std::string>& words = arguments.words();
    if (words.size() > first_word) inputs.files.push_back(words[first_word]);
    if (words.size() > first_word + 1 && !more_words) {
        const std::string& extra = words[first_word + 1];
        throw UsageError("'" + extra + "' is one word too many",
                         "A second file is laid over the first with -c " + extra + ".");
    }
    for (const std::string& file : arguments.values("--config")) inputs.files.push_back(file);
    if (inputs.files.empty()) {
        throw UsageError("no configuration file is named", "Try config/metaverse.yaml.");
    }
    inputs.overrides = arguments.values("--set");
    for (const std::string& override_text : inputs.overrides) {
        if (override_text.find('=') == std::string::npos || override_text.front() == '=') {
            throw UsageError("--set " + override_text + " is not of the form key=value",
                             "For example --set plugins.gateway.listen=0.0.0.0:8080.");
        }
    }
    inputs.environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
    return inputs;
}

std::unique_ptr<Preparation> prepare(const ConfigInputs& inputs) {
    auto result = std::make_unique<Preparation>();
    result->configuration = Configuration::read(inputs, result->report);
    result->report.set_sources(&result->configuration->sources());
    const Document& root = result->configuration->root();
    if (!result->configuration->readable() || (root.size() == 0 && !result->report.empty())) return result;

    check_and_fill(struct_type<HostConfig>(), root, "", &result->host, result->report);
    settle_plugin_dirs(result->host, *result->configuration);
    std::vector<WantedPlugin> wanted;
    for (const Document::Member& member : root["plugins"].members()) {
        // An overlay takes a plugin out again: `storage_sqlite: false`.
        if (member.value.is_boolean() && !member.value.boolean_or(true)) continue;
        wanted.push_back({member.key, member.mark, member.value});
    }
    result->plugins = std::make_unique<PluginSet>(PluginFinder(plugin_folders(result->host.plugin_dirs)),
                                                  find_share_dir(result->host.share_dir));
    add_core_routes(result->plugins->declarations().routes, result->facts);
    result->plugins->load(wanted, result->report);
    result->plugins->check(result->host.services, result->report);
    apply_durability_classes(result->host.durability.classes, *result->configuration, *result->plugins, result->report);
    check_audited_tables(result->host.durability.audit, *result->configuration, *result->plugins, result->report);
    return result;
}

void print_problems(const Preparation& preparation, std::ostream& out, bool colour) {
    preparation.report.print(out, colour);
    const std::size_t count = preparation.report.problems().size();
    out << count << (count == 1 ? " problem" : " problems") << "; nothing was started.\n";
}

}  // namespace cairn::core
