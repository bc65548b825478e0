#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <cairn/frame.hpp>

namespace cairn::core {

/// What waits to be written to one connection, bounded in bytes and in messages (style M15). [loop]
///
/// Up to the limits everything is taken. Beyond them frames that may be left out go first: waiting `drop` frames and
/// streams are thrown away, new ones are not taken. `must` frames have as much room again, for the time that the
/// session's grace lasts; beyond that the reader has to be let go. So memory stays below twice the limits.
///
/// A frame that gather() has shown stays where it is until written() was called: a writer may hold its bytes.
class Outbox {
public:
    struct Limits {
        std::size_t bytes = 1u << 20;
        std::size_t messages = 512;
    };
    enum class Verdict : std::uint8_t {
        queued,
        left_out,  ///< not taken; allowed for this kind of frame
        full,      ///< taken, but the limits are exceeded: the grace time runs
        overflow,  ///< not taken and it must not be left out: let the reader go
    };
    static constexpr unsigned kMaxStreams = 64;

    explicit Outbox(const Limits& limits) noexcept : limits_(limits) {}

    /// `key` (not 0) says what a `latest` frame replaces.
    Verdict push(Frame frame, Delivery delivery, std::uint64_t key = 0);
    /// True when a frame of this stream would be taken: none of it waits and the limits are kept.
    bool stream_ready(unsigned stream) const noexcept;
    /// A tick of a stream. At most one frame per stream waits; the rows of a tick that was left out come with a later
    /// one.
    Verdict push_stream(Frame frame, unsigned stream);
    /// Pong and ping: at the next frame border, whatever the limits say.
    void push_control(Frame frame);
    /// The last word (`bye`), after which nothing is taken. `at_once`: before everything that can still be taken back,
    /// for a reader who would not come to it otherwise.
    void finish(Frame frame, bool at_once);

    std::size_t gather(std::span<std::string_view> out) noexcept;
    void written(std::size_t bytes) noexcept;

    std::size_t bytes() const noexcept { return bytes_; }
    std::size_t messages() const noexcept { return count_; }
    bool over_limits() const noexcept { return bytes_ > limits_.bytes || count_ > limits_.messages; }
    /// Streams of which waiting frames were thrown away since the last call, as bits.
    std::uint64_t take_evicted() noexcept;
    /// Waiting stream frames become ordinary ones: the space they belong to has been left.
    void forget_streams() noexcept;

private:
    static constexpr std::uint8_t kNoStream = 0xff;
    struct Entry {
        Frame frame;
        std::uint64_t key = 0;
        Delivery delivery = Delivery::must;
        std::uint8_t stream = kNoStream;
    };
    Entry& at(std::size_t index) noexcept { return ring_[(head_ + index) & (ring_.size() - 1)]; }
    bool fits(std::size_t size, std::size_t times) const noexcept {
        return bytes_ + size <= times * limits_.bytes && count_ + 1 <= times * limits_.messages;
    }
    /// Entries before this index are on their way and stay untouched.
    std::size_t pinned() const noexcept;
    void append(Entry entry);
    void evict();
    void grow();

    Limits limits_;
    std::vector<Entry> ring_;  ///< size 0 or a power of two
    std::size_t head_ = 0;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;   ///< not yet written
    std::size_t offset_ = 0;  ///< of the first frame, already written
    std::size_t shown_ = 0;   ///< frames that gather() has handed out since the last written()
    std::uint64_t waiting_streams_ = 0;
    std::uint64_t evicted_streams_ = 0;
    bool finished_ = false;
};

}  // namespace cairn::core
