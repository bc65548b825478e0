#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/http.hpp>
#include <cairn/log.hpp>
#include <cairn/loop.hpp>
#include <cairn/metrics.hpp>
#include <cairn/session.hpp>
#include <cairn/task.hpp>

#include <plugins/gateway/address.hpp>
#include <plugins/gateway/http_head.hpp>
#include <plugins/gateway/settings.hpp>
#include <plugins/gateway/websocket_frames.hpp>
#include <plugins/gateway/websocket_handshake.hpp>

namespace cairn::gateway {

/// What the front door uses of the host.
struct HostServices {
    Loops& loops;
    Sessions& sessions;
    const HttpRoutes& routes;
    Background& background;
    Metrics& metrics;
    Log& log;
    const Clock& clock;
};

/// The settings as the connections use them: parsed, and split over `loops` loops. Immutable.
struct Rules {
    /// Throws Error(invalid_field) when a setting is not understood.
    Rules(const Settings& settings, std::size_t loops);

    HeadLimits head;
    FrameLimits frames;
    OriginRule origins;
    NetworkSet trusted_proxies;
    std::string path;
    std::vector<std::string> codecs{"cairn.v1+json"};
    std::size_t half_open_per_loop;
    Duration header_time;
    Duration body_time;
    Duration idle_time;
    Duration heartbeat_every;
    Duration heartbeat_timeout;
    Duration linger{2000};        ///< how long a closed peer may take to go
    Duration write_stall{20000};  ///< how long an HTTP client may take nothing of its answer
    bool tls;                     ///< the listener speaks TLS
};

/// The gateway's numbers at /metrics. All [any].
struct Tallies {
    explicit Tallies(Metrics& metrics);
    Gauge& connections;
    Gauge& websockets;
    Counter& accepted;
    Counter& refused_full;
    Counter& refused_per_ip;
    Counter& refused_rate;
    Counter& refused_descriptors;
    Counter& dropped_half_open;
    Counter& dropped_slow;
    Counter& upgrades;
    Counter& upgrades_refused;
    Counter& messages;
    Counter& violations;
    Counter& silent;
    Counter& bytes_in;
    Counter& bytes_out;
    Counter* answers[6];  ///< by hundreds of the status; [0] is unused

    void answered(int status) noexcept;
};

}  // namespace cairn::gateway
