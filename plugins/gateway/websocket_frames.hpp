#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/values.hpp>

namespace cairn::gateway {

struct FrameLimits {
    std::size_t message = 65536;    ///< bytes of one message; beyond: 1009
    std::size_t fragments = 64;     ///< frames of one message; beyond: 1008
    Duration fragment_time{10000};  ///< from the first byte of a message to its last; beyond: 1008
};

/// What a FrameReader finds, in the order of the wire. After on_close or on_violation nothing more comes.
class FrameSink {
public:
    virtual ~FrameSink() = default;
    /// A complete text message, valid UTF-8; the view lives during the call.
    virtual void on_message(std::string_view message) = 0;
    virtual void on_ping(std::string_view payload) = 0;
    virtual void on_pong(std::string_view payload) = 0;
    /// The peer's Close. `code` is 1005 when it named none.
    virtual void on_close(std::uint16_t code, std::string_view reason) = 0;
    /// The peer broke a rule: close with `code`.
    virtual void on_violation(std::uint16_t code, std::string_view why) = 0;
};

class FrameReader;
struct FrameParser;

/// wslay's receiving contexts, 8 KiB each: one is lent to a connection only while a frame or message is unfinished, so
/// that idle connections cost none. One pool per loop. [loop]
class FrameParserPool {
public:
    explicit FrameParserPool(std::size_t max_message);
    ~FrameParserPool();
    FrameParserPool(const FrameParserPool&) = delete;
    FrameParserPool& operator=(const FrameParserPool&) = delete;
    std::size_t spare() const noexcept { return spare_.size(); }

private:
    friend class FrameReader;
    std::unique_ptr<FrameParser> lend();
    void give_back(std::unique_ptr<FrameParser> parser) noexcept;

    std::size_t max_message_;
    std::vector<std::unique_ptr<FrameParser>> spare_;
};

/// Reads the frames of one client by RFC 6455 sections 5 to 8: wslay checks masks, reserved bits and opcodes, lengths,
/// control frames, UTF-8 and close codes; what it leaves to us (message and fragment limits, binary under a text codec,
/// a close payload of one byte) is checked here. No input or output of its own. [loop]
class FrameReader {
public:
    FrameReader(FrameParserPool& pool, const FrameLimits& limits, FrameSink& sink);
    ~FrameReader();
    FrameReader(const FrameReader&) = delete;
    FrameReader& operator=(const FrameReader&) = delete;

    /// Takes all of `bytes`; what comes after a Close or a violation is left unread.
    void feed(std::string_view bytes, std::chrono::steady_clock::time_point now);
    /// Call now and then: a message that takes too long is a violation.
    void check_time(std::chrono::steady_clock::time_point now);
    bool finished() const noexcept { return finished_; }
    /// Inside a frame or message.
    bool unfinished() const noexcept { return parser_ != nullptr; }

private:
    friend struct FrameParser;
    void frame_started(std::uint8_t opcode, bool final, std::uint64_t length);
    void chunk(std::string_view bytes);
    void frame_ended();
    void control_received(std::uint8_t opcode, std::uint16_t code, std::string_view payload);
    void violate(std::uint16_t code, std::string_view why);
    std::size_t read(std::uint8_t* into, std::size_t room) noexcept;

    FrameParserPool& pool_;
    const FrameLimits& limits_;
    FrameSink& sink_;
    std::unique_ptr<FrameParser> parser_;
    std::string_view input_;                         ///< not yet taken by wslay
    std::string message_;                            ///< of the message under way, when it came in pieces
    std::chrono::steady_clock::time_point started_;  ///< the first byte of the unfinished message
    std::chrono::steady_clock::time_point now_;
    std::uint64_t fed_ = 0;           ///< bytes wslay took since the last border
    std::uint64_t whole_frames_ = 0;  ///< bytes of the frames that ended since the last border
    std::uint64_t frame_size_ = 0;    ///< of the frame under way, with its header
    std::uint64_t announced_ = 0;     ///< payload bytes announced for the message under way
    std::uint64_t frame_left_ = 0;    ///< payload bytes of the data frame under way that are still to come
    std::size_t fragments_ = 0;
    bool in_message_ = false;
    bool in_control_ = false;
    bool final_ = false;
    bool finished_ = false;
};

}  // namespace cairn::gateway
