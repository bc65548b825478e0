#include "plugins/storage_sqlite/migrator.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>

#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

using Place = std::pair<std::string, int>;  // plugin and number

std::string name_of(const std::string& plugin, int number, const std::string& what, const char* ending = ".sql") {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
    return "sql/" + plugin + "/sqlite/" + digits + "_" + what + ending;
}

std::string name_of(const services::Migration& m) {
    return name_of(m.plugin, m.number, m.what);
}

[[noreturn]] void refuse(const std::string& message) {
    throw Error(Code::internal, message);
}

void check_all(const std::map<Place, services::AppliedMigration>& applied, const std::map<Place, const services::Migration*>& known) {
    std::set<std::string> plugins;
    for (const auto& [place, migration] : known) plugins.insert(place.first);
    std::map<std::string, int> newest;
    for (const auto& [place, row] : applied) {
        if (plugins.count(place.first) == 0) continue;  // that plugin is not in the configuration today
        newest[place.first] = std::max(newest[place.first], place.second);
        const auto found = known.find(place);
        if (found == known.end()) {
            refuse("the database was written by a newer Cairn: it holds migration " +
                   name_of(place.first, place.second, row.what) +
                   ", which this installation does not have. Start the newer version, or restore a backup from before");
        }
        if (found->second->checksum != row.checksum) {
            refuse("migration " + name_of(*found->second) + " was changed after it had been applied (checksum " +
                   row.checksum.substr(0, 12) + " in the database, " + found->second->checksum.substr(0, 12) +
                   " in the file): put the old text back, and make the change in a new file with the next number");
        }
    }
    for (const auto& [place, migration] : known) {
        const auto last = newest.find(place.first);
        if (last != newest.end() && place.second < last->second && applied.count(place) == 0) {
            refuse("migration " + name_of(*migration) + " was never applied, but number " +
                   std::to_string(last->second) + " of the same plugin was: give it the next free number");
        }
    }
}

/// The line of `sql` at which `at` stands, from 1.
std::size_t line_of(const std::string& sql, const char* at) {
    return 1 + static_cast<std::size_t>(std::count(sql.data(), at, '\n'));
}

/// Runs all statements of the file `name`; an error names its line.
void run_script(Connection& connection, const std::string& sql, const std::string& name) {
    const char* at = sql.c_str();
    while (*at != '\0') {
        sqlite3_stmt* raw = nullptr;
        const char* tail = nullptr;
        int code = sqlite3_prepare_v2(connection.handle(), at, -1, &raw, &tail);
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
        const std::size_t first = std::string_view(at).find_first_not_of(" \t\r\n");
        const char* failed_at = at + (first == std::string_view::npos ? 0 : first);
        if (code == SQLITE_OK && raw != nullptr) {
            while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
            }
        } else if (code != SQLITE_OK && sqlite3_error_offset(connection.handle()) >= 0) {
            failed_at = at + sqlite3_error_offset(connection.handle());
        }
        if (code != SQLITE_OK && code != SQLITE_DONE) {
            const SqliteError error(
                connection.handle(), code,
                "apply " + name + ", line " + std::to_string(line_of(sql, failed_at)));
            const int primary = error.primary();
            if (primary != SQLITE_ERROR && primary != SQLITE_CONSTRAINT && primary != SQLITE_MISMATCH) throw error;
            refuse("cannot " + error.doing() + ": " + error.what() +
                   ". Nothing of this file was applied: correct it and start again");
        }
        at = tail;
    }
}

/// Runs the file within the transaction that has begun, and looks at what it leaves.
void run_whole(Connection& writer, const std::string& sql, const std::string& name) {
    run_script(writer, sql, name);
    if (!writer.in_transaction()) {
        refuse("migration " + name + " ends the transaction that it runs in: take BEGIN, COMMIT and ROLLBACK out");
    }
    Statement broken =
        writer.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1", "check references");
    if (broken.step()) {
        refuse("migration " + name + " leaves rows of " + broken.text(0) + " that refer to missing rows of " +
               broken.text(1) + ": nothing of it was applied");
    }
}

void apply_one(Connection& writer, const services::Migration& migration) {
    writer.execute("BEGIN IMMEDIATE", "begin " + name_of(migration));
    run_whole(writer, migration.sql, name_of(migration));
    Statement note =
        writer.prepare("INSERT INTO cairn_migrations (plugin, number, what, checksum) VALUES (?1, ?2, ?3, ?4)",
                       "note " + name_of(migration));
    note.bind_view(1, migration.plugin);
    note.bind(2, std::int64_t{migration.number});
    note.bind_view(3, migration.what);
    note.bind_view(4, migration.checksum);
    note.run();
    CAIRN_FAILPOINT("store.migrate");
    writer.execute("COMMIT", "commit " + name_of(migration));
}

/// Foreign keys do not act while tables are rebuilt (sqlite.org/lang_altertable.html, section 7) and are checked as a
/// whole at the end of each migration. They cannot be switched inside of a transaction.
class ForeignKeysOff {
public:
    explicit ForeignKeysOff(Connection& connection) : connection_(connection) {
        connection_.execute("PRAGMA foreign_keys=OFF", "set foreign_keys");
    }
    ~ForeignKeysOff() {
        connection_.rollback();
        sqlite3_exec(connection_.handle(), "PRAGMA foreign_keys=ON", nullptr, nullptr, nullptr);
    }
    ForeignKeysOff(const ForeignKeysOff&) = delete;
    ForeignKeysOff& operator=(const ForeignKeysOff&) = delete;

private:
    Connection& connection_;
};

}  // namespace

std::vector<services::AppliedMigration> read_applied(Connection& connection) {
    std::vector<services::AppliedMigration> applied;
    Statement statement = connection.prepare(
        "SELECT plugin, number, what, checksum, applied_at FROM cairn_migrations ORDER BY plugin, number",
        "read migrations");
    while (statement.step()) {
        applied.push_back({statement.text(0), static_cast<int>(statement.integer(1)), statement.text(2),
                           statement.text(3), statement.integer(4)});
    }
    return applied;
}

int apply_migrations(Connection& writer, std::span<const services::Migration> migrations) {
    std::map<Place, const services::Migration*> known;
    std::vector<std::string> plugins;  // as they come: what others build on comes first
    for (const services::Migration& migration : migrations) {
        const auto [place, fresh] = known.emplace(Place{migration.plugin, migration.number}, &migration);
        if (!fresh) {
            refuse("two migrations have the same number: " + name_of(*place->second) + " and " + name_of(migration) +
                   ": give the newer one the next free number");
        }
        if (std::find(plugins.begin(), plugins.end(), migration.plugin) == plugins.end()) {
            plugins.push_back(migration.plugin);
        }
    }
    std::map<Place, services::AppliedMigration> applied;
    for (services::AppliedMigration& row : read_applied(writer)) {
        Place place{row.plugin, row.number};
        applied.emplace(std::move(place), std::move(row));
    }
    check_all(applied, known);
    const ForeignKeysOff off(writer);
    int count = 0;
    for (const std::string& plugin : plugins) {
        for (auto at = known.lower_bound({plugin, 0}); at != known.end() && at->first.first == plugin; ++at) {
            if (applied.count(at->first) != 0) continue;
            apply_one(writer, *at->second);
            ++count;
        }
    }
    return count;
}

void take_back(Connection& writer, const services::Migration& migration) {
    const std::string name = name_of(migration.plugin, migration.number, migration.what, ".down.sql");
    if (migration.down.empty()) {
        throw Error(Code::conflict, "migration " + name_of(migration) + " cannot be taken back: there is no " + name +
                                        ". Restore a backup from before it");
    }
    int newest = 0;
    for (const services::AppliedMigration& row : read_applied(writer)) {
        if (row.plugin == migration.plugin) newest = std::max(newest, row.number);
    }
    if (newest != migration.number) {
        throw Error(Code::conflict, "migration " + name_of(migration) + " is not the newest one of " +
                                        migration.plugin + " that is applied" +
                                        (newest == 0 ? std::string(": none is")
                                                     : " (that is number " + std::to_string(newest) +
                                                           "): take that one back first"));
    }
    const ForeignKeysOff off(writer);
    writer.execute("BEGIN IMMEDIATE", "begin " + name);
    run_whole(writer, migration.down, name);
    Statement forget =
        writer.prepare("DELETE FROM cairn_migrations WHERE plugin = ?1 AND number = ?2", "forget " + name);
    forget.bind_view(1, migration.plugin);
    forget.bind(2, std::int64_t{migration.number});
    forget.run();
    CAIRN_FAILPOINT("store.migrate");
    writer.execute("COMMIT", "commit " + name);
}

}  // namespace cairn::storage_sqlite
