#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cairn/document.hpp>
#include <cairn/export.hpp>
#include <cairn/frame.hpp>

namespace cairn {

/// Somebody in a space. Valid inside a handler and while he is in the space: keep `id()` or `n()`, never the reference.
/// All calls [space].
class CAIRN_API Player {
public:
    virtual ~Player();
    /// Stable identity, minted by the server.
    virtual const std::string& id() const noexcept = 0;
    /// His number in this space: small, unique while he is in, given again later.
    virtual std::uint32_t n() const noexcept = 0;
    virtual const std::string& name() const noexcept = 0;
    virtual const std::string& avatar() const noexcept = 0;
    virtual const std::string& remote() const noexcept = 0;
    virtual const std::string& user_agent() const noexcept = 0;
    /// True when his identity carries the role ("admin", "moderator").
    virtual bool has_role(std::string_view role) const noexcept = 0;
    /// Changes what others see of him; welcome again under these after a reconnect.
    virtual void set_name(std::string name) = 0;
    virtual void set_avatar(std::string url) = 0;
    /// An event for him alone. It carries no event number and is not replayed on resume.
    virtual void send(std::string_view type, const Document& d, Delivery delivery = Delivery::must) = 0;
    virtual void send_json(std::string_view type, std::string_view d_json, Delivery delivery = Delivery::must) = 0;
    /// Says `bye` with the reason and closes his connection.
    virtual void disconnect(std::uint16_t close_code, std::string_view reason) = 0;
};

}  // namespace cairn
