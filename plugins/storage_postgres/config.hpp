#pragma once

#include <string>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

#include "plugins/storage_postgres/database_url.hpp"

namespace cairn::storage_postgres {

struct PoolConfig {
    int size = 20;
    Duration idle{30000};
    Duration connect_timeout{2000};
};

struct BaseBackupConfig {
    std::string folder;
    std::string schedule = "@daily";
    int keep = 3;
};

struct Config {
    Secret url;
    Secret replica_url;
    Duration replica_max_lag{30000};
    std::string schema = "public";
    PoolConfig pool;
    Duration statement_timeout{5000};
    Duration lock_timeout{2000};
    std::string sslmode = "auto";
    std::string root_certificate;
    bool insecure = false;
    std::string durability = "strict";
    std::string integrity_check = "quick";
    bool row_level_security = false;
    std::string tools;
    Duration backup_timeout{3600000};
    BaseBackupConfig base_backup;
};

inline void describe(Fields<PoolConfig>& f) {
    f(&PoolConfig::size, "size", "connections for queries, at most").between(1, 1000);
    f(&PoolConfig::idle, "idle", "a connection that nobody has used for this long is closed")
        .between(Duration(1000), Duration(86400000));
    f(&PoolConfig::connect_timeout, "connect_timeout", "how long connecting may take; whole seconds, at least two")
        .between(Duration(2000), Duration(60000));
}

inline void describe(Fields<BaseBackupConfig>& f) {
    f(&BaseBackupConfig::folder, "folder",
      "where physical copies of the whole server go (pg_basebackup, verified), beside the ordinary backups; relative to "
      "data_dir; empty: none. "
      "The role needs the attribute REPLICATION")
        .max_length(4096);
    f(&BaseBackupConfig::schedule, "schedule", "when: five fields of cron, or @daily, @weekly").length(1, 100);
    f(&BaseBackupConfig::keep, "keep", "how many verified copies stay").between(1, 1000);
}

inline std::string url_trouble(const Secret& url) {
    if (url.empty()) return {};
    try {
        parse_url(url.reveal());
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

inline void describe(Fields<Config>& f) {
    f(&Config::url, "url", "the database: postgres://user:password@host:port/database?sslmode=…")
        .required()
        .example("${DATABASE_URL}")
        .check([](const Secret& url) {
            return url.empty() ? std::string("is empty: set DATABASE_URL to postgres://user:password@host:port/database")
                               : url_trouble(url);
        });
    f(&Config::replica_url, "replica_url",
      "a read replica for figures and reports; empty: none. While it is away or too far behind, the database itself "
      "answers")
        .example("${DATABASE_REPLICA_URL:-}")
        .check(url_trouble);
    f(&Config::replica_max_lag, "replica_max_lag", "a replica that is further behind is not asked")
        .between(Duration(1000), Duration(86400000));
    f(&Config::schema, "schema", "the schema that holds Cairn's tables; made when it is missing")
        .length(1, 63)
        .check([](const std::string& schema) {
            return is_plain_name(schema) ? std::string()
                                         : std::string("must be lower-case letters, digits and underscores");
        });
    f(&Config::pool, "pool", "connections for queries, beside the one that writes");
    f(&Config::statement_timeout, "statement_timeout", "the server ends a statement that takes longer")
        .between(Duration(100), Duration(600000));
    f(&Config::lock_timeout, "lock_timeout", "a statement that waits longer for a lock is ended and tried again")
        .between(Duration(100), Duration(600000));
    f(&Config::sslmode, "sslmode",
      "auto: verify-full, and prefer where the server is on this machine (a socket, loopback); the others as in libpq. "
      "sslmode in the URL goes before")
        .one_of({"auto", "verify-full", "verify-ca", "require", "prefer", "disable"});
    f(&Config::root_certificate, "root_certificate",
      "file with the certificates that the server's must lead to; empty: those of the system")
        .max_length(4096);
    f(&Config::insecure, "insecure",
      "allows an sslmode weaker than verify-full to another machine: who is on the way can read and change everything");
    f(&Config::durability, "durability",
      "strict: a server with fsync, full_page_writes or synchronous_commit off is refused; relaxed: it is taken, and a "
      "power loss may cost the last moments or the whole database")
        .one_of({"strict", "relaxed"});
    f(&Config::integrity_check, "integrity_check",
      "what is checked at the start: quick (all tables; in databases up to 64 MiB, and where the server has met damage, whole "
      "rows and the indexes too), startup (always all of that, slower), off")
        .one_of({"quick", "startup", "off"});
    f(&Config::row_level_security, "row_level_security",
      "other roles than Cairn's see only objects of spaces in which app.current_user_id has an active session");
    f(&Config::tools, "tools",
      "folder with pg_dump, pg_restore and pg_basebackup; empty: the newest of /usr/lib/postgresql, or PATH")
        .max_length(4096);
    f(&Config::backup_timeout, "backup_timeout", "a backup or a restore that takes longer is ended")
        .between(Duration(10000), Duration(7 * 86400000));
    f(&Config::base_backup, "base_backup", "physical copies of the whole server, for point-in-time recovery by PostgreSQL");
}

}  // namespace cairn::storage_postgres
