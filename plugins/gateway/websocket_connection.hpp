#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <cairn/session.hpp>

#include <plugins/gateway/rules.hpp>
#include <plugins/gateway/websocket_frames.hpp>

namespace cairn::gateway {

/// Where a WebSocket's bytes leave: asked to gather them at the end of the turn.
class Outlet {
public:
    virtual ~Outlet() = default;
    virtual void wake_outlet() = 0;
};

/// One WebSocket: frames in, the host's session behind it, pings, and the close handshake of RFC 6455 section 7.
/// Knows no socket. [loop]
class WebSocketConnection final : public Connection, private FrameSink {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    WebSocketConnection(FrameParserPool& pool, const Rules& rules, Tallies& tallies, Outlet& outlet, TimePoint now);
    ~WebSocketConnection() override;

    /// Opens the session; throws what Sessions::open throws.
    void open(Sessions& sessions, Loop& loop, ConnectionInfo info);

    /// Bytes of the peer.
    void receive(std::string_view bytes, TimePoint now);
    /// Pings the silent, lets the dead go, minds slow messages.
    void check_time(TimePoint now);

    /// What to write next; 0 when nothing waits. When it is 0, ask closing_frame().
    std::size_t gather(std::span<std::string_view> out);
    void written(std::size_t bytes);
    /// Our Close, once, when everything before it has been written; the session is gone then.
    bool closing_frame(std::string& out);
    /// Both sides have said Close, or the peer is not worth waiting for: the transport may end.
    bool finished() const noexcept { return close_sent_ && peer_done_; }
    bool closing() const noexcept { return closing_; }

    /// Says `bye` and closes, as Session::end.
    void end(std::uint16_t code, std::string_view reason);
    /// The transport is gone: so is the session.
    void lost() noexcept { session_.reset(); }

    void wake() override;
    void close(std::uint16_t code, std::string_view reason) override;

private:
    void on_message(std::string_view message) override;
    void on_ping(std::string_view payload) override;
    void on_pong(std::string_view payload) override;
    void on_close(std::uint16_t code, std::string_view reason) override;
    void on_violation(std::uint16_t code, std::string_view why) override;

    const Rules& rules_;
    Tallies& tallies_;
    Outlet& outlet_;
    FrameReader reader_;
    std::unique_ptr<Session> session_;
    TimePoint heard_;
    TimePoint pinged_;
    std::string close_reason_;
    std::uint16_t close_code_ = 0;
    bool waiting_for_pong_ = false;
    bool closing_ = false;  ///< a Close of ours is due or sent; messages are not delivered any more
    bool close_sent_ = false;
    bool peer_done_ = false;  ///< the peer has said Close or broken a rule
};

}  // namespace cairn::gateway
