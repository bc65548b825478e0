// The one idea: a transport of your own. Opens a TCP port on which one line is one message of the wire protocol, for scripts,
// terminals and small devices:
//
//     plugins: {line_door: {port: 7070}}
//
//     $ nc 127.0.0.1 7070
//     {"t":"hello","d":{"name":"Terminal","space":"main"}}
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>

#include <cairn/plugin.hpp>

#include "line_connection.hpp"

namespace line_door {

struct Config {
    int port = 7070;
};
void describe(cairn::Fields<Config>& f) {
    f(&Config::port, "port", "TCP port on 127.0.0.1; 0 takes a free one and says which").between(0, 65535);
}

/// Listens, and owns the connections. Everything on one loop, so no locks. [loop]
class Door final : public cairn::IoHandler {
public:
    Door(int fd, cairn::Loop& loop, cairn::Sessions& sessions) : fd_(fd), loop_(loop), sessions_(sessions) {}
    ~Door() override {
        *alive_ = false;
        ::close(fd_);
    }

    void open() { loop_.watch(fd_, *this); }
    void stop_accepting() {
        if (std::exchange(stopped_, true)) return;
        loop_.unwatch(fd_);
    }
    void let_all_go() {
        for (auto& [key, connection] : connections_) connection->shut();
    }

    void on_io(bool readable, bool, bool) override {
        while (readable && !stopped_) {
            sockaddr_in peer{};
            socklen_t length = sizeof peer;
            const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0 && errno == EINTR) continue;
            if (fd < 0) return;
            char text[INET_ADDRSTRLEN] = "";
            ::inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
            auto made = std::make_unique<LineConnection>(fd, text, loop_, sessions_, [this](LineConnection& gone) {
                // Not now: it is calling us.
                loop_.post([this, alive = alive_, &gone] {
                    if (*alive) connections_.erase(&gone);
                });
            });
            LineConnection& connection = *made;
            connections_.emplace(&connection, std::move(made));
            connection.open();
        }
    }

private:
    const int fd_;
    cairn::Loop& loop_;
    cairn::Sessions& sessions_;
    bool stopped_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unordered_map<LineConnection*, std::unique_ptr<LineConnection>> connections_;
};

class LineDoorPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override { config_ = setup.config<Config>(); }

    /// Ports open last: everything else is ready to be played with.
    void ready(cairn::Runtime& runtime) override {
        loop_ = &runtime.loops().at(0);
        const int fd = listen_on(config_->port);
        door_ = std::make_unique<Door>(fd, *loop_, runtime.sessions());
        run([this] { door_->open(); });
        sockaddr_in bound{};
        socklen_t length = sizeof bound;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length);
        runtime.announce("lines", "127.0.0.1 port " + std::to_string(ntohs(bound.sin_port)));
    }

    void drain() override {
        if (door_) run([this] { door_->stop_accepting(); });
    }

    void stop() override {
        if (!door_) return;
        run([this] { door_->let_all_go(); });
        run([] {});  // what was posted before, the end of the connections among it, has been done
        run([this] { door_.reset(); });
    }

    static int listen_on(int port) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int on = 1;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        if (fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 128) == 0)
            return fd;
        const std::string why = std::strerror(errno);
        if (fd >= 0) ::close(fd);
        throw cairn::Error(cairn::Code::unavailable, "cannot listen on port " + std::to_string(port) + ": " + why +
                                                         "; choose another with plugins.line_door.port");
    }

    /// Runs `job` on the loop and waits for it. [control]
    void run(const std::function<void()>& job) {
        std::promise<void> done;
        loop_->post([&] {
            job();
            done.set_value();
        });
        done.get_future().wait();
    }

    std::shared_ptr<const Config> config_;
    cairn::Loop* loop_ = nullptr;
    std::unique_ptr<Door> door_;
};

}  // namespace line_door

CAIRN_PLUGIN(line_door::LineDoorPlugin, "line_door", "1.0.0")
