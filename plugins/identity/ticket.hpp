#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::identity {

/// What a resume token says: who somebody was when it was given out.
struct Ticket {
    std::string id;
    std::string name;
    WallTime issued = 0;
};
void describe(Fields<Ticket>& f);

/// 32 bytes that only this server knows.
using Key = std::array<std::uint8_t, 32>;

/// Makes and checks resume tokens: `c1.<payload>.<tag>`, both parts base64url, the tag an HMAC-SHA-512-256 over
/// everything before it. The `c1` names the form, so that a later one can be told apart. Immutable. [any]
class TicketSigner {
public:
    /// Throws Error(internal) when libsodium cannot be used.
    explicit TicketSigner(const Key& key);
    ~TicketSigner();
    TicketSigner(const TicketSigner&) = delete;
    TicketSigner& operator=(const TicketSigner&) = delete;

    std::string seal(const Ticket& ticket) const;
    /// Nothing when the token is malformed, not ours, or older than `lifetime` (or from more than a minute ahead). The
    /// tag is compared in constant time, and before anything else of the token is looked at.
    std::optional<Ticket> open(std::string_view token, WallTime now, Duration lifetime) const;

private:
    Key key_;
};

}  // namespace cairn::identity
