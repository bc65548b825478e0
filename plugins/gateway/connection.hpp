#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include <cairn/loop.hpp>

#include <plugins/gateway/address.hpp>
#include <plugins/gateway/http_exchange.hpp>
#include <plugins/gateway/rules.hpp>
#include <plugins/gateway/tls.hpp>
#include <plugins/gateway/websocket_connection.hpp>

namespace cairn::gateway {

class Shard;

/// One accepted socket, from the first byte to the last: TLS, requests, perhaps a WebSocket, and a polite end. Lives on
/// one loop and belongs to its Shard. [loop]
class ClientConnection final : public IoHandler, public Outlet, public HttpOutlet {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// Takes `fd`, a connected, non-blocking stream socket. `counted`: admitted by address, to be given back.
    ClientConnection(Shard& shard, int fd, const IpAddress& peer, bool counted, TlsContext* tls);
    ~ClientConnection() override;
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    void on_io(bool readable, bool writable, bool hangup) override;
    /// Reads what is there; called again when it was left for later.
    void read_all();
    /// Writes what waits: at the end of the turn, one writev as a rule.
    void flush();
    /// Judges deadlines.
    void check_time(TimePoint now);
    /// The server stops: `bye` for players, the end of the answer for requests, nothing for the rest.
    void shut(std::uint16_t code, std::string_view reason);
    /// Closes at once.
    void kill() noexcept;

    bool dead() const noexcept { return phase_ == Phase::dead; }
    std::uint64_t id() const noexcept { return id_; }
    /// For lane results; ignored when no answer is awaited any more.
    void answered(FileAnswer answer);
    void more(std::string bytes, bool failed);

private:
    friend class Shard;
    enum class Phase : std::uint8_t { http, websocket, lingering, dead };

    // Outlet, HttpOutlet
    void wake_outlet() override;
    void send(std::string bytes) override;
    void run_route(const HttpRoute& route, std::shared_ptr<HttpRequest> request) override;
    void run_file(const HttpFiles& files, FileRequest request) override;
    void run_chunk(std::shared_ptr<OpenFile> file) override;
    std::string remote(const RequestHead& head) const override;
    WallTime wall() const override;

    void on_wire(std::string_view bytes);
    void on_plain(std::string_view bytes);
    void on_eof();
    void continue_http();
    void upgrade();
    bool write_some();
    void push(std::string_view bytes);
    void taken(std::size_t bytes);
    bool nothing_left();
    void linger();
    bool wants_input() const noexcept;
    void note_half_open();

    Shard& shard_;
    int fd_;
    Phase phase_ = Phase::http;
    bool dirty_ = false;       ///< on the shard's list for the end of the turn
    bool blocked_ = false;     ///< the socket takes no more: wait until it is writable
    bool read_later_ = false;  ///< on the shard's list of those with more to read
    bool unread_ = true;       ///< the socket may hold bytes that no event will announce again
    bool counted_;
    bool hangup_ = false;  ///< the peer has shut its side; only reading tells how much comes before
    bool eof_ = false;
    bool write_shut_ = false;
    std::uint64_t id_;
    std::size_t slot_ = 0;  ///< in the shard's list
    IpAddress peer_;
    TimePoint progress_;       ///< the last time the peer took bytes, or the start of lingering
    TimePoint closing_since_;  ///< when a closing WebSocket was first seen by the sweep
    std::size_t discarded_ = 0;
    std::string out_;  ///< bytes of our own before those of a session
    std::size_t out_sent_ = 0;
    std::string leftover_;  ///< requests that came before the answer to the one before them
    std::unique_ptr<TlsChannel> tls_;
    std::unique_ptr<HttpExchange> http_;
    std::unique_ptr<WebSocketConnection> websocket_;
    std::list<ClientConnection*>::iterator half_open_;
    bool is_half_open_ = false;
    IpAddress forwarded_;  ///< counted instead of the peer when a trusted proxy speaks for it
    bool forwarded_counted_ = false;
};

}  // namespace cairn::gateway
