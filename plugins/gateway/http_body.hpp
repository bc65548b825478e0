#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <plugins/gateway/http_head.hpp>

namespace cairn::gateway {

/// Collects one request body under a limit, by Content-Length or chunked (RFC 9112 sections 6 and 7.1), whatever way
/// the bytes are chopped. Chunk extensions and trailers are checked and left out.
class BodyReader {
public:
    enum class State : unsigned char { need_more, complete, refused };

    /// `max_body` bytes are accepted; a Content-Length beyond is refused with 413 before a byte is read.
    BodyReader(const RequestHead& head, std::size_t max_body);

    /// Takes bytes up to the end of the body and says how many it took.
    std::size_t feed(std::string_view bytes);
    State state() const noexcept { return state_; }
    const Refusal& refusal() const noexcept { return refusal_; }
    /// Bytes of the wire seen so far: what a minimum rate is judged by.
    std::uint64_t received() const noexcept { return received_; }
    std::string take() { return std::move(body_); }

private:
    enum class Part : unsigned char { size, extension, size_line_end, data, data_cr, data_lf, trailer };
    void refuse(int status, std::string reason);
    std::size_t feed_chunked(std::string_view bytes);
    void chunk_byte(char c);
    void trailer_byte(char c);
    void end_size_line();

    State state_ = State::need_more;
    Part part_ = Part::size;
    bool chunked_ = false;
    std::uint8_t digits_ = 0;
    std::size_t max_body_;
    std::size_t overhead_ = 0;  ///< bytes of this chunk's extension, or of all trailers
    std::uint64_t left_ = 0;    ///< bytes of the body (by length) or of the chunk still to come
    std::uint64_t received_ = 0;
    std::string body_;
    std::string line_;  ///< a trailer line under way
    Refusal refusal_;
};

}  // namespace cairn::gateway
