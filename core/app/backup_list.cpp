#include <algorithm>
#include <iomanip>

#include "core/app/backup_session.hpp"
#include "core/observe/system_clock.hpp"
#include "core/schedule/time_zone.hpp"

namespace cairn::core {
namespace {

void print_table(const BackupList& list, const TimeZone& zone, WallTime now, std::ostream& out) {
    std::size_t width = 4;
    for (const Backup& backup : list.backups) width = std::max(width, backup.manifest.file.size());
    out << std::left << std::setw(static_cast<int>(width)) << "file"
        << "  " << std::setw(26) << "made"
        << "  " << std::right << std::setw(8) << "age"
        << "  " << std::setw(9) << "size"
        << "  " << std::setw(12) << "commit"
        << "  " << std::left << std::setw(16) << "why"
        << "  verified\n";
    for (const Backup& backup : list.backups) {
        const Manifest& manifest = backup.manifest;
        out << std::left << std::setw(static_cast<int>(width)) << manifest.file << "  " << std::setw(26)
            << zone.print(manifest.started) << "  " << std::right << std::setw(8) << print_age(now - manifest.finished)
            << "  " << std::setw(9) << print_size(manifest.bytes) << "  " << std::setw(12) << manifest.watermark << "  "
            << std::left << std::setw(16) << manifest.why << "  "
            << (!backup.trouble.empty() ? backup.trouble
                : manifest.verified     ? "yes"
                                        : "no")
            << "\n";
    }
}

int list(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare_or_say(arguments, terminal);
    if (!preparation) return exit_code::kProblems;
    const std::string folder = below(data_folder(*preparation), preparation->host.backup.folder);
    const BackupList found = list_backups(folder);
    const WallTime now = SystemClock().wall();
    if (arguments.has("--json")) {
        Document backups = Document::list();
        for (const Backup& backup : found.backups) {
            backups.push(to_document(backup).set("age_seconds", (now - backup.manifest.finished) / 1000));
        }
        Document others = Document::list();
        for (const auto& [name, reason] : found.others) others.push({{"file", name}, {"reason", reason}});
        terminal.out << Document{{"folder", folder}, {"backups", backups}, {"others", others}}.to_json() << "\n";
        return exit_code::kOk;
    }
    if (found.backups.empty())
        terminal.out << "There is no backup in " << folder << ".\n";
    else
        print_table(found, TimeZone(preparation->host.time_zone), now, terminal.out);
    if (!found.others.empty()) terminal.out << "\nNot counted as backups, and left alone:\n";
    for (const auto& [name, reason] : found.others) terminal.out << "  " << name << ": " << reason << "\n";
    return exit_code::kOk;
}

}  // namespace

Command backup_list_command() {
    return {"backup list",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--json]",
            "lists the backups of a configuration, the newest first",
            "Only files with a whole manifest are backups. `commit` is the last change that a backup holds. Reads the "
            "folder only;\n"
            "the server may run.\n\n"
            "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
            "  --set KEY=VALUE  sets one value after all files\n"
            "  --json           the answer as one JSON object\n\n"
            "Example:\n  cairn backup list config/metaverse.yaml\n",
            configuration_options({{"--json", false, "", false}}),
            list};
}

}  // namespace cairn::core
