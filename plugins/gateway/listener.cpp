#include <plugins/gateway/listener.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>

#include <cairn/error.hpp>

#include <plugins/gateway/http_answer.hpp>

namespace cairn::gateway {

namespace {

constexpr int kBacklog = 4096;
constexpr std::size_t kAcceptsPerTurn = 256;  // a flood of newcomers must not keep the loop from those who are in
constexpr Duration kPause{200};

std::string cure(int error, const ListenAddress& address) {
    const std::string port = std::to_string(address.port);
    switch (error) {
        case EADDRINUSE:
            return "another program listens there already; `ss -ltnp 'sport = :" + port +
                   "'` names it. Stop it, or choose another port with plugins.gateway.listen";
        case EACCES:
            return "ports below 1024 need a privilege: choose a higher port with plugins.gateway.listen, or give the "
                   "service "
                   "CAP_NET_BIND_SERVICE";
        case EADDRNOTAVAIL:
            return "no interface of this machine has this address; `ip address` lists those that exist, 0.0.0.0 means "
                   "all of them";
        case EAFNOSUPPORT:
            return "this machine does not speak this address family; listen on an IPv4 address instead";
        default:
            return "change plugins.gateway.listen";
    }
}

}  // namespace

struct ListenSocket::State {
    Poco::Net::ServerSocket socket;
};

ListenSocket::ListenSocket(const ListenAddress& wanted) : state_(std::make_unique<State>()) {
    const std::string who = "gateway cannot listen on " + wanted.to_string() + ": ";
    try {
        const Poco::Net::SocketAddress address(wanted.host, wanted.port);
        // Without SO_REUSEPORT: a second server on the same port must fail, not share the players.
        if (address.family() == Poco::Net::SocketAddress::IPv6)
            state_->socket.bind6(address, true, false, false);
        else
            state_->socket.bind(address, true, false);
        state_->socket.listen(kBacklog);
        state_->socket.setBlocking(false);
        ::fcntl(fd(), F_SETFD, FD_CLOEXEC);
    } catch (const Poco::Net::DNSException& error) {
        throw Error(Code::unavailable, who + "the name '" + wanted.host + "' has no address (" + error.displayText() +
                                           "); write an address such as 127.0.0.1, or 0.0.0.0 for every interface");
    } catch (const Poco::Exception& error) {
        const int code = error.code();
        throw Error(Code::unavailable, who + (code != 0 ? std::generic_category().message(code) : error.displayText()) +
                                           "; " + cure(code, wanted));
    }
}

ListenSocket::~ListenSocket() = default;

int ListenSocket::fd() const noexcept {
    return state_->socket.impl()->sockfd();
}

ListenAddress ListenSocket::address() const {
    const Poco::Net::SocketAddress bound = state_->socket.address();
    return {bound.host().toString(), bound.port()};
}

bool ListenSocket::is_loopback() const {
    return state_->socket.address().host().isLoopback();
}

Acceptor::Acceptor(ListenSocket& socket, Loop& loop, std::shared_ptr<Common> common, HandOut hand_out)
    : socket_(socket),
      loop_(loop),
      common_(std::move(common)),
      host_(common_->host),
      rules_(common_->rules),
      tallies_(common_->tallies),
      limits_(common_->limits),
      hand_out_(std::move(hand_out)),
      spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

Acceptor::~Acceptor() {
    if (spare_ >= 0) ::close(spare_);
}

void Acceptor::start() {
    loop_.watch(socket_.fd(), *this);
    running_ = true;
    accept_all();
}

void Acceptor::stop() noexcept {
    if (!std::exchange(running_, false)) return;
    loop_.unwatch(socket_.fd());
    if (std::exchange(paused_, false)) loop_.cancel(timer_);
}

void Acceptor::on_io(bool readable, bool, bool) {
    if (readable && running_ && !paused_) accept_all();
}

void Acceptor::accept_all() {
    for (std::size_t accepted = 0; running_; ++accepted) {
        if (accepted == kAcceptsPerTurn) {
            // The listening socket is edge-triggered: nobody else will remind us of the rest.
            paused_ = true;
            timer_ = loop_.after(Duration{1}, [this] {
                paused_ = false;
                accept_all();
            });
            return;
        }
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        const int fd =
            ::accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(fd, IpAddress::from(reinterpret_cast<const sockaddr&>(address)));
            continue;
        }
        switch (errno) {
            case EINTR:
            case ECONNABORTED:
            case EPROTO:
                continue;  // accept(2): errors of a connection that is already gone
            case EAGAIN:
                return;
            case EMFILE:
            case ENFILE:
                return shed();
            default:
                return pause();
        }
    }
}

void Acceptor::admit(int fd, const IpAddress& peer) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!limits_.enter_total()) {
        tallies_.refused_full.add();
        return turn_away(fd, 503, "the server is full; try again later");
    }
    // A proxy speaks for many: its visitors are counted one by one when they open a WebSocket.
    const bool counted = !rules_.trusted_proxies.contains(peer);
    const auto verdict = counted ? limits_.enter(peer, loop_.now()) : IpLimits::Verdict::admitted;
    if (verdict == IpLimits::Verdict::admitted) {
        tallies_.accepted.add();
        return hand_out_(fd, peer, counted);
    }
    limits_.leave_total();
    const bool too_many = verdict == IpLimits::Verdict::too_many;
    (too_many ? tallies_.refused_per_ip : tallies_.refused_rate).add();
    turn_away(fd, 429,
              too_many ? "too many connections from your address; close some first"
                       : "your address opens connections too fast; wait a minute");
}

void Acceptor::turn_away(int fd, int status, const char* message) noexcept {
    if (!rules_.tls) {
        try {
            HttpResponse answer = error_answer(status, message);
            answer.headers.emplace_back("Retry-After", status == 429 ? "60" : "10");
            const std::string bytes =
                answer_head(answer, {answer.body.size(), false, host_.clock.wall()}) + answer.body;
            // What has already come is taken, or closing would send a reset that overtakes the answer.
            std::array<char, 2048> request;
            [[maybe_unused]] const ssize_t got = ::recv(fd, request.data(), request.size(), MSG_DONTWAIT);
            [[maybe_unused]] const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            ::shutdown(fd, SHUT_WR);
        } catch (const std::exception&) {
            // No memory for politeness.
        }
    }
    ::close(fd);
}

void Acceptor::shed() {
    // One descriptor is kept for this: who waits is told at once that there is no room, and the backlog gets shorter.
    for (std::size_t shed = 0; shed < kAcceptsPerTurn && spare_ >= 0; ++shed) {
        ::close(std::exchange(spare_, -1));
        const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const bool more = fd >= 0;
        if (more) {
            tallies_.refused_descriptors.add();
            turn_away(fd, 503, "the server has no room; try again later");
        }
        spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (!more) break;
    }
    if (loop_.now() - complained_ > std::chrono::seconds(10)) {
        complained_ = loop_.now();
        host_.log.warning(
            "out of file descriptors: newcomers are turned away. Raise the limit (systemd: LimitNOFILE=65536, shell: "
            "ulimit -n), or lower plugins.gateway.limits.max_connections",
            {{"connections", static_cast<std::int64_t>(limits_.open())}});
    }
    pause();
}

void Acceptor::pause() {
    if (std::exchange(paused_, true)) return;
    timer_ = loop_.after(kPause, [this] {
        paused_ = false;
        if (spare_ < 0) spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        accept_all();
    });
}

}  // namespace cairn::gateway
