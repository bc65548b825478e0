#include "tests/plugins/storage_postgres/cutting_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string_view>

namespace cairn::storage_postgres::test {
namespace {

constexpr int kLook = 50;  // ms between looks at whether to end

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool readable(int socket, int timeout) {
    pollfd descriptor{socket, POLLIN, 0};
    return ::poll(&descriptor, 1, timeout) > 0;
}

bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}  // namespace

CuttingProxy::CuttingProxy(int server_port) : server_port_(server_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("no port for the proxy");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

CuttingProxy::~CuttingProxy() {
    ending_ = true;
    acceptor_.join();
    for (std::thread& passer : passers_) passer.join();
    ::close(listener_);
}

void CuttingProxy::accept_all() {
    while (!ending_) {
        if (!readable(listener_, kLook)) continue;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        if (refuse_) {
            ::close(client);
            continue;
        }
        const std::lock_guard lock(mutex_);
        passers_.emplace_back([this, client] { pass(client); });
    }
}

void CuttingProxy::pass(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(server_port_);
    const int now = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    char bytes[65536];
    while (open && !ending_) {
        pollfd both[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
        if (::poll(both, 2, kLook) <= 0) continue;
        if (both[0].revents != 0) {
            const ssize_t size = ::recv(client, bytes, sizeof bytes, 0);
            if (size <= 0) break;
            const std::string_view piece(bytes, static_cast<std::size_t>(size));
            // A message is 'Q', its length, the text with a zero behind it.
            Cut cut = Cut::never;
            if (piece.ends_with(std::string_view("COMMIT\0", 7))) cut = cut_.exchange(Cut::never);
            if (cut != Cut::never) ++cuts_;
            if (cut == Cut::before) break;
            open = send_all(server, piece);
            if (cut == Cut::after) {
                readable(server, 2000);  // the server has answered, so it is done
                break;
            }
            while (cut == Cut::silence && !ending_) std::this_thread::sleep_for(std::chrono::milliseconds(kLook));
        }
        if (both[1].revents != 0) {
            const ssize_t size = ::recv(server, bytes, sizeof bytes, 0);
            if (size <= 0) break;
            open = send_all(client, {bytes, static_cast<std::size_t>(size)});
        }
    }
    ::close(server);
    ::close(client);
}

}  // namespace cairn::storage_postgres::test
