#include <plugins/gateway/websocket_handshake.hpp>

#include <algorithm>
#include <charconv>

#include <openssl/evp.h>

#include <cairn/error.hpp>

#include <plugins/gateway/address.hpp>

namespace cairn::gateway {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::uint16_t default_port(std::string_view scheme) noexcept {
    return scheme == "https" ? 443 : 80;
}

struct Authority {
    std::string host;
    std::optional<std::uint16_t> port;
};

std::optional<Authority> parse_authority(std::string_view text) {
    std::size_t colon = std::string_view::npos;
    if (!text.empty() && text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos || !IpAddress::parse(text.substr(0, end + 1))) return std::nullopt;
        if (end + 1 < text.size()) {
            if (text[end + 1] != ':') return std::nullopt;
            colon = end + 1;
        }
    } else {
        colon = text.find(':');
    }
    Authority made;
    made.host = text.substr(0, colon);
    if (made.host.empty() || made.host.size() > 255) return std::nullopt;
    if (colon == std::string_view::npos) return made;
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    made.port = port;
    return made;
}

/// RFC 6455 section 4.2.1, item 5: base64 of exactly 16 bytes, that is 22 characters and "==".
bool is_key(std::string_view key) noexcept {
    if (key.size() != 24 || key.substr(22) != "==") return false;
    return std::all_of(key.begin(), key.begin() + 22, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    });
}

std::vector<std::string_view> offered_codecs(const RequestHead& head, bool& valid) {
    std::vector<std::string_view> offered;
    valid = true;
    for (const auto& [name, value] : head.fields) {
        if (name != "sec-websocket-protocol") continue;
        std::string_view rest = value;
        for (;;) {
            const std::size_t comma = rest.find(',');
            const std::string_view codec = trim(rest.substr(0, comma));
            // Section 4.1, item 10: unique tokens.
            if (!is_token(codec) || std::find(offered.begin(), offered.end(), codec) != offered.end() ||
                offered.size() >= 32) {
                valid = false;
                return offered;
            }
            offered.push_back(codec);
            if (comma == std::string_view::npos) break;
            rest = rest.substr(comma + 1);
        }
    }
    return offered;
}

}  // namespace

std::optional<Origin> Origin::parse(std::string_view text) {
    Origin made;
    if (text.starts_with("https://"))
        made.scheme = "https";
    else if (text.starts_with("http://"))
        made.scheme = "http";
    else
        return std::nullopt;
    const std::string_view rest = text.substr(made.scheme.size() + 3);
    const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view(".-_:[]").find(c) != std::string_view::npos;
    });
    if (!plain) return std::nullopt;
    const auto authority = parse_authority(rest);
    if (!authority) return std::nullopt;
    made.host = authority->host;
    made.port = authority->port.value_or(default_port(made.scheme));
    return made;
}

bool Origin::is_loopback() const noexcept {
    if (host == "localhost" || host.ends_with(".localhost")) return true;
    const auto address = IpAddress::parse(host);
    return address && address->is_loopback();
}

OriginRule::OriginRule(const std::vector<std::string>& allowed, bool required) : required_(required) {
    for (const std::string& text : allowed) {
        if (text == "*") {
            all_ = true;
        } else if (const auto origin = Origin::parse(text)) {
            allowed_.push_back(*origin);
        } else {
            throw Error(Code::invalid_field, complaint(text));
        }
    }
}

std::string OriginRule::complaint(const std::string& text) {
    if (text == "*" || Origin::parse(text)) return {};
    return "'" + text +
           "' is no origin: write scheme, host and port as the browser's address bar begins, in lower case and "
           "without a path, for example https://world.example or http://localhost:5173";
}

Refusal OriginRule::judge(const RequestHead& head, const Peer& peer) const {
    const std::size_t count = head.count("origin");
    if (count == 0) {
        // Browsers always send it (RFC 6455 section 4.1, item 8); see docs/decisions/0002-absent-origin.md.
        if (required_) return {403, "this server answers browsers only: the Origin field is missing"};
        return {};
    }
    if (count > 1) return {403, "more than one Origin field"};
    const std::string_view text = head.field("origin");
    const auto origin = Origin::parse(text);
    if (!origin) return {403, "the Origin field names no page that may connect here"};
    if (all_) return {};
    if (!allowed_.empty()) {
        if (std::find(allowed_.begin(), allowed_.end(), *origin) != allowed_.end()) return {};
        return {403, "pages of " + std::string(text) + " may not connect here; the gateway's `origins` lists who may"};
    }
    const bool scheme_fits = peer.tls ? origin->scheme == "https" : origin->scheme == "http" || peer.trusted_proxy;
    const auto own = parse_authority(lower_case(head.host));
    if (own && scheme_fits && own->host == origin->host &&
        own->port.value_or(default_port(origin->scheme)) == origin->port)
        return {};
    if (peer.local && origin->is_loopback()) return {};
    return {403, "pages of " + std::string(text) + " may not connect to " + head.host +
                     "; list them under the gateway's `origins` to let them in"};
}

bool wants_websocket(const RequestHead& head) noexcept {
    return head.has_token("upgrade", "websocket") || head.count("sec-websocket-key") > 0;
}

Handshake judge_handshake(const RequestHead& head, const OriginRule& origins, const OriginRule::Peer& peer,
                          const std::vector<std::string>& codecs) {
    const auto refuse = [](int status, std::string reason) {
        Handshake refused;
        refused.refusal = {status, std::move(reason)};
        return refused;
    };
    if (head.method != "GET") return refuse(405, "a WebSocket is opened with GET");
    if (head.minor != 1) return refuse(400, "a WebSocket needs HTTP/1.1");
    if (head.has_body()) return refuse(400, "a WebSocket request has no body");
    if (!head.has_token("upgrade", "websocket"))
        return refuse(426, "this address speaks WebSocket: `Upgrade: websocket` is missing");
    if (!head.has_token("connection", "upgrade")) return refuse(400, "`Connection: Upgrade` is missing");
    if (head.count("sec-websocket-version") != 1 || head.field("sec-websocket-version") != "13")
        return refuse(426, "the WebSocket version spoken here is 13");
    if (head.count("sec-websocket-key") != 1 || !is_key(head.field("sec-websocket-key")))
        return refuse(400, "Sec-WebSocket-Key is not 16 bytes in base64");
    if (Refusal refusal = origins.judge(head, peer)) return refuse(refusal.status, std::move(refusal.reason));

    bool valid = false;
    const auto offered = offered_codecs(head, valid);
    if (!valid) return refuse(400, "Sec-WebSocket-Protocol is not a list of different tokens");
    Handshake made;
    made.codec = codecs.front();
    if (!offered.empty()) {
        const auto chosen = std::find_if(offered.begin(), offered.end(), [&](std::string_view codec) {
            return std::find(codecs.begin(), codecs.end(), codec) != codecs.end();
        });
        if (chosen == offered.end())
            return refuse(400, "none of the subprotocols offered is known here; known is " + codecs.front());
        made.codec = *chosen;
    }
    made.answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        accept_key(head.field("sec-websocket-key")) + "\r\n";
    if (!offered.empty()) made.answer += "Sec-WebSocket-Protocol: " + made.codec + "\r\n";
    made.answer += "\r\n";
    return made;
}

std::string accept_key(std::string_view key) {
    std::string text(key);
    text += kGuid;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1)
        throw Error(Code::internal,
                    "OpenSSL gives no SHA-1, which a WebSocket handshake needs: enable its default provider");
    unsigned char buffer[32];
    const int length = EVP_EncodeBlock(buffer, digest, static_cast<int>(size));
    return {reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(length)};
}

}  // namespace cairn::gateway
