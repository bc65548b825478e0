#include "core/control/ask_control.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include <cairn/error.hpp>

#include "core/control/control_address.hpp"
#include "core/control/control_server.hpp"

namespace cairn::core {

namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

Code code_of(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i)
        if (code_name(static_cast<Code>(i)) == name) return static_cast<Code>(i);
    return Code::internal;
}

}  // namespace

Document ask_control(const std::string& data_dir, const Document& request, Duration at_most) {
    const ControlAddress address(data_dir);
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::string path = data_dir + "/" + kControlSocket;
    if (socket.get() < 0 || ::connect(socket.get(), address.get(), ControlAddress::size()) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            throw Error(Code::unavailable, "no server runs on " + data_dir + " (nobody listens at " + path + ")");
        throw Error(Code::unavailable, "the server on " + data_dir + " cannot be reached at " + path + ": " +
                                           std::strerror(errno));
    }
    std::string line = request.to_json() + "\n";
    for (std::string_view rest = line; !rest.empty();) {
        const ssize_t sent = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) throw Error(Code::unavailable, "the server at " + path + " takes no request");
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    const auto until = std::chrono::steady_clock::now() + at_most;
    std::string answer;
    while (answer.find('\n') == std::string::npos) {
        const auto left = std::chrono::duration_cast<Duration>(until - std::chrono::steady_clock::now());
        pollfd ready{socket.get(), POLLIN, 0};
        const int count = left.count() <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left.count()));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            throw Error(Code::unavailable, "the server did not answer within " + std::to_string(at_most.count() / 1000) +
                                               " s; it goes on, its log tells the outcome");
        char bytes[16384];
        const ssize_t got = ::recv(socket.get(), bytes, sizeof bytes, 0);
        if (got <= 0) throw Error(Code::unavailable, "the server at " + path + " ended before it answered");
        answer.append(bytes, static_cast<std::size_t>(got));
    }
    const Document reply = Document::parse_json(answer.substr(0, answer.find('\n')));
    if (reply["ok"].boolean_or(false)) return reply["answer"];
    throw Error(code_of(reply["error"]["code"].text()), std::string(reply["error"]["message"].text()));
}

}  // namespace cairn::core
