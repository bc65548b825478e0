#include <algorithm>

#include <cairn/error.hpp>
#include <cairn/table_check.hpp>

#include "core/app/migrate_verbs.hpp"

namespace cairn::core {
namespace {

/// A database made from the migrations alone, which goes away with this object.
class ScratchDatabase {
public:
    explicit ScratchDatabase(MigrateSession& session)
        : store_(session.store().elsewhere(session.store().place_beside("check"))) {
        try {
            store_->open();
            store_->migrate(session.migrations());
        } catch (...) {
            remove();
            throw;
        }
    }
    ~ScratchDatabase() { remove(); }
    ScratchDatabase(const ScratchDatabase&) = delete;
    ScratchDatabase& operator=(const ScratchDatabase&) = delete;
    services::Store& store() noexcept { return *store_; }

private:
    void remove() noexcept {
        try {
            store_->close();
            store_->remove();
        } catch (const std::exception&) {
            // It stays beside the database under a name that says what it was for.
        }
    }
    std::unique_ptr<services::Store> store_;
};

/// As far as notes need it: columns, without keys.
StoredTable columns_of(services::Store& store, const std::string& table) {
    Query query;
    query.sql = store.engine() == "postgres"
                    ? "SELECT column_name::text, data_type::text, is_nullable::text = 'YES' FROM "
                      "information_schema.columns WHERE table_schema = current_schema() AND table_name = $1"
                    : "SELECT name, type, \"notnull\" = 0 FROM pragma_table_info($1)";
    query.parameters = {Document(table)};
    StoredTable stored;
    store.query(query, [&](std::span<const std::string>, std::span<const Document> values) {
        stored.columns.push_back({std::string(values[0].text()), std::string(values[1].text()),
                                  values[2].integer_or(0) != 0, false});
        return true;
    });
    return stored;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

struct Findings {
    std::string compared;  ///< what the descriptions were compared with, for people
    std::vector<std::string> problems;
    std::vector<std::string> notes;
};

Findings compare(services::Store& store, const std::vector<const TableSpec*>& tables) {
    Findings found;
    try {
        store.bind(tables, {});
    } catch (const Error& error) {
        if (error.code() != Code::internal) throw;
        // A line that does not name a plugin belongs to the one before (a CREATE TABLE).
        for (const std::string& line : lines_of(error.what())) {
            if (found.problems.empty() || line.starts_with("plugin ")) found.problems.push_back(line);
            else found.problems.back() += "\n" + line;
        }
    }
    const std::string engine(store.engine());
    if (engine != "sqlite" && engine != "postgres") return found;
    for (const TableSpec* table : tables) {
        for (std::string& note : table_notes(*table, engine, columns_of(store, table->name))) {
            found.notes.push_back(std::move(note));
        }
    }
    return found;
}

Findings look(MigrateSession& session) {
    const std::size_t pending = pending_migrations(session.rows()).size();
    if (session.is_open() && pending == 0) {
        Findings found = compare(session.store(), session.tables());
        found.compared = "the tables of " + session.place() + " (" + std::string(session.engine()) + ")";
        return found;
    }
    // What the next start would make of it.
    ScratchDatabase scratch(session);
    Findings found = compare(scratch.store(), session.tables());
    found.compared = "tables made from the migrations in sql/ (" + std::string(session.engine()) + "), as " +
                     std::to_string(pending) + " of them " + (pending == 1 ? "is" : "are") + " not applied yet";
    return found;
}

Document list_of(const std::vector<std::string>& sentences) {
    Document list = Document::list();
    for (const std::string& sentence : sentences) list.push(sentence);
    return list;
}

int check(const Arguments& arguments, Terminal& terminal) {
    return with_migrations(arguments, terminal, false, [&](MigrateSession& session) {
        if (print_refusals(session, terminal.err)) return exit_code::kProblems;
        const Findings found = look(session);
        const bool good = found.problems.empty();
        if (arguments.has("--json")) {
            terminal.out << Document{{"ok", good},
                                     {"engine", session.engine()},
                                     {"database", session.place()},
                                     {"compared", found.compared},
                                     {"problems", list_of(found.problems)},
                                     {"notes", list_of(found.notes)}}
                                .to_json()
                         << "\n";
            return good ? exit_code::kOk : exit_code::kProblems;
        }
        terminal.out << "Compared what the plugins describe with " << found.compared << ".\n";
        for (const std::string& problem : found.problems) terminal.err << "problem  " << problem << "\n";
        for (const std::string& note : found.notes) terminal.out << "note     " << note << "\n";
        if (good) {
            terminal.out << session.tables().size() << " tables fit.\n";
        } else {
            terminal.err << "The server would not start with " << (found.problems.size() == 1 ? "this" : "these")
                         << ".\n";
        }
        return good ? exit_code::kOk : exit_code::kProblems;
    });
}

}  // namespace

Command migrate_check_command() {
    return {"migrate check",
            "FILE [-c FILE]… [--set KEY=VALUE]… [--json]",
            "compares the tables of the database with what the plugins describe",
            migrate_details(
                "For each table that a plugin declares: a described member without a column or with one of another "
                "type, a column that\n"
                "must be given and is not described, NULL where one side does not know it, a key that is not unique. "
                "Each is a sentence\n"
                "with both sides and the SQL that mends it. While migrations are pending, a database made from all of "
                "them is compared\n"
                "instead, and removed again; the data is not touched. The server must not be running.\n\n"
                "Problems keep the server from starting. Notes do not: what they name works, with a flaw.\n\n",
                "  --json           the answer as one JSON object\n\n"
                "Exit code 0: they fit (also with notes), 1: not, 2: wrong usage.\n\n"
                "Example:\n  cairn migrate check config/metaverse.yaml\n"),
            configuration_options({{"--json", false, "", false}}),
            check};
}

}  // namespace cairn::core
