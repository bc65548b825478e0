#include "core/app/command.hpp"
#include "core/app/preparation.hpp"

namespace cairn::core {
namespace {

int check(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare(configuration_inputs(arguments));
    if (arguments.has("--json")) {
        Document plugins = Document::list();
        if (preparation->plugins) {
            for (const auto& plugin : preparation->plugins->plugins()) {
                plugins.push({{"name", plugin->name},
                              {"version", plugin->file.descriptor.version},
                              {"file", plugin->file.path}});
            }
        }
        const Document answer{
            {"ok", preparation->ok()}, {"problems", preparation->report.to_document()}, {"plugins", plugins}};
        terminal.out << answer.to_json() << "\n";
    } else if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
    } else {
        terminal.out << "The configuration is good. Plugins in the order in which they start:\n";
        for (const auto& plugin : preparation->plugins->plugins()) {
            terminal.out << "  " << plugin->name << " " << plugin->file.descriptor.version << "\n";
        }
    }
    return preparation->ok() ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command check_command() {
    return {"check",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--json]",
            "says everything that is wrong with a configuration and its plugins; starts nothing",
            "Reads the files as `run` does, loads the plugins, lets them declare, and checks settings, services, "
            "routes and\n"
            "tables of all of them. No port is opened and no file is made. Exit code 0: good, 1: problems, 2: wrong "
            "usage.\n\n"
            "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
            "  --set KEY=VALUE  sets one value after all files\n"
            "  --json           the answer as one JSON object\n\n"
            "Examples:\n"
            "  cairn check config/metaverse.yaml\n"
            "  cairn check config/metaverse.yaml -c prod.yaml --set plugins.chat.max_length=300\n",
            configuration_options({{"--json", false, "", false}}),
            check};
}

}  // namespace cairn::core
