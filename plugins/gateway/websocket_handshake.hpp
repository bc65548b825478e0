#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <plugins/gateway/http_head.hpp>

namespace cairn::gateway {

/// scheme://host[:port] as browsers send it (RFC 6454 section 6.2): lower case, no path, no userinfo.
struct Origin {
    std::string scheme;  ///< "http" or "https"
    std::string host;    ///< with brackets when it is IPv6
    std::uint16_t port = 0;

    static std::optional<Origin> parse(std::string_view text);
    bool is_loopback() const noexcept;
    friend bool operator==(const Origin&, const Origin&) = default;
};

/// Which pages may open a WebSocket here: the defence against foreign pages that use a visitor's browser.
class OriginRule {
public:
    /// What the judgement depends on besides the Origin field.
    struct Peer {
        bool tls = false;            ///< the connection to us is TLS
        bool trusted_proxy = false;  ///< TLS may end at the proxy in front of us
        bool local = false;          ///< the peer is on this machine
    };

    OriginRule() = default;
    /// `allowed` empty: the page's own host only (and pages of this machine, when the peer is local). "*" allows all.
    /// Throws Error(invalid_field) when an entry is no origin.
    OriginRule(const std::vector<std::string>& allowed, bool required);
    /// A refusal with status 403, or none.
    Refusal judge(const RequestHead& head, const Peer& peer) const;
    bool allows_all() const noexcept { return all_; }
    /// Empty text, or why `text` is no origin.
    static std::string complaint(const std::string& text);

private:
    std::vector<Origin> allowed_;
    bool all_ = false;
    bool required_ = false;
};

/// What is answered to an upgrade request.
struct Handshake {
    Refusal refusal;     ///< status 0: switch protocols
    std::string answer;  ///< the whole 101 head
    std::string codec;   ///< the codec chosen
};

/// True when the client asks for a WebSocket, rightly or not.
bool wants_websocket(const RequestHead& head) noexcept;

/// Judges an upgrade by RFC 6455 section 4.2.1 and makes the answer of 4.2.2. `codecs` are the subprotocols known here,
/// the first is used when the client offers none. [any]
Handshake judge_handshake(const RequestHead& head, const OriginRule& origins, const OriginRule::Peer& peer,
                          const std::vector<std::string>& codecs);

/// Base64 of SHA-1 of key + GUID, RFC 6455 section 4.2.2.
std::string accept_key(std::string_view key);

}  // namespace cairn::gateway
