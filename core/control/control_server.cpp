#include "core/control/control_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <cairn/error.hpp>

#include "core/control/control_address.hpp"
#include "core/loops/host_thread.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {

namespace {

constexpr int kIdleMs = 60000;             // between two requests of a connection
constexpr std::size_t kMaxConnections = 16;  // commands of one admin; each has a thread while it lasts

/// False when the peer does not take it within a while.
bool send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::string error_line(const Error& error) {
    return Document{{"ok", false}, {"error", Document{{"code", code_name(error.code())}, {"message", error.what()}}}}
               .to_json() +
           "\n";
}

/// Whether the process at the other end belongs to this server's user, or to root.
bool same_user(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == ::geteuid() || peer.uid == 0;
}

}  // namespace

struct ControlServer::State {
    struct Request {
        std::string meaning;
        Handler handler;
    };
    struct Connection {
        int fd = -1;
        std::atomic<bool> over{false};
        std::thread thread;
    };

    explicit State(const std::string& data_dir) : address(data_dir) {}

    std::string answer(std::string_view line) const {
        try {
            const Document request = Document::parse_json(line);
            const std::string name(request["request"].text());
            if (name == "help") {
                Document list = Document::map();
                for (const auto& [known, one] : requests) list.set(known, one.meaning);
                return Document{{"ok", true}, {"answer", std::move(list)}}.to_json() + "\n";
            }
            const auto found = requests.find(name);
            if (found == requests.end()) {
                throw Error(Code::unsupported, "there is no request \"" + name +
                                                   "\"; {\"request\": \"help\"} lists those that there are");
            }
            return Document{{"ok", true}, {"answer", found->second.handler(request)}}.to_json() + "\n";
        } catch (const Error& error) {
            return error_line(error);
        } catch (const std::exception& error) {
            return error_line(Error(Code::internal, error.what()));
        }
    }

    void serve(Connection& connection) const {
        std::string buffer;
        while (!ending.load()) {
            const std::size_t end = buffer.find('\n');
            if (end != std::string::npos) {
                const std::string line = buffer.substr(0, end);
                buffer.erase(0, end + 1);
                if (!send_all(connection.fd, answer(line))) break;
                continue;
            }
            if (buffer.size() >= kMaxControlRequest) {
                send_all(connection.fd, error_line(Error(Code::too_large, "a request has at most 64 KiB")));
                break;
            }
            pollfd ready{connection.fd, POLLIN, 0};
            if (::poll(&ready, 1, kIdleMs) <= 0) break;
            char bytes[4096];
            const ssize_t got = ::recv(connection.fd, bytes, sizeof bytes, 0);
            if (got <= 0) break;
            buffer.append(bytes, static_cast<std::size_t>(got));
        }
        ::shutdown(connection.fd, SHUT_RDWR);
    }

    void accept_one() {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        const timeval patience{5, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        reap(false);
        if (!same_user(fd) || connections.size() >= kMaxConnections) {
            send_all(fd, error_line(same_user(fd) ? Error(Code::full, "too many commands talk to this server already")
                                                  : Error(Code::forbidden, "this server belongs to another user")));
            ::close(fd);
            return;
        }
        Connection& made = connections.emplace_back();
        made.fd = fd;
        made.thread = start_host_thread("cairn-control", [this, &made] {
            serve(made);
            made.over = true;
        });
    }

    /// Takes out the connections that are over, or all of them.
    void reap(bool all) {
        for (auto one = connections.begin(); one != connections.end();) {
            if (!all && !one->over.load()) {
                ++one;
                continue;
            }
            if (all) ::shutdown(one->fd, SHUT_RDWR);
            one->thread.join();
            ::close(one->fd);
            one = connections.erase(one);
        }
    }

    void run() {
        pollfd ready[2] = {{listener, POLLIN, 0}, {wake, POLLIN, 0}};
        while (!ending.load()) {
            if (::poll(ready, 2, 1000) < 0 && errno != EINTR) break;
            if ((ready[0].revents & POLLIN) != 0) accept_one();
            reap(false);
        }
        reap(true);
    }

    const ControlAddress address;
    int listener = -1;
    int wake = -1;
    std::map<std::string, Request> requests;
    std::list<Connection> connections;  ///< of the thread below
    std::atomic<bool> ending{false};
    std::thread thread;
};

ControlServer::ControlServer(const std::string& data_dir) : state_(std::make_unique<State>(data_dir)) {
    State& s = *state_;
    const auto fail = [&](const char* what) {
        const std::string why = std::strerror(errno);
        if (s.listener >= 0) ::close(s.listener);
        if (s.wake >= 0) ::close(s.wake);
        throw Error(Code::unavailable, "the control socket " + data_dir + "/" + kControlSocket + " could not be " + what +
                                           ": " + why);
    };
    s.listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    s.wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s.listener < 0 || s.wake < 0) fail("made");
    ::unlinkat(s.address.folder(), kControlSocket, 0);
    if (::bind(s.listener, s.address.get(), ControlAddress::size()) != 0) fail("bound");
    // Nobody can connect before listen(), so nobody does before this.
    if (::fchmodat(s.address.folder(), kControlSocket, 0600, 0) != 0) fail("given its mode");
}

ControlServer::~ControlServer() {
    stop();
}

void ControlServer::on(const std::string& request, std::string meaning, Handler handler) {
    state_->requests[request] = {std::move(meaning), std::move(handler)};
}

void ControlServer::start() {
    State& s = *state_;
    if (::listen(s.listener, 16) != 0)
        throw Error(Code::unavailable, std::string("the control socket cannot listen: ") + std::strerror(errno));
    s.thread = start_host_thread("cairn-control", [&s] { s.run(); });
}

void ControlServer::stop() {
    State& s = *state_;
    if (s.ending.exchange(true)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(s.wake, &one, sizeof one);
    if (s.thread.joinable()) s.thread.join();
    ::unlinkat(s.address.folder(), kControlSocket, 0);
    ::close(s.listener);
    ::close(s.wake);
}

}  // namespace cairn::core
