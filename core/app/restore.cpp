#include <cmath>
#include <cstdio>
#include <filesystem>

#include "core/app/backup_session.hpp"
#include "core/backup/backup_maker.hpp"
#include "core/backup/recovery.hpp"
#include "core/backup/replay.hpp"
#include "core/backup/restore.hpp"
#include "core/durability/journal.hpp"
#include "core/durability/store_notes.hpp"
#include "core/schedule/time_zone.hpp"

namespace cairn::core {
namespace {

RestoreTarget read_target(const Arguments& arguments, const TimeZone& zone) {
    const bool latest = arguments.has("--latest");
    const bool until = arguments.has("--until");
    const bool seq = arguments.has("--seq");
    if (int{latest} + int{until} + int{seq} != 1) {
        throw UsageError("say to which moment: --latest, --until TIME or --seq NUMBER",
                         "`cairn backup list FILE` shows which there are.");
    }
    RestoreTarget target;
    if (until) {
        target.kind = RestoreTarget::Kind::time;
        try {
            target.time_us = read_time(arguments.value("--until"), zone);
        } catch (const Error& error) {
            throw UsageError(std::string("--until: ") + error.what());
        }
    }
    if (seq) {
        const std::string text = arguments.value("--seq");
        if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos) {
            throw UsageError("--seq " + text + " is not the number of a commit", "For example --seq 1200.");
        }
        target.kind = RestoreTarget::Kind::seq;
        target.seq = std::stoull(text);
    }
    return target;
}

std::string seconds(double value) {
    char text[32];
    const int length = std::snprintf(text, sizeof text, "%.1f s", value);
    return std::string(text, static_cast<std::size_t>(length));
}

Document describe_plan(const RestorePlan& plan, const TimeZone& zone) {
    Document notes = Document::list();
    for (const std::string& note : plan.notes) notes.push(note);
    return {{"backup", plan.backups.empty() ? Document() : Document(plan.backups.front().manifest.file)},
            {"backup_seq", plan.base()},
            {"target_seq", plan.target},
            {"target_time", plan.target_time_us == 0 ? Document() : Document(zone.print(plan.target_time_us / 1000))},
            {"ops_to_replay", plan.commits()},
            {"ops_given_up", plan.beyond()},
            {"estimated_seconds", std::ceil(plan.estimated_seconds())},
            {"notes", notes}};
}

void print_plan(const Document& plan, std::ostream& out) {
    out << "state      after commit " << plan["target_seq"].integer_or(0);
    if (plan["target_time"].is_text()) out << ", made " << plan["target_time"].text();
    out << "\nfrom       ";
    if (plan["backup"].is_text()) {
        out << plan["backup"].text() << " (commit " << plan["backup_seq"].integer_or(0) << ")\n";
    } else {
        out << "an empty store\n";
    }
    out << "replays    " << plan["ops_to_replay"].integer_or(0) << " commits of the journal\n";
    for (const Document& note : plan["notes"].items()) out << "note       " << note.text() << "\n";
    out << "takes      about " << plan["estimated_seconds"].number_or(0) << " s\n";
}

/// Why it is not done without --yes.
std::string must_ask_words(const RestorePlan& plan, bool other_journal) {
    if (plan.beyond() == 0 && other_journal) {
        return "This puts another journal in the place of the one in use, and gives up what only that one has. Add "
               "--yes to do it; it is kept beside.";
    }
    const bool one = plan.beyond() == 1;
    return "This goes back behind " + std::to_string(plan.beyond()) + (one ? " later commit" : " later commits") +
           ". Add --yes to do it; " + (one ? "it is" : "they are") + " kept beside the journal.";
}

/// A new journal goes on from here; a first backup of it, so that what comes now can be restored, too.
void begin_journal(const StoreKit& kit, const JournalConfig& config, std::uint64_t target, Terminal& terminal) {
    try {
        kit.store->open();
        Journal::Options options;
        options.folder = kit.journal_folder;
        options.segment_bytes = config.segment.value;
        options.max_bytes = config.max_disk.value;
        const Journal journal(std::move(options), target + 1, target);
        note_in_use(*kit.store, read_notes(*kit.store), journal.id());
        make_backup(kit, "restore", journal.id());
    } catch (const std::exception& error) {
        terminal.err << "The restore is done; only its first backup could not be made: " << error.what()
                     << "\nThe server makes one soon after it has started.\n";
    }
    kit.store->close();
}

std::string named_place(const StoreKit& kit, const std::string& place) {
    // Where the store's own place is a file, others are, too.
    if (kit.store->place().rfind('/', 0) != 0) return place;
    const std::filesystem::path path = std::filesystem::absolute(place).lexically_normal();
    std::error_code error;
    if (!std::filesystem::is_directory(path.parent_path(), error)) {
        throw UsageError("--into " + place + ": there is no folder " + path.parent_path().string(),
                         "Make it first, or name a file somewhere else.");
    }
    return path.string();
}

int restore(const Arguments& arguments, Terminal& terminal) {
    const auto preparation = prepare_or_say(arguments, terminal);
    if (!preparation) return exit_code::kProblems;
    const TimeZone zone(preparation->host.time_zone);
    const RestoreTarget target = read_target(arguments, zone);
    for (const char* option : {"--into", "--journal"}) {
        if (arguments.has(option) && arguments.value(option).empty()) {
            throw UsageError(std::string(option) + " is empty", "Name a place.");
        }
    }
    const bool dry = arguments.has("--dry-run");
    const bool json = arguments.has("--json");
    must_have_data(*preparation);
    OfflineStore offline(*preparation);
    const StoreKit kit = store_kit(offline, *preparation);
    if (!dry) finish_interrupted_restore(kit);
    const std::string journal_folder =
        arguments.has("--journal") ? std::filesystem::absolute(arguments.value("--journal")).lexically_normal().string()
                                   : kit.journal_folder;
    const bool other_journal = journal_folder != kit.journal_folder;
    if (other_journal && survey_journal(journal_folder, UINT64_MAX).id.empty()) {
        throw UsageError("--journal " + arguments.value("--journal") + ": there is no journal in " + journal_folder,
                         "Those that restores have kept are " + kit.journal_folder + "/before-restore-….");
    }
    const bool into = arguments.has("--into");
    const std::string place_named = into ? named_place(kit, arguments.value("--into")) : std::string();
    const RestorePlan plan = plan_restore(kit, journal_folder, target);
    Document report = describe_plan(plan, zone);
    if (!json) print_plan(report, terminal.out);
    const bool undoes = plan.beyond() > 0 || other_journal;
    const bool must_ask = undoes && !into && !arguments.has("--yes");
    if (dry || must_ask) {
        if (json)
            terminal.out << report.set("dry_run", true).to_json() << "\n";
        else
            terminal.out << "Nothing was changed.\n";
        if (!dry) {
            terminal.err << must_ask_words(plan, other_journal) << "\n";
        }
        return dry ? exit_code::kOk : exit_code::kProblems;
    }
    terminal.out.flush();
    auto place = into ? std::make_unique<ScratchPlace>(kit, "restore", place_named)
                      : std::make_unique<ScratchPlace>(kit, "restore");
    Restored restored = restore_beside(kit, plan, std::move(place));
    report.set("backup", restored.backup.empty() ? Document() : Document(restored.backup))
        .set("backup_seq", restored.from)
        .set("ops_replayed", restored.replayed)
        .set("ops_refused", restored.refused)
        .set("ops_refused_now", restored.buried)
        .set("reached_seq", restored.state.watermark)
        .set("lost", 0)
        .set("state_hash", restored.state.hash)
        .set("seconds", restored.seconds);
    std::string where = restored.place->place();
    if (into) {
        restored.place->release();
        report.set("place", where);
    } else {
        const Activated done = activate(kit, plan, restored);
        where = kit.store->place();
        report.set("place", where).set("quarantine", done.quarantine).set("journal_aside", done.journal_aside);
        if (!done.journal_aside.empty()) {
            begin_journal(kit, preparation->host.durability.journal, plan.target, terminal);
        }
    }
    if (json) {
        terminal.out << report.to_json() << "\n";
        return exit_code::kOk;
    }
    terminal.out << "replayed   " << restored.replayed << " commits";
    if (restored.refused > 0) terminal.out << " (" << restored.refused << " left out, as the store had refused them)";
    if (restored.buried > 0) {
        terminal.out << "\nrefused    " << restored.buried
                     << (restored.buried == 1 ? " of these only now: it is" : " of these only now: they are")
                     << " in cairn_dead_letters of what was restored";
    }
    terminal.out << "\nhash       " << restored.state.hash << "\ntook       " << seconds(restored.seconds)
                 << "\nrestored   " << where << "\n";
    const auto also = [&](const char* label, std::string_view member) {
        const std::string_view text = report[member].text();
        if (!text.empty()) terminal.out << label << text << "\n";
    };
    also("kept       what stood there: ", "quarantine");
    also("kept       the journal with the later commits: ", "journal_aside");
    return exit_code::kOk;
}

}  // namespace

Command restore_command() {
    return {
        "restore",
        "FILE (--latest | --until TIME | --seq NUMBER) [--yes] [--dry-run] [--into PLACE] [--journal FOLDER] "
        "[-c FILE]… [--set KEY=VALUE]… [--json]",
        "brings the store back to a moment: the newest verified backup before it, then the journal up to it",
        "Builds the state in a place beside, checks it, then puts it where the store is configured; what stood there "
        "is renamed\n"
        "and kept. The server must not run. FILE is the configuration.\n\n"
        "  --latest         everything that was ever acknowledged\n"
        "  --until TIME     the last commit not after TIME: \"2026-03-29 02:30\" in the configuration's time_zone, or\n"
        "                   2026-03-29T02:30:15Z, 2026-03-29T02:30:15+02:00, @1774749600\n"
        "  --seq NUMBER     the commit with this number is the last one\n"
        "  --yes            go back behind later commits; their journal is kept in <journal>/before-restore-<time>/\n"
        "  --dry-run        say which backup, how many commits and how long; change nothing\n"
        "  --into PLACE     leave the result there (a file; for PostgreSQL a new database) and the store as it is\n"
        "  --journal FOLDER another journal, such as one kept by an earlier restore\n"
        "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
        "  --set KEY=VALUE  sets one value after all files\n"
        "  --json           the report as one JSON object\n\n"
        "Examples:\n"
        "  cairn restore config/metaverse.yaml --until \"2026-03-29 02:30\" --dry-run\n"
        "  cairn restore config/metaverse.yaml --latest\n",
        configuration_options({{"--latest", false, "", false},
                               {"--until", true, "", false},
                               {"--seq", true, "", false},
                               {"--yes", false, "", false},
                               {"--dry-run", false, "", false},
                               {"--into", true, "", false},
                               {"--journal", true, "", false},
                               {"--json", false, "", false}}),
        restore};
}

}  // namespace cairn::core
