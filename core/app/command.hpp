#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "core/app/arguments.hpp"

namespace cairn::core {

/// Exit codes of every command; stable.
namespace exit_code {
inline constexpr int kOk = 0, kProblems = 1, kUsage = 2;
inline constexpr int kRestart = 75;  ///< EX_TEMPFAIL: the store or the journal failed; started again, it recovers
}

/// Where a command writes.
struct Terminal {
    std::ostream& out;
    std::ostream& err;
    bool out_colour = false;  ///< only when a person looks at it
    bool err_colour = false;
};

/// One verb of the command line.
struct Command {
    std::string name;       ///< "plugins list"
    std::string arguments;  ///< "FILE [-c FILE]… [--set KEY=VALUE]…"
    std::string summary;    ///< one line; empty: not in the list
    std::string details;    ///< for `cairn help VERB`: what it does, its options, examples
    std::vector<OptionSpec> options;
    int (*run)(const Arguments& arguments, Terminal& terminal);
};

/// All verbs, in the order in which help lists them.
const std::vector<Command>& commands();

/// The first word of a verb as the list has it: one speaks of `plugin new` and of `plugins list`, and both are right.
std::string usual_group(const std::string& word);

/// Finds the verb, runs it, turns exceptions into messages. `words` without the program's name. Returns the exit code.
int run_command_line(const std::vector<std::string>& words, Terminal& terminal);

// One file each.
Command run_command();
Command check_command();
Command migrate_plan_command();
Command migrate_up_command();
Command migrate_down_command();
Command migrate_status_command();
Command migrate_check_command();
Command migrate_suggest_command();
Command plugins_list_command();
Command plugins_inspect_command();
Command plugins_new_command();
Command plugins_top_command();
Command config_explain_command();
Command config_show_command();
Command config_reference_command();
Command export_command();
Command import_command();
Command backup_now_command();
Command backup_list_command();
Command backup_verify_command();
Command backup_prune_command();
Command backup_drill_command();
Command restore_command();
Command journal_show_command();
Command journal_check_command();
Command version_command();
Command help_command();

/// Writes the overview of all verbs.
void print_overview(std::ostream& out);

}  // namespace cairn::core
