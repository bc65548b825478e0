#include "core/app/host_config.hpp"

#include <filesystem>

#include "core/plugins/plugin_library.hpp"
#include "core/schedule/cron.hpp"

namespace cairn::core {

using namespace std::chrono_literals;

namespace {

std::string fault_of_schedule(const std::string& text) {
    try {
        const Cron cron(text);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

std::string fault_of_optional_schedule(const std::string& text) {
    return text.empty() ? std::string() : fault_of_schedule(text);
}

std::string fault_of_time_zone(const std::string& name) {
    try {
        const TimeZone zone(name);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

void describe(Fields<LogConfig>& f) {
    f(&LogConfig::level, "level", "lines below this level are left out")
        .one_of({"trace", "debug", "info", "warning", "error"});
    f(&LogConfig::format, "format", "`text` for people, `json` for programs that collect logs")
        .one_of({"text", "json"});
    f(&LogConfig::file, "file", "write to this file instead of standard error");
}

void describe(Fields<ShutdownConfig>& f) {
    f(&ShutdownConfig::drain, "drain", "how long players who are connected may stay after SIGTERM").between(0s, 1h);
    f(&ShutdownConfig::notice, "notice", "what they are told meanwhile").length(0, 200).matching(Pattern::line);
}

void describe(Fields<ServerConfig>& f) {
    f(&ServerConfig::max_connections, "max_connections", "connections at once, those without a player included")
        .between(1, 1000000);
    f(&ServerConfig::max_online, "max_online", "players at once in all spaces together").between(1, 1000000);
    f(&ServerConfig::sessions_per_player, "sessions_per_player", "connections that one player may have at once")
        .between(1, 100);
    f(&ServerConfig::loops, "loops", "event loops; 0 means one per core").between(0, 256);
    f(&ServerConfig::default_space, "default_space", "where a player goes who names no space")
        .matching(Pattern::identifier);
    f(&ServerConfig::close_empty_spaces, "close_empty_spaces",
      "a space opened on demand closes after it was empty for this long")
        .between(0s, 24h);
    f(&ServerConfig::hello_within, "hello_within", "a connection that has not said hello by then is closed")
        .between(1s, 60s);
    f(&ServerConfig::heartbeat, "heartbeat", "how often a quiet connection is asked whether it is still there")
        .between(5s, 5min);
    f(&ServerConfig::slow_client_grace, "slow_client_grace",
      "how long a client may leave its outbox full before it is let go")
        .between(1s, 5min);
    f(&ServerConfig::messages, "messages", "messages of one player; the burst may be twice the count")
        .between(1, 100000);
    f(&ServerConfig::max_message, "max_message", "the longest message of a client").between(1024, 16 << 20);
    f(&ServerConfig::outbox, "outbox", "bytes that may wait for one client").between(64 << 10, 64 << 20);
    f(&ServerConfig::outbox_messages, "outbox_messages", "messages that may wait for one client").between(16, 65536);
    f(&ServerConfig::shutdown, "shutdown", "how the server goes down");
}

void describe(Fields<JournalConfig>& f) {
    f(&JournalConfig::folder, "folder", "where the journal lies; relative to data_dir").length(1, 4096);
    f(&JournalConfig::segment, "segment", "size of one of its files").between(1 << 20, 1 << 30);
    f(&JournalConfig::max_disk, "max_disk",
      "disk that it may take; old parts go first, and what the store does not hold yet never goes: then changes are "
      "refused")
        .between(64.0 * (1 << 20), 64.0 * 1024 * (1 << 30));
}

void describe(Fields<DurabilityConfig>& f) {
    f(&DurabilityConfig::ack, "ack",
      "when a change is answered: `journal` once it is in the journal on disk, `store` once the database holds it, too")
        .one_of({"journal", "store"});
    f(&DurabilityConfig::apply_every, "apply_every", "how long changes are collected before the store is written to")
        .between(1ms, 1h);
    f(&DurabilityConfig::apply_rows, "apply_rows", "so many changes are written earlier; 0: the time alone decides")
        .between(0, 1000000);
    f(&DurabilityConfig::on_storage_failure, "on_storage_failure",
      "while the store is away: `spool` goes on and keeps changes in the journal, `readonly` refuses changes, `stop` "
      "ends the server")
        .one_of({"spool", "readonly", "stop"});
    f(&DurabilityConfig::group, "group", "commits that share one write to disk at most").between(1, 10000);
    f(&DurabilityConfig::wait, "wait", "how long a small group waits for company while others are written")
        .between(0ms, 100ms);
    f(&DurabilityConfig::coalesce, "coalesce", "positions and the like are on disk at most this much later")
        .between(10ms, 10min);
    f(&DurabilityConfig::queue, "queue", "commits that may wait for the journal; more are refused")
        .between(100, 10000000);
    f(&DurabilityConfig::queue_bytes, "queue_bytes", "bytes that may wait for the journal; more are refused")
        .between(1 << 20, 4.0 * (1u << 30));
    f(&DurabilityConfig::backlog, "backlog",
      "memory for changes that the store does not hold yet; beyond, they are read back from the journal")
        .between(1 << 20, 4.0 * (1u << 30));
    f(&DurabilityConfig::remember_operations, "remember_operations",
      "a client's operation that comes again within this time is not applied again")
        .between(1min, 7 * 24h);
    f(&DurabilityConfig::remember_bytes, "remember_bytes", "memory for those operations; the oldest go first")
        .between(1 << 20, 4.0 * (1u << 30));
    f(&DurabilityConfig::classes, "classes",
      "overrides how hard something is held on to: `durable`, `coalesced` or `transient`; `cairn check` lists them")
        .example("{world.positions: durable}");
    f(&DurabilityConfig::audit, "audit", "tables whose every change is kept in audit_log: old row, new row, by whom")
        .example("[world_objects, uploaded_models]");
    f(&DurabilityConfig::audit_keep, "audit_keep", "how long audit_log keeps them").between(24h, 10 * 366 * 24h);
    f(&DurabilityConfig::auto_restore, "auto_restore",
      "a damaged database is put aside at the start and made anew from the newest verified backup and the journal");
    f(&DurabilityConfig::allow_loss, "allow_loss",
      "start although acknowledged changes cannot be reached; the log names them. Take it out again afterwards");
    f(&DurabilityConfig::journal, "journal", "the file that every change is in before it is answered");
}

void describe(Fields<KeepConfig>& f) {
    f(&KeepConfig::hourly, "hourly", "the newest backup of so many hours").between(1, 10000);
    f(&KeepConfig::daily, "daily", "the newest backup of so many days").between(1, 10000);
}

void describe(Fields<BackupConfig>& f) {
    f(&BackupConfig::enabled, "enabled", "false: no backups by time; `cairn backup now` works all the same");
    f(&BackupConfig::folder, "folder", "where backups go; relative to data_dir. Another disk is better")
        .length(1, 4096);
    f(&BackupConfig::schedule, "schedule", "when, as crontab(5) has it: minute hour day month weekday; or @hourly, @daily")
        .length(1, 200)
        .check(fault_of_schedule);
    f(&BackupConfig::keep, "keep", "which ones stay; the newest three verified ones always do");
    f(&BackupConfig::drill, "drill", "when a restore is tried beside the running server; empty: never")
        .length(0, 200)
        .check(fault_of_optional_schedule);
    f(&BackupConfig::at_stop, "at_stop", "one more at each stop, unless nothing has changed or it would take long");
}

void describe(Fields<MaintenanceConfig>& f) {
    f(&MaintenanceConfig::vacuum, "vacuum", "when the store gives unused space back; empty: never")
        .length(0, 200)
        .check(fault_of_optional_schedule);
}

void describe(Fields<HostConfig>& f) {
    f(&HostConfig::cairn, "cairn", "the version of this file's format").required().between(1, 1);
    f(&HostConfig::name, "name", "what this server is called").length(1, 64).matching(Pattern::name);
    f(&HostConfig::profile, "profile", "`development` allows core dumps; `production` keeps memory private")
        .one_of({"production", "development"});
    f(&HostConfig::data_dir, "data_dir", "folder for everything that lasts; relative to where cairn is started")
        .length(1, 4096);
    f(&HostConfig::share_dir, "share_dir", "folder with sql/ and the pages of the plugins beside the program; empty: found beside it, too");
    f(&HostConfig::plugin_dirs, "plugin_dirs", "folders searched for plugins, then for those of CAIRN_PLUGIN_PATH and beside the program; relative to this file. "
      "Tables and pages are taken from share/cairn beside such a folder")
        .example("[build/plugins]");
    f(&HostConfig::log, "log", "where and how the log is written");
    f(&HostConfig::server, "server", "limits and times of the whole server");
    f(&HostConfig::time_zone, "time_zone", "in which the times of backups and other jobs are meant")
        .length(1, 64)
        .check(fault_of_time_zone)
        .example("Europe/Berlin");
    f(&HostConfig::durability, "durability", "how changes reach the disk and the store");
    f(&HostConfig::backup, "backup", "copies of the store, by time");
    f(&HostConfig::maintenance, "maintenance", "work at quiet hours");
    f(&HostConfig::services, "services", "chooses the provider where two plugins offer one service")
        .example("{cairn.store: storage_sqlite}");
    f(&HostConfig::plugins, "plugins",
      "the plugins to load, each with its settings; `false` takes one out again that a file before this one named")
        .required();
}

std::string find_share_dir(const std::string& configured) {
    namespace fs = std::filesystem;
    if (!configured.empty()) return fs::absolute(configured).lexically_normal().string();
    const fs::path base = fs::path(executable_folder()).parent_path();
    const fs::path installed = base / "share" / "cairn";
    std::error_code error;
    if (fs::is_directory(installed / "sql", error)) return installed.string();
    return base.parent_path().parent_path().string();  // <tree>/build/<preset>/bin
}

}  // namespace cairn::core
