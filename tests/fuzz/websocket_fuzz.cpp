// Random bytes from a client, through a real socket and the whole state machine of a connection. The first bytes say
// how: from the very first request or after an upgrade, as they are or as frames that are masked as they should be, and
// how they are chopped. What reaches the session, and what leaves the server, must be in order whatever comes in.
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>

#include <plugins/gateway/http_head.hpp>
#include <plugins/gateway/shard.hpp>

#include "tests/plugins/gateway/support.hpp"

namespace {

using namespace cairn;
using namespace cairn::gateway;
using namespace cairn::gateway::testing;

void must_hold(bool condition) {
    if (!condition) std::abort();
}

/// A session that checks what it is told and answers each message with its length.
class CheckingSession final : public Session {
public:
    explicit CheckingSession(Connection& connection) : connection_(connection) {}
    void receive(std::string_view message) override {
        must_hold(!ended_ && message.size() <= 65536 && is_utf8(message));
        push(Frame::make(std::to_string(message.size())));
        if (message.starts_with("x")) end(close_code::kForbidden, "x");
    }
    void control(const Frame& frame) override { push(frame); }
    std::size_t gather(std::span<std::string_view> out) override {
        std::size_t count = 0;
        for (const Frame& frame : queue_) {
            if (count == out.size()) break;
            out[count] = frame.wire().substr(count == 0 ? sent_ : 0);
            ++count;
        }
        return count;
    }
    void written(std::size_t bytes) override {
        sent_ += bytes;
        while (!queue_.empty() && sent_ >= queue_.front().size()) {
            sent_ -= queue_.front().size();
            queue_.pop_front();
        }
        must_hold(!queue_.empty() || sent_ == 0);
    }
    std::size_t backlog() const noexcept override { return queue_.size(); }
    void end(std::uint16_t code, std::string_view reason) override {
        must_hold(!ended_);
        ended_ = true;
        push(Frame::make("bye"));
        connection_.close(code, reason);
    }

private:
    void push(Frame frame) {
        queue_.push_back(std::move(frame));
        connection_.wake();
    }
    Connection& connection_;
    std::deque<Frame> queue_;
    std::size_t sent_ = 0;
    bool ended_ = false;
};

class CheckingSessions final : public Sessions {
public:
    std::unique_ptr<Session> open(Loop&, Connection& connection, ConnectionInfo) override {
        return std::make_unique<CheckingSession>(connection);
    }
    std::size_t sessions_open() const noexcept override { return 0; }
};

/// Bytes as frames: opcode and flags, length, payload, again and again.
std::string as_frames(std::string_view bytes) {
    std::string wire;
    while (bytes.size() >= 2) {
        const auto flags = static_cast<unsigned char>(bytes[0]);
        const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(bytes[1]), bytes.size() - 2);
        const bool mask = (flags & 0x60u) != 0x60u;  // now and then one that is not masked
        wire += client_frame(bytes.substr(2, length), flags & 0x0fu, (flags & 0x80u) != 0, mask,
                             (flags & 0x70u) == 0x70u ? 4 : 0);
        bytes.remove_prefix(2 + length);
    }
    return wire;
}

/// Whole frames, unmasked, without reserved bits, and nothing after a Close.
void server_bytes_are_in_order(std::string bytes, bool ended) {
    const std::size_t head_end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.1 101 ") || head_end == std::string::npos) return;
    bytes.erase(0, head_end + 4);
    bool closed = false;
    for (const ServerFrame& frame : take_frames(bytes)) {
        must_hold(!closed);
        must_hold(frame.opcode == 1 || frame.opcode == 8 || frame.opcode == 9 || frame.opcode == 10);
        closed = frame.opcode == 8;
    }
    must_hold(!ended || bytes.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    static SmallHost small(1);
    static CheckingSessions sessions;
    static const bool kPrepared = [] {
        small.routes.routes.push_back(
            {"POST", "/x", [](const HttpRequest& request) { return HttpResponse::text(200, request.body); }});
        return true;
    }();
    static_cast<void>(kPrepared);
    static const HostServices host{small.loops,   sessions,  small.routes, small.background,
                                   small.metrics, small.log, small.clock};
    static const auto common = std::make_shared<Common>(Settings{}, host);

    const auto shard = std::make_shared<Shard>(small.loops.at(0), common);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
    TestSocket client(pair[1]);
    must_hold(common->limits.enter_total());
    shard->adopt(pair[0], *IpAddress::parse("127.0.0.1"), false);

    const unsigned mode = data[0];
    const std::size_t piece = 1 + data[1];
    const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
    std::string wire;
    if ((mode & 1u) != 0) wire = upgrade_request();
    if ((mode & 2u) != 0)
        wire += as_frames(input);
    else
        wire += input;
    for (std::size_t at = 0; at < wire.size() && !client.ended; at += piece) {
        client.send(std::string_view(wire).substr(at, piece));
        if ((mode & 4u) != 0) small.loops.hand(0).advance(Duration{200});
        small.turn(1);
        client.receive();
    }
    if ((mode & 8u) != 0) client.shut_sending();
    small.turn(3);
    client.receive();
    server_bytes_are_in_order(client.received, client.ended);

    bool gone = false;
    shard->close_all(close_code::kShutdown, "the server stops", Duration{10}, [&gone] { gone = true; });
    small.turn(1);
    client.receive();
    small.loops.hand(0).advance(Duration{20});
    small.turn(3);
    client.receive();
    server_bytes_are_in_order(client.received, client.ended);
    must_hold(gone && shard->size() == 0 && common->limits.open() == 0 && client.ended);
    must_hold(small.loops.hand(0).watched() == 0);
    return 0;
}
