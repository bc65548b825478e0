#include <plugins/gateway/rules.hpp>

#include <algorithm>

namespace cairn::gateway {

Rules::Rules(const Settings& settings, std::size_t loops)
    : origins(settings.origins, settings.require_origin),
      trusted_proxies(settings.trusted_proxies),
      path(settings.path),
      half_open_per_loop(std::max<std::size_t>(1, static_cast<std::size_t>(settings.limits.half_open) / loops)),
      header_time(settings.limits.header_time),
      body_time(settings.limits.body_time),
      idle_time(settings.limits.idle_time),
      heartbeat_every(settings.heartbeat.every),
      heartbeat_timeout(settings.heartbeat.timeout),
      tls(settings.tls.enabled()) {
    head.bytes = static_cast<std::size_t>(settings.limits.header_bytes.value);
    head.fields = static_cast<std::size_t>(settings.limits.header_fields);
    frames.message = static_cast<std::size_t>(settings.limits.max_message.value);
    frames.fragments = static_cast<std::size_t>(settings.limits.max_fragments);
    frames.fragment_time = settings.limits.fragment_time;
}

Tallies::Tallies(Metrics& m)
    : connections(m.gauge("cairn_gateway_connections", "connections open")),
      websockets(m.gauge("cairn_gateway_websockets", "WebSockets open")),
      accepted(m.counter("cairn_gateway_accepted_total", "connections accepted")),
      refused_full(m.counter("cairn_gateway_refused_total", "connections refused", {{"reason", "server_full"}})),
      refused_per_ip(m.counter("cairn_gateway_refused_total", "connections refused", {{"reason", "per_ip"}})),
      refused_rate(m.counter("cairn_gateway_refused_total", "connections refused", {{"reason", "connect_rate"}})),
      refused_descriptors(m.counter("cairn_gateway_refused_total", "connections refused", {{"reason", "descriptors"}})),
      dropped_half_open(m.counter("cairn_gateway_dropped_total", "connections dropped", {{"reason", "half_open"}})),
      dropped_slow(m.counter("cairn_gateway_dropped_total", "connections dropped", {{"reason", "slow"}})),
      upgrades(m.counter("cairn_gateway_upgrades_total", "WebSockets opened")),
      upgrades_refused(m.counter("cairn_gateway_upgrades_refused_total", "WebSocket requests refused")),
      messages(m.counter("cairn_gateway_messages_received_total", "WebSocket messages received")),
      violations(m.counter("cairn_gateway_violations_total",
                           "WebSockets closed because the client broke RFC 6455 or a limit")),
      silent(m.counter("cairn_gateway_silent_total", "WebSockets closed because a ping was not answered")),
      bytes_in(m.counter("cairn_gateway_received_bytes_total", "bytes read from sockets")),
      bytes_out(m.counter("cairn_gateway_sent_bytes_total", "bytes written to sockets")),
      answers{} {
    for (int hundreds = 1; hundreds < 6; ++hundreds)
        answers[hundreds] =
            &m.counter("cairn_gateway_answers_total", "HTTP answers", {{"status", std::to_string(hundreds) + "xx"}});
}

void Tallies::answered(int status) noexcept {
    const int hundreds = status / 100;
    if (hundreds >= 1 && hundreds < 6) answers[hundreds]->add();
}

}  // namespace cairn::gateway
