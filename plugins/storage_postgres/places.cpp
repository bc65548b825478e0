#include "plugins/storage_postgres/places.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>

#include "plugins/storage_postgres/values.hpp"

namespace cairn::storage_postgres {
namespace {

constexpr std::size_t kNameLength = 63;  // NAMEDATALEN - 1
constexpr Duration kCreateTimeout{120000};

/// A connection to a database of the server that is not `target`'s own.
std::unique_ptr<Connection> administer(Target target, Duration timeout = Duration(30000)) {
    target.statement_timeout = timeout;
    target.schema = "pg_catalog";
    const std::string own = target.url.database;
    for (const char* const other : {"postgres", "template1"}) {
        if (other == own) continue;
        target.url.database = other;
        try {
            return std::make_unique<Connection>(target);
        } catch (const PostgresError& error) {
            // The role may not be let into the one; when the server is away the other is not there either.
            if (error.state() == "08001" || other == std::string_view("template1")) throw;
        }
    }
    target.url.database = "postgres";
    return std::make_unique<Connection>(target);
}

std::string stamp() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    return std::string(text, std::strftime(text, sizeof text, "%Y%m%dt%H%M%S", &utc));
}

bool exists(Connection& connection, const std::string& name) {
    const std::array<const char*, 1> values{name.c_str()};
    const Result result =
        connection.run("SELECT 1 FROM pg_database WHERE datname = $1", values, "look for the database");
    return PQntuples(result.get()) == 1;
}

}  // namespace

bool is_made_name(std::string_view name) noexcept {
    // …_reason_20261121t073000[_2]
    constexpr std::size_t kStamp = 15;
    std::size_t end = name.size();
    if (const std::size_t last = name.rfind('_'); last != std::string_view::npos && name.size() - last - 1 < kStamp) {
        if (last + 1 == name.size()) return false;
        for (std::size_t i = last + 1; i < name.size(); ++i) {
            if (name[i] < '0' || name[i] > '9') return false;
        }
        end = last;
    }
    if (end < kStamp + 4) return false;
    const std::string_view time = name.substr(end - kStamp, kStamp);
    for (std::size_t i = 0; i < kStamp; ++i) {
        if (i == 8 ? time[i] != 't' : (time[i] < '0' || time[i] > '9')) return false;
    }
    const std::string_view before = name.substr(0, end - kStamp);
    return before.ends_with('_') && before.find('_') != before.size() - 1;
}

std::string free_name(const Target& target, std::string_view reason) {
    const auto connection = administer(target);
    const std::string tail = "_" + std::string(reason) + "_" + stamp();
    std::string base = target.url.database;
    for (int i = 1;; ++i) {
        const std::string end = i == 1 ? tail : tail + "_" + std::to_string(i);
        const std::string name = base.substr(0, kNameLength - std::min(kNameLength - 1, end.size())) + end;
        if (!exists(*connection, name)) return name;
    }
}

bool database_exists(const Target& target, const std::string& name) {
    return exists(*administer(target), name);
}

void create_database(const Target& target, const std::string& name) {
    // template0: nothing that somebody has added to template1 gets in the way of what is restored.
    administer(target, kCreateTimeout)
        ->run("CREATE DATABASE " + quoted(name) + " TEMPLATE template0 ENCODING 'UTF8'", "make a database");
}

void drop_database(const Target& target, const std::string& name) {
    administer(target, kCreateTimeout)->run("DROP DATABASE " + quoted(name) + " WITH (FORCE)", "drop a database");
}

void exchange_databases(const Target& target, const std::string& from, const std::string& kept) {
    const auto connection = administer(target);
    const std::string here = target.url.database;
    // Left-over sessions of our own role; those of others make the renaming fail, and the message says so.
    connection->run("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname IN (" + literal(here) +
                        ", " + literal(from) + ") AND usename = current_user AND pid <> pg_backend_pid()",
                    "end sessions");
    std::string renames = "BEGIN; ";
    if (!kept.empty()) renames += "ALTER DATABASE " + quoted(here) + " RENAME TO " + quoted(kept) + "; ";
    renames += "ALTER DATABASE " + quoted(from) + " RENAME TO " + quoted(here);
    connection->run(renames, "rename databases");
    connection->commit();
}

}  // namespace cairn::storage_postgres
