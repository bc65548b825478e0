#include <algorithm>

#include "core/app/command.hpp"
#include "core/config/configuration.hpp"

namespace cairn::core {
namespace {

int help(const Arguments& arguments, Terminal& terminal) {
    if (arguments.words().empty()) {
        print_overview(terminal.out);
        return exit_code::kOk;
    }
    std::string name = usual_group(arguments.words()[0]);
    for (std::size_t i = 1; i < arguments.words().size(); ++i) name += " " + arguments.words()[i];
    bool found = false;
    std::vector<std::string> names;
    for (const Command& command : commands()) {
        names.push_back(command.name);
        if (command.name != name && command.name.rfind(name + " ", 0) != 0) continue;
        terminal.out << (found ? "\n" : "") << "cairn " << command.name << " " << command.arguments << "\n\n"
                     << command.details;
        found = true;
    }
    if (found) return exit_code::kOk;
    const std::string near = did_you_mean(name, names);
    throw UsageError("there is no command '" + name + "'", near.empty() ? "" : "Did you mean '" + near + "'?");
}

}  // namespace

void print_overview(std::ostream& out) {
    out << "cairn: a small host that becomes what the plugins in one YAML file are together.\n\n";
    std::size_t width = 0;
    for (const Command& command : commands()) width = std::max(width, command.name.size());
    for (const Command& command : commands()) {
        if (command.summary.empty()) continue;  // for programs, not for people
        out << "  cairn " << command.name << std::string(width - command.name.size() + 2, ' ') << command.summary
            << "\n";
    }
    out << "\nTo begin:\n"
           "  cairn check config/metaverse.yaml    says everything that is wrong, starts nothing\n"
           "  cairn run config/metaverse.yaml      starts it and prints the address\n"
           "  cairn help run                       explains a command with examples\n";
}

Command help_command() {
    return {"help",
            "[COMMAND]",
            "explains a command, with examples",
            "Without a command: the list of all.\n\nExamples:\n  cairn help run\n  cairn help plugins\n",
            {},
            help};
}

}  // namespace cairn::core
