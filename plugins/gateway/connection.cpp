#include <plugins/gateway/connection.hpp>

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <cairn/error.hpp>

#include <plugins/gateway/http_answer.hpp>
#include <plugins/gateway/shard.hpp>
#include <plugins/gateway/websocket_handshake.hpp>

namespace cairn::gateway {

namespace {

constexpr std::size_t kIovecs = 64;
constexpr std::size_t kReadPerTurn = 262144;    // one fast sender must not keep the loop
constexpr std::size_t kTlsPlainAtOnce = 16384;  // one TLS record
constexpr std::size_t kMaxDiscard = 262144;     // what a closed peer may still send before it is cut off

/// The address that a chain of trusted proxies names: the rightmost one that is not such a proxy itself.
std::optional<IpAddress> forwarded_for(const RequestHead& head, const NetworkSet& trusted) {
    std::optional<IpAddress> farthest;
    for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
        if (field->first != "x-forwarded-for") continue;
        std::string_view rest = field->second;
        while (!rest.empty()) {
            const std::size_t comma = rest.rfind(',');
            const std::string_view one = trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
            const auto address = IpAddress::parse(one);
            if (!address) return farthest;
            farthest = address;
            if (!trusted.contains(*address)) return farthest;
        }
    }
    return farthest;
}

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

void ClientConnection::send(std::string bytes) {
    if (out_sent_ == out_.size()) {
        out_ = std::move(bytes);
        out_sent_ = 0;
        progress_ = shard_.loop_.now();
    } else {
        out_ += bytes;
    }
    shard_.mark_dirty(*this);
}

void ClientConnection::wake_outlet() {
    shard_.mark_dirty(*this);
}

void ClientConnection::flush() {
    if (phase_ == Phase::dead || blocked_) return;
    while (phase_ != Phase::dead && !blocked_ && (write_some() || !nothing_left())) {
    }
}

/// Writes once. False when there was nothing to write.
bool ClientConnection::write_some() {
    if (tls_ && !tls_->output().empty()) {
        push(tls_->output());
        return true;
    }
    std::array<std::string_view, kIovecs> parts;
    std::size_t count = 0;
    if (out_sent_ < out_.size()) parts[count++] = std::string_view(out_).substr(out_sent_);
    if (websocket_) count += websocket_->gather(std::span(parts).subspan(count));
    if (count == 0) return false;

    if (tls_) {
        std::size_t encrypted = 0;
        for (std::size_t i = 0; i < count && encrypted < kTlsPlainAtOnce; ++i) {
            const std::string_view some = parts[i].substr(0, kTlsPlainAtOnce - encrypted);
            if (!tls_->write(some)) {
                kill();
                return true;
            }
            encrypted += some.size();
        }
        taken(encrypted);
        push(tls_->output());
        return true;
    }

    std::array<iovec, kIovecs> vectors;
    for (std::size_t i = 0; i < count; ++i) vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent >= 0) {
        progress_ = shard_.loop_.now();
        shard_.tallies_.bytes_out.add(static_cast<double>(sent));
        taken(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        blocked_ = true;
    } else if (errno != EINTR) {
        kill();
    }
    return true;
}

/// Sends TLS bytes.
void ClientConnection::push(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
        progress_ = shard_.loop_.now();
        shard_.tallies_.bytes_out.add(static_cast<double>(sent));
        tls_->consumed(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        blocked_ = true;
    } else if (errno != EINTR) {
        kill();
    }
}

void ClientConnection::taken(std::size_t bytes) {
    const std::size_t own = std::min(bytes, out_.size() - out_sent_);
    out_sent_ += own;
    if (own > 0 && out_sent_ == out_.size()) {
        out_ = {};
        out_sent_ = 0;
    }
    if (bytes > own && websocket_) websocket_->written(bytes - own);
}

/// Everything has been written: what is next? True when nothing is.
bool ClientConnection::nothing_left() {
    if (phase_ == Phase::websocket) {
        std::string frame;
        if (websocket_->closing_frame(frame)) {
            send(std::move(frame));
            return false;
        }
        if (websocket_->finished()) linger();
        return true;
    }
    if (phase_ != Phase::http) return true;
    const auto before = http_->stage();
    http_->output_drained(shard_.loop_.now());
    if (http_->stage() == HttpExchange::Stage::finished) {
        linger();
    } else if (before == HttpExchange::Stage::answering && http_->stage() == HttpExchange::Stage::head) {
        continue_http();
    }
    return out_.empty() && (!tls_ || tls_->output().empty());
}

/// The answer is out; the next request may already be here.
void ClientConnection::continue_http() {
    if (shard_.closing_) return linger();
    note_half_open();
    if (!leftover_.empty()) {
        const std::string bytes = std::exchange(leftover_, {});
        on_plain(bytes);
    }
    if (phase_ == Phase::http && eof_ && http_->wants_input()) return kill();
    if (unread_) shard_.read_later(*this);
}

/// Ends our side and waits a little for the peer's: closing a socket with unread bytes sends a reset, and the peer
/// would lose the very answer that tells him what was wrong (RFC 9112 section 9.6).
void ClientConnection::linger() {
    if (phase_ == Phase::dead) return;
    if (phase_ != Phase::lingering) {
        phase_ = Phase::lingering;
        progress_ = shard_.loop_.now();
        shard_.leave_half_open(*this);
        if (websocket_) websocket_->lost();
        leftover_ = {};
    }
    if (tls_ && !write_shut_) {
        tls_->shut();
        if (!tls_->output().empty()) push(tls_->output());
        if (phase_ == Phase::dead) return;
    }
    if (!write_shut_) {
        write_shut_ = true;
        ::shutdown(fd_, SHUT_WR);
    }
    if (eof_) return kill();
    if (unread_) shard_.read_later(*this);
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
