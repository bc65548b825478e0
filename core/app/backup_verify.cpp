#include <filesystem>

#include "core/app/backup_session.hpp"
#include "core/backup/backup_maker.hpp"
#include "core/backup/recovery.hpp"

namespace cairn::core {
namespace {

Document verify_alone(const StoreKit& kit, const std::string& file) {
    finish_interrupted_restore(kit);
    const BackupList found = list_backups(kit.backup_folder);
    for (const Backup& backup : found.backups) {
        if (backup.manifest.file != file) continue;
        const std::string trouble = verify_backup(kit, backup);
        return {{"file", file}, {"ok", trouble.empty()}, {"trouble", trouble}};
    }
    for (const auto& [name, reason] : found.others) {
        if (name == file || name == file + ".json") return {{"file", file}, {"ok", false}, {"trouble", reason}};
    }
    throw Error(Code::not_found,
                "there is no backup " + file + " in " + kit.backup_folder + "; see `cairn backup list`");
}

int verify(const Arguments& arguments, Terminal& terminal) {
    if (arguments.words().size() < 2) {
        throw UsageError("name the configuration and at least one backup", "`cairn backup list FILE` shows them.");
    }
    std::vector<std::string> files;
    for (std::size_t i = 1; i < arguments.words().size(); ++i) {
        files.push_back(std::filesystem::path(arguments.words()[i]).filename().string());
    }
    const auto preparation = prepare_or_say(arguments, terminal, true);
    if (!preparation) return exit_code::kProblems;
    bool all = true;
    Document answers = Document::list();
    for (const std::string& file : files) {
        const Document answer =
            in_server_or_alone(*preparation, {{"what", "verify"}, {"file", file}}, patience(arguments),
                               [&](const StoreKit& kit) { return verify_alone(kit, file); });
        const bool good = answer["ok"].boolean_or(false);
        all = all && good;
        if (arguments.has("--json")) {
            answers.push(answer);
        } else if (good) {
            terminal.out << file << ": good; it was opened, checked and read as a whole\n";
        } else {
            terminal.out << file << ": cannot be used: " << answer["trouble"].text() << "\n";
        }
    }
    if (arguments.has("--json")) terminal.out << Document{{"ok", all}, {"backups", answers}}.to_json() << "\n";
    return all ? exit_code::kOk : exit_code::kProblems;
}

}  // namespace

Command backup_verify_command() {
    return {"backup verify",
            "FILE BACKUP… [-c FILE]… [--set KEY=VALUE]… [--wait TIME] [--json]",
            "opens backups in a place beside and compares them with their manifests",
            "Checks size and checksum, fills the backup into a place beside the store, lets the store check it, reads "
            "all of it and\n"
            "compares the state hash. Nothing stays behind. Beside a running server the server does it. FILE is the "
            "configuration;\n"
            "further files of it are named with -c. Exit code 0: all are good, 1: not.\n\n"
            "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
            "  --set KEY=VALUE  sets one value after all files\n"
            "  --wait TIME      how long a running server may take for each (default 1h)\n"
            "  --json           the answer as one JSON object\n\n"
            "Example:\n  cairn backup verify config/metaverse.yaml backup_20260329_010000.db\n",
            configuration_options({{"--wait", true, "", false}, {"--json", false, "", false}}),
            verify};
}

}  // namespace cairn::core
