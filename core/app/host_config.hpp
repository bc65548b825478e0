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

struct DurabilityConfig {
    std::int64_t group = 512;
    Duration wait{2};
    Duration coalesce{100};
    std::int64_t queue = 100000;
    Bytes queue_bytes{64u << 20};
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
    DurabilityConfig durability;
    std::map<std::string, std::string> services;
    std::map<std::string, Document> plugins;
};

void describe(Fields<LogConfig>& f);
void describe(Fields<ShutdownConfig>& f);
void describe(Fields<ServerConfig>& f);
void describe(Fields<DurabilityConfig>& f);
void describe(Fields<HostConfig>& f);

/// The folder with sql/ and the browser pages: `configured`, else `<executable>/../share/cairn` when it is there, else
/// the source tree that the program was built in. Absolute. [any]
std::string find_share_dir(const std::string& configured);

}  // namespace cairn::core
