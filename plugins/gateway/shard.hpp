#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/loop.hpp>

#include <plugins/gateway/common.hpp>
#include <plugins/gateway/connection.hpp>
#include <plugins/gateway/websocket_frames.hpp>

namespace cairn::gateway {

/// The connections of one loop and what they share there: the read buffer, the list of those with something to write,
/// deadlines, and lane results on their way back. Everything [loop] unless it says otherwise.
class Shard : public std::enable_shared_from_this<Shard> {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// [control]
    Shard(Loop& loop, std::shared_ptr<Common> common);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// Takes a connected socket that has been counted into the limits' total, and by address when `counted`.
    void adopt(int fd, const IpAddress& peer, bool counted);
    /// Lets everybody go with `code`, at once what is idle, and what remains after `grace`. Calls `gone` when nobody is
    /// left.
    void close_all(std::uint16_t code, std::string_view reason, Duration grace, std::function<void()> gone);

    std::size_t size() const noexcept { return connections_.size(); }
    std::size_t half_open() const noexcept { return half_open_.size(); }
    /// Lane jobs that have not come back. [any]
    std::size_t in_flight() const noexcept { return in_flight_.load(std::memory_order_acquire); }

private:
    friend class ClientConnection;

    void mark_dirty(ClientConnection& connection);
    void read_later(ClientConnection& connection);
    void retire(ClientConnection& connection);
    void schedule_turn_end();
    void end_turn();
    void arm_sweep();
    void sweep();
    void enter_half_open(ClientConnection& connection);
    void leave_half_open(ClientConnection& connection);
    void run(Lane lane, std::string what, std::uint64_t id, std::function<FileAnswer()> work, bool chunk);
    void deliver(std::uint64_t id, FileAnswer answer, bool failed, bool chunk);

    Loop& loop_;
    const std::shared_ptr<Common> common_;
    const HostServices& host_;
    const Rules& rules_;
    Tallies& tallies_;
    IpLimits& limits_;
    TlsContext* const tls_;
    FrameParserPool parsers_;
    std::vector<char> read_buffer_;
    std::vector<char> plain_buffer_;
    std::vector<std::unique_ptr<ClientConnection>> connections_;
    std::vector<std::unique_ptr<ClientConnection>> retired_;  ///< deleted at the end of the turn
    std::vector<ClientConnection*> dirty_;
    std::vector<ClientConnection*> flushing_;
    std::vector<std::uint64_t> read_later_;
    std::unordered_map<std::uint64_t, ClientConnection*> by_id_;
    std::list<ClientConnection*> half_open_;  ///< oldest first
    std::atomic<std::size_t> in_flight_{0};
    std::uint64_t next_id_ = 1;
    std::size_t cursor_ = 0;
    TimerId sweep_timer_ = 0;
    TimerId close_timer_ = 0;
    bool sweep_armed_ = false;
    bool turn_end_due_ = false;
    bool read_later_due_ = false;
    bool closing_ = false;
    std::function<void()> gone_;
};

}  // namespace cairn::gateway
