#include <plugins/gateway/settings.hpp>

#include <plugins/gateway/address.hpp>
#include <plugins/gateway/http_head.hpp>
#include <plugins/gateway/websocket_handshake.hpp>

namespace cairn::gateway {

namespace {

template <class Judge>
auto each(Judge judge) {
    return [judge](const std::vector<std::string>& entries) -> std::string {
        for (const std::string& entry : entries)
            if (std::string complaint = judge(entry); !complaint.empty()) return complaint;
        return {};
    };
}

std::string path_complaint(const std::string& path) {
    std::string decoded;
    if (!decode_path(path, decoded) && path == decoded && path.size() > 1 && path.back() != '/') return {};
    return "'" + path + "' is no path: write one that begins with '/' and does not end with it, for example /ws";
}

std::string tls_complaint(const TlsSettings& tls) {
    if (tls.cert.empty() == tls.key.empty()) return {};
    return std::string(tls.cert.empty() ? "cert" : "key") + " is missing: TLS needs both `cert` and `key`, or neither";
}

}  // namespace

void describe(Fields<TlsSettings>& f) {
    f(&TlsSettings::cert, "cert", "file with the certificate and the chain below it, PEM")
        .max_length(4096)
        .example("/etc/cairn/tls/full.pem");
    f(&TlsSettings::key, "key", "file with the private key, PEM").max_length(4096).example("/etc/cairn/tls/key.pem");
}

void describe(Fields<LimitSettings>& f) {
    f(&LimitSettings::max_connections, "max_connections", "connections at once; further ones are answered 503")
        .between(1, 1000000);
    f(&LimitSettings::per_ip, "per_ip", "connections at once from one address (IPv6: one /64)").between(1, 1000000);
    f(&LimitSettings::per_ip_exempt, "per_ip_exempt", "networks that per_ip and connect_rate do not count")
        .check(each(&NetworkSet::complaint))
        .example("[127.0.0.0/8, \"::1\"]");
    f(&LimitSettings::connect_rate, "connect_rate", "new connections from one address in the long run").at_least(1);
    f(&LimitSettings::connect_burst, "connect_burst", "new connections from one address at once").between(1, 1000000);
    f(&LimitSettings::half_open, "half_open",
      "connections that have not sent a whole request; beyond, the oldest is dropped")
        .between(1, 1000000);
    f(&LimitSettings::header_bytes, "header_bytes", "size of a request head").between(1024, 262144);
    f(&LimitSettings::header_fields, "header_fields", "fields of a request head").between(8, 256);
    f(&LimitSettings::header_time, "header_time",
      "from the first byte of a request (or the connect) to the end of its head")
        .between(Duration{100}, Duration{120000});
    f(&LimitSettings::body_time, "body_time", "for a whole request body; slower than 1 KiB/s is refused before that")
        .between(Duration{1000}, Duration{3600000});
    f(&LimitSettings::idle_time, "idle_time", "how long a connection may wait between two requests")
        .between(Duration{100}, Duration{600000});
    f(&LimitSettings::max_message, "max_message", "size of a WebSocket message; larger ones are closed with 1009")
        .between(1024, 16777216);
    f(&LimitSettings::max_fragments, "max_fragments", "frames of a WebSocket message").between(1, 65536);
    f(&LimitSettings::fragment_time, "fragment_time", "from the first byte of a WebSocket message to its last")
        .between(Duration{100}, Duration{600000});
}

void describe(Fields<HeartbeatSettings>& f) {
    f(&HeartbeatSettings::every, "every", "silence after which a player is pinged")
        .between(Duration{100}, Duration{3600000});
    f(&HeartbeatSettings::timeout, "timeout", "how long the answer may take before the player is let go (4408)")
        .between(Duration{100}, Duration{3600000});
}

void describe(Fields<Settings>& f) {
    f(&Settings::listen, "listen", "address and port of pages, routes and WebSockets; port 0 lets the system choose")
        .max_length(300)
        .check(&ListenAddress::complaint)
        .example("0.0.0.0:8080");
    f(&Settings::path, "path", "where WebSockets are opened").max_length(200).check(&path_complaint);
    f(&Settings::origins, "origins", "pages that may open a WebSocket; empty: only pages of this very host")
        .check(each(&OriginRule::complaint))
        .example("[https://world.example]");
    f(&Settings::require_origin, "require_origin", "refuse clients that are no browsers");
    f(&Settings::trusted_proxies, "trusted_proxies", "networks whose X-Forwarded-For is believed")
        .check(each(&NetworkSet::complaint))
        .example("[10.0.0.0/8]");
    f(&Settings::tls, "tls", "certificate and key; without them the gateway speaks plain HTTP").check(tls_complaint);
    f(&Settings::limits, "limits", "what one visitor, and all together, may use");
    f(&Settings::heartbeat, "heartbeat", "how silent players are noticed");
}

}  // namespace cairn::gateway
