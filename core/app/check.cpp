#include "core/app/command.hpp"
#include "core/app/loss_budget.hpp"
#include "core/app/preparation.hpp"

namespace cairn::core {
namespace {

int check(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare(configuration_inputs(arguments));
    const std::vector<std::string> requirements = arguments.values("--require");
    LossBudget budget;
    std::vector<std::string> broken;
    if (preparation->ok()) {
        budget = loss_budget(loss_facts(*preparation));
        for (const std::string& requirement : requirements) {
            std::string sentence = broken_requirement(budget, requirement);
            if (!sentence.empty()) broken.push_back(std::move(sentence));
        }
    }
    const bool good = preparation->ok() && broken.empty();
    if (arguments.has("--json")) {
        Document plugins = Document::list();
        if (preparation->plugins) {
            for (const auto& plugin : preparation->plugins->plugins()) {
                plugins.push({{"name", plugin->name},
                              {"version", plugin->file.descriptor.version},
                              {"file", plugin->file.path}});
            }
        }
        Document answer{{"ok", good}, {"problems", preparation->report.to_document()}, {"plugins", plugins}};
        if (preparation->ok()) answer.set("loss", budget.to_document());
        if (!requirements.empty()) {
            Document sentences = Document::list();
            for (const std::string& sentence : broken) sentences.push(sentence);
            answer.set("requirements_broken", std::move(sentences));
        }
        terminal.out << answer.to_json() << "\n";
    } else if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
    } else {
        terminal.out << "The configuration is good. Plugins in the order in which they start:\n";
        for (const auto& plugin : preparation->plugins->plugins()) {
            terminal.out << "  " << plugin->name << " " << plugin->file.descriptor.version << "\n";
        }
        terminal.out << "\n";
        budget.print(terminal.out);
        if (!preparation->plugins->declarations().tables.empty()) {
            terminal.out << "\nNo database was looked at: `cairn migrate check` compares its tables with what the plugins "
                            "describe.\n";
        }
        for (const std::string& sentence : broken) terminal.err << "cairn check: " << sentence << "\n";
    }
    return good ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command check_command() {
    return {
        "check",
        "FILE [-c FILE]… [--set KEY=VALUE]… [--require NAME=LIMIT]… [--json]",
        "says everything that is wrong with a configuration and its plugins, and what a crash could lose; starts "
        "nothing",
        "Reads the files as `run` does, loads the plugins, lets them declare, and checks settings, services, "
        "routes and\n"
        "tables of all of them. No port is opened and no file is made. Then it says in words what a crash, a power "
        "loss and a\n"
        "dead disk can take with this configuration. Exit code 0: good, 1: problems, 2: wrong usage.\n\n"
        "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
        "  --set KEY=VALUE  sets one value after all files\n"
        "  --require NAME=LIMIT\n"
        "                   ends with 1 when more of NAME can be lost than LIMIT: `0`, a time, or `all`. NAME is what "
        "a plugin\n"
        "                   keeps (`world.objects` or `objects`), or `disk` for a disk that dies. Repeatable\n"
        "  --json           the answer as one JSON object\n\n"
        "Examples:\n"
        "  cairn check config/metaverse.yaml\n"
        "  cairn check config/metaverse.yaml -c prod.yaml --set plugins.chat.max_length=300\n"
        "  cairn check prod.yaml --require objects=0 --require messages=0 --require disk=1h\n",
        configuration_options({{"--require", true, "", true}, {"--json", false, "", false}}),
        check};
}

}  // namespace cairn::core
