#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::gateway {

struct TlsSettings {
    std::string cert;
    std::string key;
    bool enabled() const noexcept { return !cert.empty() || !key.empty(); }
};

struct LimitSettings {
    std::int64_t max_connections = 12000;
    std::int64_t per_ip = 20;
    std::vector<std::string> per_ip_exempt{"127.0.0.0/8", "::1"};
    Rate connect_rate{10, Duration{60000}};
    std::int64_t connect_burst = 30;
    std::int64_t half_open = 512;
    Bytes header_bytes{16384};
    std::int64_t header_fields = 64;
    Duration header_time{5000};
    Duration body_time{60000};
    Duration idle_time{15000};
    Bytes max_message{65536};
    std::int64_t max_fragments = 64;
    Duration fragment_time{10000};
};

struct HeartbeatSettings {
    Duration every{25000};
    Duration timeout{20000};
};

/// Everything under `plugins: gateway:` in the YAML file.
struct Settings {
    std::string listen = "127.0.0.1:8080";
    std::string path = "/ws";
    std::vector<std::string> origins;
    bool require_origin = false;
    std::vector<std::string> trusted_proxies;
    TlsSettings tls;
    LimitSettings limits;
    HeartbeatSettings heartbeat;
};

void describe(Fields<TlsSettings>& f);
void describe(Fields<LimitSettings>& f);
void describe(Fields<HeartbeatSettings>& f);
void describe(Fields<Settings>& f);

}  // namespace cairn::gateway
