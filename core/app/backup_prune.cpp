#include "core/app/backup_session.hpp"
#include "core/backup/retention.hpp"

namespace cairn::core {
namespace {

int prune(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare_or_say(arguments, terminal);
    if (!preparation) return exit_code::kProblems;
    const Retention keep{preparation->host.backup.keep.hourly, preparation->host.backup.keep.daily};
    const Document request{{"what", "prune"}, {"hourly", keep.hourly}, {"daily", keep.daily}};
    const Document answer = in_server_or_alone(*preparation, request, patience(arguments), [&](const StoreKit& kit) {
        Document names = Document::list();
        for (const std::string& name : prune_backups(kit.backup_folder, keep)) names.push(name);
        return Document{{"deleted", names}};
    });
    if (arguments.has("--json")) {
        terminal.out << answer.to_json() << "\n";
        return exit_code::kOk;
    }
    for (const Document& name : answer["deleted"].items()) terminal.out << "deleted " << name.text() << "\n";
    if (answer["deleted"].size() == 0) terminal.out << "Nothing was superfluous.\n";
    return exit_code::kOk;
}

}  // namespace

Command backup_prune_command() {
    return {"backup prune",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--wait TIME] [--json]",
            "deletes the backups that backup.keep no longer asks for",
            "Keeps the newest backup of backup.keep.hourly hours and of backup.keep.daily days, and in any case the "
            "newest three\n"
            "verified ones. Files without a manifest and backups that are not verified are never touched. A running "
            "server does\n"
            "this by itself after each backup.\n\n"
            "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
            "  --set KEY=VALUE  sets one value after all files\n"
            "  --wait TIME      how long a running server may take (default 1h)\n"
            "  --json           the answer as one JSON object\n\n"
            "Example:\n  cairn backup prune config/metaverse.yaml --set backup.keep.hourly=12\n",
            configuration_options({{"--wait", true, "", false}, {"--json", false, "", false}}),
            prune};
}

}  // namespace cairn::core
