#include "plugins/storage_postgres/migrator.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>

#include "plugins/storage_postgres/values.hpp"

namespace cairn::storage_postgres {
namespace {

using Place = std::pair<std::string, int>;  // plugin and number

std::string name_of(const std::string& plugin, int number, const std::string& what) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
    return "sql/" + plugin + "/postgres/" + digits + "_" + what;
}

std::string name_of(const services::Migration& m) {
    return name_of(m.plugin, m.number, m.what) + ".sql";
}

[[noreturn]] void refuse(const std::string& message) {
    throw Error(Code::internal, message);
}

void check_all(const std::vector<services::AppliedMigration>& applied,
               const std::map<Place, const services::Migration*>& known) {
    std::set<std::string> plugins;
    for (const auto& [place, migration] : known) plugins.insert(place.first);
    std::map<std::string, int> newest;
    std::set<Place> there;
    for (const services::AppliedMigration& row : applied) {
        const Place place{row.plugin, row.number};
        there.insert(place);
        if (plugins.count(row.plugin) == 0) continue;  // that plugin is not in the configuration today
        newest[row.plugin] = std::max(newest[row.plugin], row.number);
        const auto found = known.find(place);
        if (found == known.end()) {
            refuse("the database was written by a newer Cairn: it holds migration " +
                   name_of(row.plugin, row.number, row.what) +
                   ".sql, which this installation does not have. Start the newer version, or restore a backup from before");
        }
        if (found->second->checksum != row.checksum) {
            refuse("migration " + name_of(*found->second) + " was changed after it had been applied (checksum " +
                   row.checksum.substr(0, 12) + " in the database, " + found->second->checksum.substr(0, 12) +
                   " in the file): put the old text back, and make the change in a new file with the next number");
        }
    }
    for (const auto& [place, migration] : known) {
        const auto last = newest.find(place.first);
        if (last != newest.end() && place.second < last->second && there.count(place) == 0) {
            refuse("migration " + name_of(*migration) + " was never applied, but number " +
                   std::to_string(last->second) + " of the same plugin was: give it the next free number");
        }
    }
}

/// The line of `sql` at which the character number `position` stands, both from 1. PostgreSQL counts code points.
std::string line_words(const std::string& sql, int position) {
    if (position <= 0) return {};
    std::size_t line = 1;
    int characters = 0;
    for (const char c : sql) {
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U && ++characters >= position) break;
        if (c == '\n') ++line;
    }
    return ", line " + std::to_string(line);
}

/// A transaction that is rolled back unless it has been committed.
class Transaction {
public:
    explicit Transaction(Connection& connection, const std::string& name) : connection_(connection), name_(name) {
        // A migration may take as long as it needs; it must not wait long for others, as all wait for it then.
        connection_.run("BEGIN; SET LOCAL lock_timeout = '10s'", "begin a migration");
        connection_.set_statement_timeout(Duration(0));
        before_ = connection_.ask("SELECT pg_current_xact_id()", "begin a migration");
    }
    ~Transaction() {
        connection_.rollback();
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void run(const std::string& sql) {
        try {
            connection_.run(sql, "migrate");
        } catch (const PostgresError& error) {
            const std::string_view group = error.state_class();
            if (error.is_lost() || group == "40" || group == "53" || group == "55" || group == "57" || group == "58" ||
                group == "XX") {
                throw;  // may pass, or damage
            }
            refuse("cannot apply " + name_ + line_words(sql, error.position()) + ": " + error.what() + " (SQLSTATE " +
                   error.state() + "). Nothing of this file was applied: correct it and start again");
        }
        if (!connection_.in_transaction() ||
            connection_.ask("SELECT pg_current_xact_id_if_assigned()", "look at the transaction") != before_) {
            refuse("migration " + name_ + " ends the transaction that it runs in: take BEGIN, COMMIT and ROLLBACK out");
        }
    }

private:
    Connection& connection_;
    const std::string& name_;
    std::string before_;
};

/// Puts the writer's time limit back, whatever happens.
class TimeLimit {
public:
    explicit TimeLimit(Connection& connection)
        : connection_(connection), was_(connection.ask("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'",
                                                       "look at the time limit")) {}
    ~TimeLimit() {
        try {
            connection_.rollback();
            if (connection_.is_alive()) connection_.set_statement_timeout(Duration(std::stoll(was_)));
        } catch (const std::exception&) {
            connection_.break_off();  // the next one begins with the right one
        }
    }
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;

private:
    Connection& connection_;
    std::string was_;
};

void apply_one(Connection& writer, const services::Migration& migration) {
    const std::string name = name_of(migration);
    Transaction transaction(writer, name);
    transaction.run(migration.sql);
    const std::string number = std::to_string(migration.number);
    const std::array<const char*, 4> values{migration.plugin.c_str(), number.c_str(), migration.what.c_str(),
                                            migration.checksum.c_str()};
    writer.run("INSERT INTO cairn_migrations (plugin, number, what, checksum) VALUES ($1, $2::integer, $3, $4)", values,
               "note a migration");
    CAIRN_FAILPOINT("store.migrate");
    writer.commit();
}

}  // namespace

std::vector<services::AppliedMigration> read_applied(Connection& connection) {
    const Result result = connection.run(
        "SELECT plugin, number, what, checksum, applied_at FROM cairn_migrations ORDER BY plugin COLLATE \"C\", number",
        "read migrations");
    std::vector<services::AppliedMigration> applied;
    for (int i = 0; i < PQntuples(result.get()); ++i) {
        const auto text = [&](int column) { return std::string(PQgetvalue(result.get(), i, column)); };
        applied.push_back({text(0), std::stoi(text(1)), text(2), text(3), parse_timestamp(text(4)).value_or(0)});
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
    const std::vector<services::AppliedMigration> applied = read_applied(writer);
    check_all(applied, known);
    std::set<Place> there;
    for (const services::AppliedMigration& row : applied) there.emplace(row.plugin, row.number);
    const TimeLimit limit(writer);
    int count = 0;
    for (const std::string& plugin : plugins) {
        for (auto at = known.lower_bound({plugin, 0}); at != known.end() && at->first.first == plugin; ++at) {
            if (there.count(at->first) != 0) continue;
            apply_one(writer, *at->second);
            ++count;
        }
    }
    return count;
}

void take_back(Connection& writer, const services::Migration& migration) {
    const std::string name = name_of(migration.plugin, migration.number, migration.what) + ".down.sql";
    if (migration.down.empty()) {
        throw Error(Code::conflict, "migration " + name_of(migration) + " cannot be taken back: there is no " + name +
                                        ". Restore a backup from before it");
    }
    int newest = 0;
    for (const services::AppliedMigration& row : read_applied(writer)) {
        if (row.plugin == migration.plugin) newest = std::max(newest, row.number);
    }
    if (newest != migration.number) {
        throw Error(Code::conflict, "migration " + name_of(migration) + " is not the newest one of " + migration.plugin +
                                        " that is applied" +
                                        (newest == 0 ? std::string(": none is")
                                                     : " (that is number " + std::to_string(newest) +
                                                           "): take that one back first"));
    }
    const TimeLimit limit(writer);
    Transaction transaction(writer, name);
    transaction.run(migration.down);
    const std::string number = std::to_string(migration.number);
    const std::array<const char*, 2> values{migration.plugin.c_str(), number.c_str()};
    writer.run("DELETE FROM cairn_migrations WHERE plugin = $1 AND number = $2::integer", values, "forget a migration");
    CAIRN_FAILPOINT("store.migrate");
    writer.commit();
}

}  // namespace cairn::storage_postgres
