#include "core/spaces/host_metrics.hpp"

namespace cairn::core {

HostMetrics::HostMetrics(Metrics& metrics)
    : sessions(metrics.gauge("cairn_core_sessions", "Connections that speak cairn.v1")),
      players(metrics.gauge("cairn_core_players", "Players in spaces")),
      spaces(metrics.gauge("cairn_core_spaces", "Open spaces")),
      messages_in(metrics.counter("cairn_core_messages_in_total", "Messages received from clients")),
      messages_out(metrics.counter("cairn_core_messages_out_total", "Messages put into outboxes")),
      inputs_dropped(metrics.counter("cairn_core_inputs_dropped_total",
                                     "Messages dropped because too many of one client were undelivered")),
      ticks_left_out(
          metrics.counter("cairn_core_stream_ticks_left_out_total", "Position frames that slow readers did not get")),
      slow_readers(
          metrics.counter("cairn_core_slow_readers_total", "Connections closed because the reader was too slow")),
      floods(metrics.counter("cairn_core_floods_total", "Connections closed because the client sent far too much")),
      late_ticks(metrics.counter("cairn_core_late_ticks_total", "Ticks that began more than one tick late")),
      metrics_(metrics) {
    for (std::size_t i = 0; i < refused_.size(); ++i) {
        refused_[i] = &metrics.counter("cairn_core_refused_total", "Refused requests by code",
                                       {{"code", std::string(code_name(static_cast<Code>(i)))}});
    }
}

void HostMetrics::refused(Code code) noexcept {
    refused_[static_cast<std::size_t>(code)]->add();
}

const std::string& HostMetrics::label(const std::string& space) {
    return users_.contains(space) || users_.size() < kMaxSpaceLabels ? space : other_;
}

Counter& HostMetrics::faults(const std::string& plugin, const std::string& space) {
    const std::lock_guard lock(mutex_);
    return metrics_.counter("cairn_core_plugin_faults_total", "Exceptions that left a plugin's call",
                            {{"plugin", plugin}, {"space_id", label(space)}});
}

void HostMetrics::users_in(const std::string& space, double change) {
    const std::lock_guard lock(mutex_);
    const std::string& name = label(space);
    Gauge*& gauge = users_[name];
    if (!gauge) gauge = &metrics_.gauge("active_users_count", "Players in a space", {{"space_id", name}});
    gauge->add(change);
}

Gauge& HostMetrics::outbox_bytes(std::size_t loop) {
    return metrics_.gauge("cairn_core_outbox_bytes", "Bytes waiting to be written to clients",
                          {{"loop", std::to_string(loop)}});
}

}  // namespace cairn::core
