#include "plugins/storage_sqlite/migrator.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include "plugins/storage_sqlite/sqlite_error.hpp"

namespace cairn::storage_sqlite {
namespace {

using Place = std::pair<std::string, int>;  // plugin and number

struct Applied {
    std::string what;
    std::string checksum;
};

std::string name_of(const std::string& plugin, int number, const std::string& what) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
    return "sql/" + plugin + "/sqlite/" + digits + "_" + what + ".sql";
}

std::string name_of(const services::Migration& m) {
    return name_of(m.plugin, m.number, m.what);
}

[[noreturn]] void refuse(const std::string& message) {
    throw Error(Code::internal, message);
}

std::map<Place, Applied> read_applied(Connection& connection) {
    std::map<Place, Applied> applied;
    Statement statement =
        connection.prepare("SELECT plugin, number, what, checksum FROM cairn_migrations", "read migrations");
    while (statement.step()) {
        applied.emplace(Place{statement.text(0), static_cast<int>(statement.integer(1))},
                        Applied{statement.text(2), statement.text(3)});
    }
    return applied;
}

void check_all(const std::map<Place, Applied>& applied, const std::map<Place, const services::Migration*>& known) {
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

/// Runs all statements of the file; an error names its line.
void run_script(Connection& connection, const services::Migration& migration) {
    const char* at = migration.sql.c_str();
    while (*at != '\0') {
        sqlite3_stmt* raw = nullptr;
        const char* tail = nullptr;
        int code = sqlite3_prepare_v2(connection.handle(), at, -1, &raw, &tail);
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
        const char* failed_at = at;
        if (code == SQLITE_OK && raw != nullptr) {
            while ((code = sqlite3_step(raw)) == SQLITE_ROW) {
            }
            failed_at += std::string_view(at).find_first_not_of(" \t\r\n");
        } else if (code != SQLITE_OK && sqlite3_error_offset(connection.handle()) >= 0) {
            failed_at += sqlite3_error_offset(connection.handle());
        }
        if (code != SQLITE_OK && code != SQLITE_DONE) {
            const SqliteError error(
                connection.handle(), code,
                "apply " + name_of(migration) + ", line " + std::to_string(line_of(migration.sql, failed_at)));
            const int primary = error.primary();
            if (primary != SQLITE_ERROR && primary != SQLITE_CONSTRAINT && primary != SQLITE_MISMATCH) throw error;
            refuse("cannot " + error.doing() + ": " + error.what() +
                   ". Nothing of this file was applied: correct it and start again");
        }
        at = tail;
    }
}

void apply_one(Connection& writer, const services::Migration& migration) {
    writer.execute("BEGIN IMMEDIATE", "begin " + name_of(migration));
    run_script(writer, migration);
    if (!writer.in_transaction()) {
        refuse("migration " + name_of(migration) +
               " ends the transaction that it runs in: take BEGIN, COMMIT and ROLLBACK out");
    }
    Statement broken =
        writer.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1", "check references");
    if (broken.step()) {
        refuse("migration " + name_of(migration) + " leaves rows of " + broken.text(0) +
               " that refer to missing rows of " + broken.text(1) + ": nothing of it was applied");
    }
    broken.reset();
    Statement note =
        writer.prepare("INSERT INTO cairn_migrations (plugin, number, what, checksum) VALUES (?1, ?2, ?3, ?4)",
                       "note " + name_of(migration));
    note.bind_view(1, migration.plugin);
    note.bind(2, std::int64_t{migration.number});
    note.bind_view(3, migration.what);
    note.bind_view(4, migration.checksum);
    note.run();
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

int apply_migrations(Connection& writer, std::span<const services::Migration> migrations) {
    std::map<Place, const services::Migration*> known;
    for (const services::Migration& migration : migrations) {
        const auto [place, fresh] = known.emplace(Place{migration.plugin, migration.number}, &migration);
        if (!fresh) {
            refuse("two migrations have the same number: " + name_of(*place->second) + " and " + name_of(migration) +
                   ": give the newer one the next free number");
        }
    }
    const std::map<Place, Applied> applied = read_applied(writer);
    check_all(applied, known);
    const ForeignKeysOff off(writer);
    int count = 0;
    for (const auto& [place, migration] : known) {
        if (applied.count(place) != 0) continue;
        apply_one(writer, *migration);
        ++count;
    }
    return count;
}

}  // namespace cairn::storage_sqlite
