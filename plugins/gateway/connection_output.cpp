// What a ClientConnection writes: one gathered write per turn, and the polite end.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <plugins/gateway/connection.hpp>
#include <plugins/gateway/shard.hpp>

namespace cairn::gateway {

namespace {

constexpr std::size_t kIovecs = 64;
constexpr std::size_t kTlsPlainAtOnce = 16384;  // one TLS record

}  // namespace

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

}  // namespace cairn::gateway
