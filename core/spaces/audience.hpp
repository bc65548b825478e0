#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <cairn/frame.hpp>

#include "core/spaces/outbox.hpp"

namespace cairn::core {

class HostSession;

/// One tick of a row stream on its way to readers. `changed` are the rows of this tick; `catch_up` are all rows since
/// tick `since`, made only while somebody missed ticks.
struct StreamTick {
    unsigned stream = 0;
    std::uint64_t tick = 0;
    Frame changed;
    Frame catch_up;
    std::uint64_t since = 0;
};

/// Those players of one space whose connections live on one loop: a broadcast to another loop is one message with one
/// frame, handed out over there. Everything [loop] of these connections, except what is said otherwise.
///
/// A reader who is behind misses ticks of a stream and is remembered; once he has room again he gets every row that
/// changed since he missed the first one. So he always converges to the latest value of each row.
class Audience {
public:
    /// Returns how many frames went out.
    std::size_t send(const Frame& frame, std::uint64_t left_out_seat);
    std::size_t send_stream(const StreamTick& tick);

    /// Keeps `session` informed of its place here (HostSession::set_audience_place). The session removes itself.
    void add(HostSession& session, std::uint64_t seat);
    void remove(std::size_t place);
    /// The member there lost waiting frames of these streams (bits) at this moment.
    void missed(std::size_t place, std::uint64_t streams);
    std::size_t size() const noexcept { return members_.size(); }
    /// Ticks that readers did not get, since the start.
    std::uint64_t left_out() const noexcept { return left_out_; }

    /// The first tick of `stream` that somebody here missed and has not made up for, or 0; asking resets it. [any]
    std::uint64_t take_missed_since(unsigned stream) noexcept {
        return missed_since_[stream].exchange(0, std::memory_order_acq_rel);
    }

private:
    struct Member {
        HostSession* session = nullptr;
        std::uint64_t seat = 0;
        std::uint64_t missed = 0;  ///< streams, as bits
    };
    void ask_for(unsigned stream, std::uint64_t since) noexcept;

    std::vector<Member> members_;
    std::array<std::atomic<std::uint64_t>, Outbox::kMaxStreams> missed_since_{};
    std::uint64_t left_out_ = 0;
};

}  // namespace cairn::core
