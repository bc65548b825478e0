#include <algorithm>
#include <filesystem>

#include "core/app/command.hpp"
#include "core/plugins/compatibility.hpp"
#include "core/plugins/plugin_library.hpp"

namespace cairn::core {
namespace {

int list(const Arguments& arguments, Terminal& terminal) {
    if (!arguments.words().empty()) throw UsageError("takes no words", "For one plugin: cairn plugins inspect NAME.");
    for (const std::string& folder : arguments.values("--dir")) {
        std::error_code error;
        if (std::filesystem::is_directory(folder, error)) continue;
        throw UsageError("--dir " + folder + ": there is no such folder");
    }
    const PluginFinder finder(plugin_folders(arguments.values("--dir")));
    Document answer = Document::list();
    bool all_good = true;
    const std::vector<std::string> names = finder.available();
    std::size_t width = 0;
    for (const std::string& name : names) width = std::max(width, name.size());
    for (const std::string& name : names) {
        const std::string pad(width - name.size() + 2, ' ');
        try {
            const PluginFile file = inspect_plugin(finder.find(name));
            const abi::Descriptor& build = file.descriptor;
            const std::string abi = std::to_string(build.abi_major) + "." + std::to_string(build.abi_minor);
            answer.push({{"name", name}, {"version", build.version}, {"abi", abi}, {"file", file.path}, {"ok", true}});
            if (!arguments.has("--json")) {
                terminal.out << name << pad << build.version << "  ABI " << abi << "  " << file.path << "\n";
            }
        } catch (const PluginRefused& refusal) {
            all_good = false;
            answer.push({{"name", name}, {"ok", false}, {"problem", refusal.what()}, {"cure", refusal.cure()}});
            if (!arguments.has("--json")) {
                terminal.out << name << pad << "refused: " << refusal.what() << "\n"
                             << std::string(width + 2, ' ') << refusal.cure() << "\n";
            }
        }
    }
    if (arguments.has("--json")) {
        terminal.out << answer.to_json() << "\n";
    } else if (names.empty()) {
        terminal.out << "No plugins. Searched:\n";
        for (const std::string& folder : finder.folders()) terminal.out << "  " << folder << "\n";
    }
    return all_good ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command plugins_list_command() {
    return {"plugins list",
            "[--dir DIR]… [--json]",
            "lists the plugins that could be used, with version and ABI; runs nothing of them",
            "Reads the descriptors of all plugins in the folders beside the program. Exit code 1 when one would be "
            "refused.\n\n"
            "  --dir DIR  searches this folder first\n"
            "  --json     the answer as one JSON list\n\n"
            "Example:\n  cairn plugins list --dir ./build/dev/plugins\n",
            {{"--dir", true, "", true}, {"--json", false, "", false}},
            list};
}

}  // namespace cairn::core
