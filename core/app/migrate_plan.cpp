#include "core/app/migrate_verbs.hpp"

namespace cairn::core {
namespace {

int plan(const Arguments& arguments, Terminal& terminal) {
    return with_migrations(arguments, terminal, false, [&](MigrateSession& session) {
        const auto pending = pending_migrations(session.rows());
        if (arguments.has("--json")) {
            Document list = Document::list();
            for (const services::Migration* migration : pending) {
                list.push({{"plugin", migration->plugin},
                           {"number", migration->number},
                           {"what", migration->what},
                           {"file", migration_file(session.engine(), *migration)},
                           {"sql", migration->sql}});
            }
            const bool refused = migrations_refused(session.rows());
            terminal.out << Document{{"engine", session.engine()},
                                     {"database", session.place()},
                                     {"ok", !refused},
                                     {"pending", list}}
                                .to_json()
                         << "\n";
            if (refused) print_refusals(session, terminal.err);
            return refused ? exit_code::kProblems : exit_code::kOk;
        }
        if (print_refusals(session, terminal.err)) {
            terminal.err << "Nothing would be applied before that is mended.\n";
            return exit_code::kProblems;
        }
        // Comments of SQL, so that the answer as a whole is what would run.
        if (pending.empty()) terminal.out << "-- Nothing to do: everything is applied to " << session.place() << ".\n";
        for (const services::Migration* migration : pending) {
            terminal.out << "-- " << migration_file(session.engine(), *migration) << "\n" << migration->sql;
            if (migration->sql.back() != '\n') terminal.out << "\n";
            terminal.out << "\n";
        }
        terminal.out << "-- Whether the tables then fit what the plugins describe: cairn migrate check\n";
        return exit_code::kOk;
    });
}

}  // namespace

Command migrate_plan_command() {
    return {"migrate plan",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--json]",
            "prints the SQL that `migrate up` would run; changes nothing",
            migrate_details(
                "Prints every pending migration with the name of its file, in the order in which they would be "
                "applied. Nothing is\n"
                "applied, and a database that is not there yet is not made. The server must not be running.\n\n",
                "  --json           the answer as one JSON object\n\n"
                "Exit code 0: fine, also when there is nothing to do, 1: `migrate up` would refuse, 2: wrong usage.\n\n"
                "Example:\n  cairn migrate plan config/metaverse.yaml\n"),
            configuration_options({{"--json", false, "", false}}),
            plan};
}

}  // namespace cairn::core
