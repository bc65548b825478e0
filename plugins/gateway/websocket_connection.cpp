#include <plugins/gateway/websocket_connection.hpp>

#include <utility>

#include <cairn/frame.hpp>

namespace cairn::gateway {

namespace {

/// A pong may be left out when a newer ping is on its way (RFC 6455 section 5.5.3): nobody fills an outbox with pings.
constexpr std::size_t kPongBacklog = 65536;
constexpr std::size_t kMaxReason = 123;  // RFC 6455 section 5.5: control frames carry 125 bytes, two are the code

}  // namespace

WebSocketConnection::WebSocketConnection(FrameParserPool& pool, const Rules& rules, Tallies& tallies, Outlet& outlet,
                                         TimePoint now)
    : rules_(rules), tallies_(tallies), outlet_(outlet), reader_(pool, rules.frames, *this), heard_(now) {
    tallies_.websockets.add(1);
}

WebSocketConnection::~WebSocketConnection() {
    tallies_.websockets.add(-1);
}

void WebSocketConnection::open(Sessions& sessions, Loop& loop, ConnectionInfo info) {
    session_ = sessions.open(loop, *this, std::move(info));
}

void WebSocketConnection::receive(std::string_view bytes, TimePoint now) {
    heard_ = now;
    waiting_for_pong_ = false;
    reader_.feed(bytes, now);
}

void WebSocketConnection::check_time(TimePoint now) {
    if (closing_) return;
    reader_.check_time(now);
    if (closing_) return;
    if (waiting_for_pong_) {
        if (now - pinged_ < rules_.heartbeat_timeout) return;
        tallies_.silent.add();
        peer_done_ = true;
        end(close_code::kSlow, "no answer to a ping");
    } else if (now - heard_ >= rules_.heartbeat_every && session_) {
        waiting_for_pong_ = true;
        pinged_ = now;
        session_->control(Frame::make({}, Frame::Opcode::ping));
        outlet_.wake_outlet();
    }
}

std::size_t WebSocketConnection::gather(std::span<std::string_view> out) {
    return session_ ? session_->gather(out) : 0;
}

void WebSocketConnection::written(std::size_t bytes) {
    if (session_) session_->written(bytes);
}

bool WebSocketConnection::closing_frame(std::string& out) {
    if (!closing_ || close_sent_) return false;
    close_sent_ = true;
    session_.reset();
    std::string payload;
    if (close_code_ != 1005) {
        payload.push_back(static_cast<char>(close_code_ >> 8));
        payload.push_back(static_cast<char>(close_code_ & 0xff));
        payload += close_reason_;
    }
    out = Frame::make(payload, Frame::Opcode::close).wire();
    return true;
}

void WebSocketConnection::end(std::uint16_t code, std::string_view reason) {
    if (closing_) return;
    if (session_) session_->end(code, reason);
    close(code, reason);
}

void WebSocketConnection::wake() {
    outlet_.wake_outlet();
}

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
    if (closing_) return;
    closing_ = true;
    close_code_ = code;
    std::size_t length = std::min(reason.size(), kMaxReason);
    // Not in the middle of a character: a Close reason is UTF-8 (section 5.5.1).
    while (length > 0 && length < reason.size() && (static_cast<unsigned char>(reason[length]) & 0xc0u) == 0x80u)
        --length;
    close_reason_ = reason.substr(0, length);
    outlet_.wake_outlet();
}

void WebSocketConnection::on_message(std::string_view message) {
    if (closing_ || !session_) return;
    tallies_.messages.add();
    session_->receive(message);
}

void WebSocketConnection::on_ping(std::string_view payload) {
    if (closing_ || !session_ || session_->backlog() > kPongBacklog) return;
    session_->control(Frame::make(payload, Frame::Opcode::pong));
    outlet_.wake_outlet();
}

void WebSocketConnection::on_pong(std::string_view) {
    // Any byte counts as a sign of life; receive() has noted it.
}

void WebSocketConnection::on_close(std::uint16_t code, std::string_view) {
    peer_done_ = true;
    // The answer repeats the code (section 5.5.1); a player who leaves is told no `bye`.
    close(code, {});
    outlet_.wake_outlet();
}

void WebSocketConnection::on_violation(std::uint16_t code, std::string_view why) {
    peer_done_ = true;
    if (closing_) return outlet_.wake_outlet();
    tallies_.violations.add();
    end(code, why);
}

}  // namespace cairn::gateway
