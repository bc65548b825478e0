#pragma once

#include <optional>

#include <plugins/gateway/address.hpp>
#include <plugins/gateway/http_head.hpp>

namespace cairn::gateway {

/// The address that a chain of trusted proxies names in X-Forwarded-For: the rightmost one that is no such proxy
/// itself. What stands left of it was written by somebody we do not know. Ask only when the peer is a trusted proxy.
std::optional<IpAddress> forwarded_for(const RequestHead& head, const NetworkSet& trusted);

}  // namespace cairn::gateway
