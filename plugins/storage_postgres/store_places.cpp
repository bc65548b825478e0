// Backups of PostgresStore, and the databases beside it that they are restored to.

#include <unistd.h>

#include <filesystem>
#include <utility>

#include <cairn/error.hpp>

#include "plugins/storage_postgres/places.hpp"
#include "plugins/storage_postgres/postgres_store.hpp"

namespace cairn::storage_postgres {
namespace {

namespace fs = std::filesystem;

bool is_there(const std::string& path) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(path, ignored));
}

}  // namespace

/// pg_dump reads everything in one snapshot, cairn_watermark included, and syncs the file before it ends.
void PostgresStore::backup(const std::string& path) {
    require_open();
    if (is_there(path)) throw Error(Code::conflict, path + " exists already: name a new file");
    const Tools::Outcome outcome = Tools(options_.tools)
                                       .run("pg_dump", {"--format=custom", "--no-password", "--lock-wait-timeout=10000",
                                                        "--file=" + path},
                                            target_, options_.backup_timeout);
    if (outcome.good()) return;
    std::error_code ignored;
    fs::remove(path, ignored);
    throw Error(Code::unavailable, where() + ": pg_dump did not make a backup: " + outcome.said);
}

std::string PostgresStore::place_beside(std::string_view reason) const {
    try {
        return free_name(target_, reason);
    } catch (const PostgresError& failure) {
        throw error(failure);
    }
}

std::unique_ptr<services::Store> PostgresStore::elsewhere(const std::string& place) const {
    Options options = options_;
    options.url.database = place;
    options.replica = {};
    options.is_elsewhere = true;
    auto made = std::make_unique<PostgresStore>();
    made->configure(std::move(options), *log_, metrics_);
    return made;
}

void PostgresStore::fill(const std::string& path) {
    if (!is_there(path)) throw Error(Code::not_found, "there is no backup " + path);
    const Tools tools(options_.tools);
    const Tools::Outcome listed = tools.run("pg_restore", {"--list", path}, target_, options_.backup_timeout);
    if (!listed.good()) throw Error(Code::internal, "the backup " + path + " is damaged: " + listed.said);
    try {
        if (database_exists(target_, options_.url.database)) {
            throw Error(Code::conflict, where() + " exists already: a backup is restored to a new place only");
        }
        create_database(target_, options_.url.database);
    } catch (const PostgresError& failure) {
        const std::string help =
            failure.state() == "42501" ? " To restore, the role needs the right to make databases: ALTER ROLE … CREATEDB" : "";
        throw Error(error(failure).code(), error(failure).what() + help);
    }
    const Tools::Outcome outcome =
        tools.run("pg_restore", {"--exit-on-error", "--no-owner", "--no-password", "--jobs=2",
                                 "--dbname=" + options_.url.database, path},
                  target_, options_.backup_timeout);
    try {
        if (outcome.good()) {
            Target target = target_;
            target.statement_timeout = Duration(0);
            Connection(target).run("ANALYZE", "refresh the planner's figures");
            return;
        }
        drop_database(target_, options_.url.database);
    } catch (const PostgresError& failure) {
        throw error(failure);  // the server is away: the half of a database that stays behind is in nobody's way
    }
    const std::string what = "the backup " + path + " could not be restored to " + where() + ": " + outcome.said;
    if (!outcome.ended) throw Error(Code::unavailable, what);
    throw Error(Code::internal, what + ". It is damaged, or the role lacks rights that it needs");
}

void PostgresStore::remove() {
    if (!options_.is_elsewhere || !is_made_name(options_.url.database)) {
        throw Error(Code::forbidden, where() + " is not removed: only places that were made beside it are");
    }
    try {
        if (database_exists(target_, options_.url.database)) drop_database(target_, options_.url.database);
    } catch (const PostgresError& failure) {
        throw error(failure);
    }
}

std::string PostgresStore::replace_with(const std::string& place) {
    try {
        const bool stands = database_exists(target_, options_.url.database);
        std::string kept = stands ? free_name(target_, "quarantine") : std::string();
        exchange_databases(target_, place, kept);
        return kept;
    } catch (const PostgresError& failure) {
        if (failure.state() == "55006") {
            throw Error(Code::unavailable, where() + ": it cannot be put aside while others are connected to it or to " +
                                               place + " (" + failure.what() + "): end those sessions and try again");
        }
        throw error(failure);
    }
}

}  // namespace cairn::storage_postgres
