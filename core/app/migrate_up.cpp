#include <cairn/error.hpp>

#include "core/app/migrate_verbs.hpp"

namespace cairn::core {
namespace {

/// Applies one after the other in the store, and says what has come of it also when one fails.
int apply(MigrateSession& session, Terminal& terminal) {
    const std::vector<const services::Migration*> pending = pending_migrations(session.rows());
    std::string failure;
    try {
        session.store().migrate(session.migrations());
    } catch (const Error& error) {
        failure = error.what();
    }
    session.refresh();
    const std::size_t left = pending_migrations(session.rows()).size();
    for (std::size_t i = 0; i + left < pending.size(); ++i) {
        terminal.out << "applied   " << migration_file(session.engine(), *pending[i]) << "\n";
    }
    if (failure.empty()) return exit_code::kOk;
    terminal.err << "cairn migrate up: " << failure << "\n";
    if (left > 0 && left < pending.size()) {
        terminal.err << "    What is listed as applied stays; `cairn migrate up` goes on after it.\n";
    }
    return exit_code::kProblems;
}

int up(const Arguments& arguments, Terminal& terminal) {
    return with_migrations(arguments, terminal, true, [&](MigrateSession& session) {
        if (print_refusals(session, terminal.err)) {
            terminal.err << "Nothing was applied.\n";
            return exit_code::kProblems;
        }
        terminal.out << "database  " << session.place() << " (" << session.engine() << ")\n";
        if (pending_migrations(session.rows()).empty()) {
            terminal.out << "Nothing to do: everything is applied.\n";
            return exit_code::kOk;
        }
        const std::string backup = back_up_before_migrations(session.kit());
        if (!backup.empty()) terminal.out << "backup    " << backup << std::endl;
        return apply(session, terminal);
    });
}

}  // namespace

Command migrate_up_command() {
    return {"migrate up",
            "FILE [-c FILE]… [--set KEY=VALUE]…",
            "applies the pending migrations, after a backup",
            migrate_details(
                "Brings the database up to date, as the next start of the server would. When the database holds "
                "anything, a backup\n"
                "of it goes to the backup folder first. Each migration runs in a transaction of its own: an "
                "interrupted one leaves\n"
                "nothing behind, and the next `up` goes on from there. The server must not be running.\n\n",
                "\nExit code 0: everything is applied, 1: not, 2: wrong usage.\n\n"
                "Example:\n  cairn migrate up config/metaverse.yaml\n"),
            configuration_options(),
            up};
}

}  // namespace cairn::core
