#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::core {

struct LogConfig {
    std::string level = "info";
    std::string format = "text";
    std::string file;
};

struct ShutdownConfig {
    Duration drain{5000};
    std::string notice = "The server is stopping. You will be back in a moment.";
};

struct ServerConfig {
    std::int64_t max_connections = 12000;
    std::int64_t max_online = 10000;
    std::int64_t sessions_per_player = 3;
    std::int64_t loops = 0;
    std::string default_space = "main";
    Duration close_empty_spaces{60000};
    Duration hello_within{5000};
    Duration heartbeat{25000};
    Duration slow_client_grace{10000};
    Rate messages{60, Duration{1000}};
    Bytes max_message{65536};
    Bytes outbox{1u << 20};
    std::int64_t outbox_messages = 512;
    ShutdownConfig shutdown;
};

struct JournalConfig {
    std::string folder = "journal";
    Bytes segment{16u << 20};
    Bytes max_disk{8ull << 30};
};

struct DurabilityConfig {
    std::string ack = "journal";
    Duration apply_every{100};
    std::int64_t apply_rows = 100;
    std::string on_storage_failure = "spool";
    std::int64_t group = 512;
    Duration wait{2};
    Duration coalesce{100};
    std::int64_t queue = 100000;
    Bytes queue_bytes{64u << 20};
    Bytes backlog{32u << 20};
    Duration remember_operations{24 * 3600 * 1000};
    Bytes remember_bytes{64u << 20};
    std::map<std::string, std::string> classes;
    std::vector<std::string> audit;
    Duration audit_keep{90ll * 24 * 3600 * 1000};
    bool auto_restore = true;
    bool allow_loss = false;
    JournalConfig journal;
};

struct KeepConfig {
    std::int64_t hourly = 24;
    std::int64_t daily = 30;
};

struct BackupConfig {
    bool enabled = true;
    std::string folder = "backups";
    std::string schedule = "0 * * * *";
    KeepConfig keep;
    std::string drill = "30 4 * * *";
    bool at_stop = true;
};

struct MaintenanceConfig {
    std::string vacuum = "0 3 * * *";
};

/// The top of a configuration file: what the host itself understands. Everything below `plugins` belongs to plugins.
struct HostConfig {
    std::int64_t cairn = 1;
    std::string name = "cairn";
    std::string profile = "production";
    std::string data_dir = "./data";
    std::string share_dir;
    std::vector<std::string> plugin_dirs;
    LogConfig log;
    ServerConfig server;
    std::string time_zone = "UTC";
    DurabilityConfig durability;
    BackupConfig backup;
    MaintenanceConfig maintenance;
    std::map<std::string, std::string> services;
    std::map<std::string, Document> plugins;
};

void describe(Fields<LogConfig>& f);
void describe(Fields<ShutdownConfig>& f);
void describe(Fields<ServerConfig>& f);
void describe(Fields<JournalConfig>& f);
void describe(Fields<DurabilityConfig>& f);
void describe(Fields<KeepConfig>& f);
void describe(Fields<BackupConfig>& f);
void describe(Fields<MaintenanceConfig>& f);
void describe(Fields<HostConfig>& f);

/// The folder with sql/ and the browser pages: `configured`, else `<executable>/../share/cairn` when it is there, else
/// the source tree that the program was built in. Absolute. [any]
std::string find_share_dir(const std::string& configured);

}  // namespace cairn::core
