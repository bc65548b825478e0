#include <charconv>
#include <optional>

#include <cairn/error.hpp>

#include "core/app/migrate_verbs.hpp"

namespace cairn::core {
namespace {

std::optional<int> number_of(const Arguments& arguments) {
    if (!arguments.has("--to")) return std::nullopt;
    if (!arguments.has("--plugin")) {
        throw UsageError("--to needs --plugin", "Numbers count within one plugin, for example --plugin world --to 2.");
    }
    const std::string text = arguments.value("--to");
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) {
        throw UsageError("--to " + text + " is not a number of a migration", "Use 0 to take back all of the plugin.");
    }
    return number;
}

void print_plan(const std::vector<const services::Migration*>& back, const MigrateSession& session, std::ostream& out) {
    for (const services::Migration* migration : back) {
        out << "-- " << migration_file(session.engine(), *migration, ".down.sql") << "\n" << migration->down;
        if (migration->down.back() != '\n') out << "\n";
        out << "\n";
    }
}

int take_back(const std::vector<const services::Migration*>& back, MigrateSession& session, Terminal& terminal) {
    terminal.out << "database    " << session.place() << " (" << session.engine() << ")\n";
    const std::string backup = back_up_for_migration(session.kit());
    terminal.out << "backup      " << backup << std::endl;
    for (const services::Migration* migration : back) {
        session.store().migrate_down(*migration);
        terminal.out << "taken back  " << migration_file(session.engine(), *migration) << std::endl;
    }
    terminal.out << "The next start of this version applies " << (back.size() == 1 ? "it" : "them")
                 << " again. To stay without, start the older version now.\n";
    return exit_code::kOk;
}

int down(const Arguments& arguments, Terminal& terminal) {
    const std::optional<int> to = number_of(arguments);
    return with_migrations(arguments, terminal, false, [&](MigrateSession& session) {
        const auto back = migrations_to_take_back(session.rows(), arguments.value("--plugin"), to);
        session.check_journal();
        for (const services::Migration* migration : back) {
            const std::string loss = migration_loss(migration->down);
            if (loss.empty()) continue;
            terminal.err << "warning: " << migration_file(session.engine(), *migration) << ": " << loss << "\n";
        }
        if (arguments.has("--yes")) return take_back(back, session, terminal);
        print_plan(back, session, terminal.out);
        terminal.err << "Nothing was done. Add --yes to take back " << back.size()
                     << (back.size() == 1 ? " migration" : " migrations")
                     << "; a backup is written first. Then start the older version: this one applies "
                     << (back.size() == 1 ? "it" : "them") << " again at its next start.\n";
        return exit_code::kProblems;
    });
}

}  // namespace

Command migrate_down_command() {
    return {
        "migrate down",
        "FILE [-c FILE]… [--set KEY=VALUE]… [--plugin NAME [--to NUMBER]] [--yes]",
        "takes migrations back, newest first, after a backup",
        migrate_details(
            "For going back to an older version, which has to be started next: this one applies at each start what is "
            "missing.\n"
            "Runs the NNNN_what.down.sql files, each in a transaction of its own. Most of them lose data, and say so. "
            "Without --yes\n"
            "it only prints the SQL. With it, a backup goes to the backup folder first. The server must not be "
            "running.\n\n"
            "  --plugin NAME    of this plugin; without it, the one that was applied last of all\n"
            "  --to NUMBER      all of the plugin's above this number; 0: all. Without it, only the newest\n"
            "  --yes            does it\n",
            "\nExit code 0: taken back, 1: not (also without --yes), 2: wrong usage.\n\n"
            "Examples:\n"
            "  cairn migrate down config/metaverse.yaml --plugin chat\n"
            "  cairn migrate down config/metaverse.yaml --plugin world --to 2 --yes\n"),
        configuration_options({{"--plugin", true, "", false}, {"--to", true, "", false}, {"--yes", false, "", false}}),
        down};
}

}  // namespace cairn::core
