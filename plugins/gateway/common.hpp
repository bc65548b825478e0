#pragma once

#include <memory>
#include <utility>

#include <plugins/gateway/ip_limits.hpp>
#include <plugins/gateway/rules.hpp>
#include <plugins/gateway/tls.hpp>

namespace cairn::gateway {

/// What all loops share. Owned by everybody who uses it, for a message between loops may arrive after the front door
/// has been closed.
struct Common {
    Common(const Settings& settings, const HostServices& services)
        : host(services),
          rules(settings, services.loops.size()),
          tallies(services.metrics),
          limits(limit_options(settings)),
          tls(settings.tls.enabled() ? std::make_unique<TlsContext>(settings.tls.cert, settings.tls.key) : nullptr) {}

    const HostServices host;
    const Rules rules;
    Tallies tallies;
    IpLimits limits;
    const std::unique_ptr<TlsContext> tls;  ///< null: plain HTTP
};

}  // namespace cairn::gateway
