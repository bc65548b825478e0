#include <algorithm>

#include "core/app/migrate_verbs.hpp"

namespace cairn::core {

std::string migrate_details(std::string_view before, std::string_view after) {
    std::string text(before);
    text +=
        "  -c FILE          lays another file over the first; maps merge, everything else is replaced\n"
        "  --set KEY=VALUE  sets one value after all files\n";
    text += after;
    return text;
}

int with_migrations(const Arguments& arguments, Terminal& terminal, bool make,
                    const std::function<int(MigrateSession&)>& work) {
    const auto preparation = prepare(configuration_inputs(arguments));
    if (!preparation->ok()) {
        print_problems(*preparation, terminal.err, terminal.err_colour);
        return exit_code::kProblems;
    }
    quiet_log(terminal);
    MigrateSession session(*preparation, make);
    return work(session);
}

namespace {

constexpr std::size_t kGap = 2;

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()) + kGap, ' ');
    return text;
}

void print_table(const MigrateSession& session, std::ostream& out) {
    std::size_t plugin_width = 6;
    std::size_t what_width = 4;
    for (const MigrationRow& row : session.rows()) {
        plugin_width = std::max(plugin_width, row.plugin.size());
        what_width = std::max(what_width, row.what.size());
    }
    const auto line = [&](const std::string& plugin, const std::string& number, const std::string& what,
                          std::string_view state, const std::string& applied) {
        std::string text = padded(plugin, plugin_width) + padded(number, 6) + padded(what, what_width);
        text += padded(std::string(state), 7) + applied;
        text.erase(text.find_last_not_of(' ') + 1);
        out << text << "\n";
    };
    line("plugin", "number", "what", "state", "applied at");
    for (const MigrationRow& row : session.rows()) {
        line(row.plugin, migration_digits(row.number), row.what, migration_state_name(row.state),
             row.applied_at ? migration_time(*row.applied_at) : "");
    }
}

int status(const Arguments& arguments, Terminal& terminal) {
    return with_migrations(arguments, terminal, false, [&](MigrateSession& session) {
        if (arguments.has("--json")) {
            terminal.out << session.to_document().to_json() << "\n";
            return migrations_refused(session.rows()) ? exit_code::kProblems : exit_code::kOk;
        }
        terminal.out << "database  " << session.place() << " (" << session.engine() << ")\n\n";
        print_table(session, terminal.out);
        terminal.out << "\n";
        if (print_refusals(session, terminal.err)) return exit_code::kProblems;
        const std::size_t pending = pending_migrations(session.rows()).size();
        if (pending == 0) {
            terminal.out << "Everything is applied.\n";
        } else {
            terminal.out << pending
                         << " pending: `cairn migrate plan` shows their SQL, `cairn migrate up` applies them, "
                         << "and so does the next start of the server.\n";
        }
        return exit_code::kOk;
    });
}

}  // namespace

Command migrate_status_command() {
    return {"migrate status",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--json]",
            "lists the migrations of the database: applied, pending, changed, unknown",
            migrate_details(
                "Compares the files in sql/ with what the database says was applied to it. Changes nothing; the "
                "server must not\n"
                "be running. The states:\n\n"
                "  applied  is in the database\n"
                "  pending  the next start applies it, or `cairn migrate up`\n"
                "  changed  applied, and the file reads differently today\n"
                "  late     never applied, though a later number of the same plugin was\n"
                "  unknown  applied, and this installation has no such file: the database is newer\n"
                "  idle     applied for a plugin that is not in this configuration; left alone\n\n",
                "  --json           the answer as one JSON object\n\n"
                "Exit code 0: all applied or pending, 1: changed, late or unknown ones, 2: wrong usage.\n\n"
                "Example:\n  cairn migrate status config/metaverse.yaml\n"),
            configuration_options({{"--json", false, "", false}}),
            status};
}

}  // namespace cairn::core
