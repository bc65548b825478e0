#include <filesystem>

#include "core/app/backup_session.hpp"
#include "core/backup/backup_maker.hpp"
#include "core/backup/recovery.hpp"
#include "core/durability/journal.hpp"
#include "core/plugins/lifecycle.hpp"

namespace cairn::core {
namespace {

/// A backup of nothing would look like one of something.
void must_hold_something(const StoreKit& kit) {
    const std::filesystem::path place(kit.store->place());
    std::error_code error;
    if (!place.is_absolute() || std::filesystem::exists(place, error) || error) return;
    if (!survey_journal(kit.journal_folder, UINT64_MAX).id.empty()) return;
    throw StartFailed("nothing has been kept here yet: neither a database " + place.string() + " nor a journal",
                      "See whether data_dir is the one of the server.");
}

int now(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare_or_say(arguments, terminal);
    if (!preparation) return exit_code::kProblems;
    const Document made =
        in_server_or_alone(*preparation, {{"what", "backup"}}, patience(arguments), [](const StoreKit& kit) {
            finish_interrupted_restore(kit);
            must_hold_something(kit);
            kit.store->open();
            return to_document(make_backup(kit, "manual", survey_journal(kit.journal_folder, UINT64_MAX).id));
        });
    if (arguments.has("--json")) {
        terminal.out << made.to_json() << "\n";
        return exit_code::kOk;
    }
    terminal.out << "backup    " << below(data_folder(*preparation), preparation->host.backup.folder) << "/"
                 << made["file"].text() << "\n"
                 << "size      " << print_size(made["bytes"].integer_or(0)) << "\n"
                 << "commit    " << made["commit"].integer_or(0) << "\n"
                 << "verified  by opening and reading it: " << made["state_hash"].text() << "\n";
    return exit_code::kOk;
}

}  // namespace

Command backup_now_command() {
    return {"backup now",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--wait TIME] [--json]",
            "makes a verified backup, beside a running server as well",
            "Asks the server that runs on this data to make it, or makes it alone when none runs. The copy is opened, "
            "checked and\n"
            "read as a whole before it counts; players notice nothing.\n\n"
            "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
            "  --set KEY=VALUE  sets one value after all files\n"
            "  --wait TIME      how long a running server may take (default 1h)\n"
            "  --json           the answer as one JSON object\n\n"
            "Example:\n  cairn backup now config/metaverse.yaml\n",
            configuration_options({{"--wait", true, "", false}, {"--json", false, "", false}}),
            now};
}

}  // namespace cairn::core
