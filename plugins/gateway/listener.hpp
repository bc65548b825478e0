#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <cairn/loop.hpp>

#include <plugins/gateway/address.hpp>
#include <plugins/gateway/common.hpp>

namespace cairn::gateway {

/// A listening socket, by Poco::Net::ServerSocket. [control]
class ListenSocket {
public:
    /// Binds and listens with a backlog of 4096. Throws Error(unavailable) that says who wanted which address, why it
    /// cannot be had, and what to do.
    explicit ListenSocket(const ListenAddress& address);
    ~ListenSocket();
    ListenSocket(const ListenSocket&) = delete;
    ListenSocket& operator=(const ListenSocket&) = delete;
    int fd() const noexcept;
    /// The address really bound: with port 0 asked for, the port that the system chose.
    ListenAddress address() const;
    bool is_loopback() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Accepts on one loop and hands each connection on. [loop]
class Acceptor final : public IoHandler {
public:
    /// Takes a connected, non-blocking socket, counted in the limits' total, and by address when `counted`.
    using HandOut = std::function<void(int fd, const IpAddress& peer, bool counted)>;

    Acceptor(ListenSocket& socket, Loop& loop, std::shared_ptr<Common> common, HandOut hand_out);
    ~Acceptor() override;
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    void start();
    /// Accepts nothing more; the backlog is answered by the system with a reset once the socket is closed.
    void stop() noexcept;
    void on_io(bool readable, bool writable, bool hangup) override;

private:
    void accept_all();
    void admit(int fd, const IpAddress& peer);
    /// Out of descriptors: sheds who waits by the spare one, then pauses.
    void shed();
    void turn_away(int fd, int status, const char* message) noexcept;
    void pause();

    ListenSocket& socket_;
    Loop& loop_;
    const std::shared_ptr<Common> common_;
    const HostServices& host_;
    const Rules& rules_;
    Tallies& tallies_;
    IpLimits& limits_;
    HandOut hand_out_;
    int spare_ = -1;
    bool running_ = false;
    TimerId timer_ = 0;
    bool paused_ = false;
    std::chrono::steady_clock::time_point complained_{};
};

}  // namespace cairn::gateway
