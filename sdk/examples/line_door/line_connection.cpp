#include "line_connection.hpp"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <cairn/error.hpp>

namespace line_door {

namespace {
/// What is turned into lines before the socket takes it: the rest waits in the session's own bounded outbox, where the host
/// leaves out what may be left out and lets go who is too slow.
constexpr std::size_t kAhead = 65536;
}  // namespace

LineConnection::LineConnection(int fd, std::string remote, cairn::Loop& loop, cairn::Sessions& sessions,
                               std::function<void(LineConnection&)> gone)
    : fd_(fd), remote_(std::move(remote)), loop_(loop), sessions_(sessions), gone_(std::move(gone)) {}

LineConnection::~LineConnection() {
    *alive_ = false;
    if (!ended_) loop_.unwatch(fd_);
    ::close(fd_);
}

void LineConnection::open() {
    loop_.watch(fd_, *this);
    try {
        session_ = sessions_.open(loop_, *this, {remote_, "line_door", "cairn.v1+json", remote_ == "127.0.0.1"});
    } catch (const cairn::Error& refusal) {
        out_ = std::string(R"({"t":"bye","d":{"reason":")") + refusal.what() + "\"}}\n";
        closing_ = true;
    }
    on_io(true, true, false);
}

void LineConnection::shut() {
    if (session_) session_->end(cairn::close_code::kShutdown, "the server stops");
}

void LineConnection::on_io(bool readable, bool writable, bool) {
    if (readable && !ended_) read();
    if (writable && !ended_) write();
}

void LineConnection::read() {
    std::array<char, 16384> bytes;
    while (!ended_) {
        const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return end();
        if (closing_ || !session_) continue;  // what comes after the end is not wanted
        in_.append(bytes.data(), static_cast<std::size_t>(got));
        std::size_t from = 0;
        for (std::size_t stop = 0; !closing_ && (stop = in_.find('\n', from)) != std::string::npos; from = stop + 1) {
            std::string_view line = std::string_view(in_).substr(from, stop - from);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (!line.empty()) session_->receive(line);  // never throws; what is wrong is answered
        }
        in_.erase(0, from);
        if (in_.size() > kLongestLine) session_->end(cairn::close_code::kTooBig, "a line has at most 65536 bytes");
    }
}

void LineConnection::wake() {
    if (std::exchange(write_due_, true)) return;
    loop_.at_turn_end([this, alive = alive_] {
        if (!*alive) return;
        write_due_ = false;
        if (!ended_) write();
    });
}

void LineConnection::write() {
    for (;;) {
        std::array<std::string_view, 16> parts;
        while (session_ && out_.size() < kAhead) {
            const std::size_t count = session_->gather(parts);
            if (count == 0) break;
            std::size_t taken = 0;
            for (std::size_t i = 0; i < count; ++i) {
                unframe_.feed(parts[i], out_);
                taken += parts[i].size();
            }
            session_->written(taken);
        }
        if (out_.empty()) return closing_ ? end() : void();
        const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) return;  // on_io comes when there is room again
        if (sent < 0) return end();
        out_.erase(0, static_cast<std::size_t>(sent));
    }
}

void LineConnection::close(std::uint16_t, std::string_view) {
    closing_ = true;  // the reason has been said in the `bye` that still waits
    wake();
}

void LineConnection::end() {
    if (std::exchange(ended_, true)) return;
    loop_.unwatch(fd_);
    session_.reset();
    gone_(*this);
}

}  // namespace line_door
