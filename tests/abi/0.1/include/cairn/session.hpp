#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <cairn/export.hpp>
#include <cairn/frame.hpp>
#include <cairn/loop.hpp>

namespace cairn {

/// Close codes of the wire (docs/protocol.md): 1000 to 1015 as in RFC 6455 section 7.4, the rest ours.
namespace close_code {
inline constexpr std::uint16_t kNormal = 1000, kShutdown = 1001, kProtocol = 1002, kUnsupported = 1003, kBadData = 1007,
                               kPolicy = 1008, kTooBig = 1009, kInternal = 1011, kOverload = 1013, kAuth = 4401,
                               kForbidden = 4403, kSlow = 4408, kReplaced = 4409, kFlood = 4429, kDegraded = 4503;
}

/// One transport connection, implemented by a gateway. Lives on one loop; every call comes on that loop.
class CAIRN_API Connection {
public:
    virtual ~Connection();
    /// The session has bytes to write: ask it by gather() at the end of this turn. May be called often. [loop]
    virtual void wake() = 0;
    /// Write what is queued (a `bye` is among it), then close with this code. No more input is wanted. [loop]
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

/// Who is at the other end, as far as the transport knows.
struct ConnectionInfo {
    std::string remote;      ///< address without port; already judged against trusted proxies
    std::string user_agent;  ///< cut to 256 bytes
    std::string codec;       ///< the subprotocol chosen: "cairn.v1+json"
    bool local = false;      ///< a loopback peer
};

/// The host's side of one connection: envelopes in, frames out. Created on the connection's loop, used only there.
/// Destroying it means that the transport is gone.
class CAIRN_API Session {
public:
    virtual ~Session();
    /// One complete message of the client. Never throws; what is wrong is answered. [loop]
    virtual void receive(std::string_view message) = 0;
    /// Puts a control frame (pong, ping) into the queue at a frame border. [loop]
    virtual void control(const Frame& frame) = 0;
    /// Fills `out` with what to write next, in order; returns how many entries are filled, 0: nothing waits. [loop]
    virtual std::size_t gather(std::span<std::string_view> out) = 0;
    /// `bytes` of what gather() gave have been written. [loop]
    virtual void written(std::size_t bytes) = 0;
    /// Bytes waiting. [loop]
    virtual std::size_t backlog() const noexcept = 0;
    /// Says `bye` with this code and reason to the client and then closes the connection. [loop]
    virtual void end(std::uint16_t code, std::string_view reason) = 0;
};

/// Opens sessions; what a gateway gets from the runtime.
class CAIRN_API Sessions {
public:
    virtual ~Sessions();
    /// The connection must outlive the session. Throws Error(full) when `server.max_connections` is reached and
    /// Error(not_ready) before the host serves or while it drains. [loop]
    virtual std::unique_ptr<Session> open(Loop& loop, Connection& connection, ConnectionInfo info) = 0;
    /// Sessions open now. [any]
    virtual std::size_t sessions_open() const noexcept = 0;
};

}  // namespace cairn
