#include "core/app/command.hpp"

#include <algorithm>
#include <exception>

#include "core/app/torture.hpp"
#include "core/config/configuration.hpp"
#include "core/plugins/lifecycle.hpp"

namespace cairn::core {
namespace {

const Command* find_command(const std::vector<std::string>& words, std::size_t& used) {
    const Command* best = nullptr;
    for (const Command& command : commands()) {
        const std::size_t length = command.name.find(' ') == std::string::npos ? 1 : 2;
        if (words.size() < length) continue;
        const std::string name = length == 1 ? words[0] : words[0] + " " + words[1];
        if (name == command.name && (!best || length > used)) {
            best = &command;
            used = length;
        }
    }
    return best;
}

int unknown_verb(const std::vector<std::string>& words, Terminal& terminal) {
    std::vector<std::string> names;
    std::vector<std::string> group;
    for (const Command& command : commands()) {
        names.push_back(command.name);
        if (command.name.rfind(words[0] + " ", 0) == 0) group.push_back(command.name);
    }
    if (!group.empty()) {
        const std::string asked = words[0] + (words.size() > 1 ? " " + words[1] : "");
        const std::string near = words.size() > 1 ? did_you_mean(asked, group) : "";
        if (words.size() == 1) {
            terminal.err << "cairn " << asked << ": one of these is meant:\n";
        } else {
            terminal.err << "cairn: '" << asked << "' is not a command"
                         << (near.empty() ? ".\n" : "; did you mean '" + near + "'?\n");
        }
        for (const Command& command : commands()) {
            if (std::find(group.begin(), group.end(), command.name) == group.end()) continue;
            terminal.err << "  cairn " << command.name << " " << command.arguments << "\n      " << command.summary
                         << "\n";
        }
        return exit_code::kUsage;
    }
    std::vector<std::string> firsts;
    for (const std::string& name : names) firsts.push_back(name.substr(0, name.find(' ')));
    const std::string near = did_you_mean(words[0], firsts);
    terminal.err << "cairn: there is no command '" << words[0] << "'";
    if (!near.empty()) terminal.err << "; did you mean 'cairn " << near << "'?";
    terminal.err << "\nRun `cairn help` for the list. A configuration is started with `cairn run FILE`.\n";
    return exit_code::kUsage;
}

}  // namespace

std::string usual_group(const std::string& word) {
    return word == "plugin" ? "plugins" : word;
}

const std::vector<Command>& commands() {
    static const std::vector<Command> all{run_command(),
                                          check_command(),
                                          migrate_plan_command(),
                                          migrate_up_command(),
                                          migrate_down_command(),
                                          migrate_status_command(),
                                          migrate_check_command(),
                                          migrate_suggest_command(),
                                          plugins_list_command(),
                                          plugins_inspect_command(),
                                          plugins_new_command(),
                                          plugins_top_command(),
                                          config_explain_command(),
                                          config_show_command(),
                                          config_reference_command(),
                                          export_command(),
                                          import_command(),
                                          backup_now_command(),
                                          backup_list_command(),
                                          backup_verify_command(),
                                          backup_prune_command(),
                                          backup_drill_command(),
                                          restore_command(),
                                          journal_show_command(),
                                          journal_check_command(),
                                          torture_command(),
                                          torture_worker_command(),
                                          version_command(),
                                          help_command()};
    return all;
}

int run_command_line(const std::vector<std::string>& words, Terminal& terminal) {
    if (words.empty()) {
        print_overview(terminal.err);
        return exit_code::kUsage;
    }
    std::vector<std::string> asked = words;
    if (asked[0] == "--help" || asked[0] == "-h") asked[0] = "help";
    if (asked[0] == "--version" || asked[0] == "-V") asked[0] = "version";
    asked[0] = usual_group(asked[0]);
    std::size_t used = 0;
    const Command* command = find_command(asked, used);
    if (!command) return unknown_verb(asked, terminal);
    const std::vector<std::string> rest(asked.begin() + static_cast<std::ptrdiff_t>(used), asked.end());
    if (std::any_of(rest.begin(), rest.end(),
                    [](const std::string& word) { return word == "--help" || word == "-h"; })) {
        terminal.out << "cairn " << command->name << " " << command->arguments << "\n\n" << command->details;
        return exit_code::kOk;
    }
    try {
        return command->run(Arguments(rest, command->options), terminal);
    } catch (const UsageError& error) {
        terminal.err << "cairn " << command->name << ": " << error.what();
        if (!error.hint().empty()) terminal.err << ". " << error.hint();
        terminal.err << "\nUsage: cairn " << command->name << " " << command->arguments << "\nRun `cairn help "
                     << command->name << "` for examples.\n";
        return exit_code::kUsage;
    } catch (const StartFailed& failure) {
        terminal.err << "cairn " << command->name << ": " << failure.what() << "\n";
        if (!failure.cure().empty()) terminal.err << "    " << failure.cure() << "\n";
        return exit_code::kProblems;
    } catch (const std::exception& error) {
        terminal.err << "cairn " << command->name << ": " << error.what() << "\n";
        return exit_code::kProblems;
    }
}

}  // namespace cairn::core
