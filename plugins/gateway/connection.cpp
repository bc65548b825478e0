#include <plugins/gateway/connection.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <cairn/error.hpp>

#include <plugins/gateway/forwarded_for.hpp>
#include <plugins/gateway/shard.hpp>
#include <plugins/gateway/websocket_handshake.hpp>

namespace cairn::gateway {

namespace {

constexpr std::size_t kReadPerTurn = 262144;  // one fast sender must not keep the loop
constexpr std::size_t kMaxDiscard = 262144;   // what a closed peer may still send before it is cut off

}  // namespace

ClientConnection::ClientConnection(Shard& shard, int fd, const IpAddress& peer, bool counted, TlsContext* tls)
    : shard_(shard),
      fd_(fd),
      counted_(counted),
      id_(shard.next_id_++),
      peer_(peer),
      progress_(shard.loop_.now()),
      tls_(tls != nullptr ? std::make_unique<TlsChannel>(*tls) : nullptr),
      http_(
          std::make_unique<HttpExchange>(shard.rules_, shard.host_.routes, shard.tallies_, *this, shard.loop_.now())) {}

ClientConnection::~ClientConnection() {
    if (fd_ >= 0) ::close(fd_);
}

void ClientConnection::on_io(bool readable, bool writable, bool hangup) {
    if (phase_ == Phase::dead) return;
    if (writable && blocked_) {
        blocked_ = false;
        shard_.mark_dirty(*this);
    }
    if (readable || hangup) {
        unread_ = true;
        hangup_ = hangup_ || hangup;
        read_all();
    }
}

bool ClientConnection::wants_input() const noexcept {
    switch (phase_) {
        case Phase::http:
            return leftover_.empty() && http_->wants_input();
        case Phase::websocket:
        case Phase::lingering:
            return true;
        case Phase::dead:
            return false;
    }
    return false;
}

void ClientConnection::read_all() {
    std::size_t budget = kReadPerTurn;
    std::vector<char>& buffer = shard_.read_buffer_;
    while (unread_ && wants_input()) {
        if (budget == 0) return shard_.read_later(*this);
        const std::size_t room = std::min(buffer.size(), budget);
        const ssize_t got = ::recv(fd_, buffer.data(), room, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            unread_ = false;
            if (errno != EAGAIN && errno != EWOULDBLOCK) kill();
            return;
        }
        if (got == 0) {
            unread_ = false;
            return on_eof();
        }
        budget -= static_cast<std::size_t>(got);
        // epoll(7), Q9: a short read from a stream empties it; more bytes, or the end, are announced anew.
        if (static_cast<std::size_t>(got) < room && !hangup_) unread_ = false;
        shard_.tallies_.bytes_in.add(static_cast<double>(got));
        on_wire({buffer.data(), static_cast<std::size_t>(got)});
    }
}

void ClientConnection::on_wire(std::string_view bytes) {
    if (!tls_) return on_plain(bytes);
    tls_->feed(bytes);
    bool ended = false;
    while (phase_ != Phase::dead) {
        std::size_t size = 0;
        const auto status = tls_->read(shard_.plain_buffer_, size);
        if (status == TlsChannel::Status::data) {
            on_plain({shard_.plain_buffer_.data(), size});
            continue;
        }
        ended = status != TlsChannel::Status::need_more;
        break;
    }
    if (phase_ == Phase::dead) return;
    // Handshake messages, or the alert that says what was wrong.
    if (!tls_->output().empty()) shard_.mark_dirty(*this);
    if (!ended) return;
    if (!blocked_ && !tls_->output().empty()) push(tls_->output());
    on_eof();
}

void ClientConnection::on_plain(std::string_view bytes) {
    const TimePoint now = shard_.loop_.now();
    while (phase_ == Phase::http && !bytes.empty() && http_->wants_input()) {
        bytes.remove_prefix(http_->feed(bytes, now));
        note_half_open();
        if (http_->stage() == HttpExchange::Stage::upgrade) upgrade();
    }
    if (bytes.empty() || phase_ == Phase::dead) return;
    if (phase_ == Phase::websocket) {
        websocket_->receive(bytes, now);
    } else if (phase_ == Phase::lingering || http_->stage() == HttpExchange::Stage::finished) {
        discarded_ += bytes.size();
        if (discarded_ > kMaxDiscard) kill();
    } else {
        leftover_.append(bytes);
    }
}

void ClientConnection::on_eof() {
    eof_ = true;
    if (phase_ == Phase::websocket || phase_ == Phase::lingering) return kill();
    // Who has asked and then shut his sending side may still want the answer.
    if (phase_ == Phase::http && http_->wants_input()) kill();
}

void ClientConnection::note_half_open() {
    if (phase_ == Phase::http && http_->half_open())
        shard_.enter_half_open(*this);
    else
        shard_.leave_half_open(*this);
}

void ClientConnection::upgrade() {
    const RequestHead head = http_->head();
    const bool trusted = shard_.rules_.trusted_proxies.contains(peer_);
    const std::string address = remote(head);
    const auto refuse = [&](int status, std::string_view reason) {
        shard_.tallies_.upgrades_refused.add();
        http_->refuse(status, reason);
    };
    Handshake handshake = judge_handshake(
        head, shard_.rules_.origins, {tls_ != nullptr, trusted, peer_.is_loopback() && !trusted}, shard_.rules_.codecs);
    if (handshake.refusal) return refuse(handshake.refusal.status, handshake.refusal.reason);
    if (trusted) {
        if (const auto behind = forwarded_for(head, shard_.rules_.trusted_proxies)) {
            if (shard_.limits_.enter(*behind, shard_.loop_.now()) != IpLimits::Verdict::admitted)
                return refuse(429, "too many connections from " + address + "; close some or wait a minute");
            forwarded_ = *behind;
            forwarded_counted_ = true;
        }
    }
    auto websocket = std::make_unique<WebSocketConnection>(shard_.parsers_, shard_.rules_, shard_.tallies_, *this,
                                                           shard_.loop_.now());
    ConnectionInfo info;
    info.remote = address;
    info.user_agent = std::string(head.field("user-agent").substr(0, 256));
    info.codec = handshake.codec;
    info.local = peer_.is_loopback() && !trusted;
    try {
        websocket->open(shard_.host_.sessions, shard_.loop_, std::move(info));
    } catch (const Error& error) {
        return refuse(503, error.what());
    }
    shard_.tallies_.upgrades.add();
    shard_.tallies_.answered(101);
    send(std::move(handshake.answer));
    websocket_ = std::move(websocket);
    http_.reset();
    phase_ = Phase::websocket;
    shard_.leave_half_open(*this);
}

void ClientConnection::check_time(TimePoint now) {
    switch (phase_) {
        case Phase::dead:
            return;
        case Phase::lingering:
            if (now - progress_ > shard_.rules_.linger) kill();
            return;
        case Phase::websocket:
            websocket_->check_time(now);
            if (!websocket_->closing()) return;
            if (closing_since_ == TimePoint{})
                closing_since_ = now;
            else if (now - closing_since_ > shard_.rules_.linger)
                kill();
            return;
        case Phase::http:
            if (http_->check_time(now)) {
                shard_.tallies_.dropped_slow.add();
                shard_.leave_half_open(*this);
                shard_.mark_dirty(*this);
            } else if (http_->stage() == HttpExchange::Stage::answering && blocked_ &&
                       now - progress_ > shard_.rules_.write_stall) {
                shard_.tallies_.dropped_slow.add();
                kill();
            }
            return;
    }
}

void ClientConnection::shut(std::uint16_t code, std::string_view reason) {
    if (phase_ == Phase::websocket) {
        websocket_->end(code, reason);
    } else if (phase_ == Phase::http && http_->wants_input()) {
        kill();
    }
}

void ClientConnection::kill() noexcept {
    if (phase_ == Phase::dead) return;
    phase_ = Phase::dead;
    shard_.loop_.unwatch(fd_);
    ::close(fd_);
    fd_ = -1;
    if (counted_) shard_.limits_.leave(peer_);
    if (forwarded_counted_) shard_.limits_.leave(forwarded_);
    shard_.limits_.leave_total();
    if (websocket_) websocket_->lost();
    shard_.retire(*this);
}

void ClientConnection::answered(FileAnswer answer) {
    if (phase_ == Phase::http && http_->stage() == HttpExchange::Stage::working) http_->answered(std::move(answer));
}

void ClientConnection::more(std::string bytes, bool failed) {
    // The length has been promised already; the only way to say that it does not hold is to break off.
    if (failed) return kill();
    if (phase_ == Phase::http && http_->stage() == HttpExchange::Stage::answering) http_->more(std::move(bytes));
}

void ClientConnection::run_route(const HttpRoute& route, std::shared_ptr<HttpRequest> request) {
    shard_.run(
        Lane::general, "http " + route.method + " " + route.pattern, id_,
        [&routes = shard_.host_.routes, &route, request = std::move(request)] {
            FileAnswer answer;
            answer.response = routes.call(route, *request);
            answer.length = answer.response.body.size();
            return answer;
        },
        false);
}

void ClientConnection::run_file(const HttpFiles& files, FileRequest request) {
    shard_.run(
        Lane::files, "http files " + files.prefix, id_,
        [&files, request = std::move(request)] { return open_file(files, request); }, false);
}

void ClientConnection::run_chunk(std::shared_ptr<OpenFile> file) {
    shard_.run(
        Lane::files, "http file piece", id_,
        [file = std::move(file)] {
            FileAnswer answer;
            answer.response.body = file->read_some(kFileChunk);
            return answer;
        },
        true);
}

std::string ClientConnection::remote(const RequestHead& head) const {
    if (shard_.rules_.trusted_proxies.contains(peer_))
        if (const auto behind = forwarded_for(head, shard_.rules_.trusted_proxies)) return behind->to_string();
    return peer_.to_string();
}

WallTime ClientConnection::wall() const {
    return shard_.host_.clock.wall();
}

}  // namespace cairn::gateway
