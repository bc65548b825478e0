#include <iomanip>

#include "core/app/backup_session.hpp"
#include "core/backup/control_box.hpp"

namespace cairn::core {
namespace {

int drill(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare_or_say(arguments, terminal);
    if (!preparation) return exit_code::kProblems;
    const std::string folder = data_folder(*preparation);
    if (!data_holder(folder)) {
        throw Error(Code::unavailable,
                    "no server runs on " + folder +
                        "; a drill compares with a running one. `cairn restore --dry-run` shows what "
                        "a restore would do, `cairn backup verify` opens a backup");
    }
    const Document result = ask_server(folder, {{"what", "drill"}}, Duration(30000), patience(arguments));
    const bool good = result["ok"].boolean_or(false);
    if (arguments.has("--json")) {
        terminal.out << result.to_json() << "\n";
    } else if (good) {
        terminal.out << "The live state can be restored: from "
                     << (result["backup"].text().empty() ? std::string("the journal alone")
                                                         : std::string(result["backup"].text()))
                     << " and " << result["commits"].integer_or(0) << " commits of the journal, in " << std::fixed
                     << std::setprecision(2) << result["seconds"].number_or(0) << " s.\n";
    } else {
        terminal.out << "A restore would not give the live state: " << result["reason"].text() << "\n";
    }
    return good ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command backup_drill_command() {
    return {
        "backup drill",
        "FILE [-c FILE]… [--set KEY=VALUE]… [--wait TIME] [--json]",
        "tries a restore beside the running server and compares it with the live state",
        "Restores the newest backup and the journal into a place beside, compares its state hash with that of the "
        "live data at\n"
        "the same commit, and removes it again. The server does the same by itself at the times of backup.drill.\n\n"
        "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
        "  --set KEY=VALUE  sets one value after all files\n"
        "  --wait TIME      how long the server may take (default 1h)\n"
        "  --json           the answer as one JSON object\n\n"
        "Example:\n  cairn backup drill config/metaverse.yaml\n",
        configuration_options({{"--wait", true, "", false}, {"--json", false, "", false}}),
        drill};
}

}  // namespace cairn::core
