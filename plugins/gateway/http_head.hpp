#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn::gateway {

/// Why a request is not served: the status of the answer and a sentence for the client. Status 0: nothing is wrong.
struct Refusal {
    int status = 0;
    std::string reason;
    explicit operator bool() const noexcept { return status != 0; }
};

struct HeadLimits {
    std::size_t bytes = 16384;  ///< request line and fields together; more is answered with 431
    std::size_t fields = 64;
    std::size_t target = 8192;  ///< more is answered with 414
};

/// A request head that has been judged: what stands here may be relied on.
struct RequestHead {
    std::string method;  ///< one of GET HEAD POST PUT PATCH DELETE OPTIONS
    std::string target;  ///< as sent, origin-form
    std::string path;    ///< decoded once, valid UTF-8, begins with '/', no dot or empty segments
    std::string query;   ///< as sent, without '?'
    int minor = 1;       ///< HTTP/1.minor
    std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case, values as sent, trimmed

    std::string host;  ///< the Host field; empty only for HTTP/1.0
    bool chunked = false;
    std::optional<std::uint64_t> content_length;
    bool keep_alive = true;
    bool expects_continue = false;

    bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }
    /// The value of the first field called so, or an empty text.
    std::string_view field(std::string_view lower_case_name) const noexcept;
    std::size_t count(std::string_view lower_case_name) const noexcept;
    /// True when the comma-separated lists of all fields called so have `token`, compared without case (RFC
    /// 9110 5.6.1).
    bool has_token(std::string_view lower_case_name, std::string_view token) const noexcept;
};

/// Collects the bytes of one head, whatever way they are chopped, and refuses as early as it can: a bare LF is answered
/// at once, not after the deadline. The deadline itself belongs to the caller.
class HeadReader {
public:
    enum class State : unsigned char { need_more, complete, refused };

    explicit HeadReader(const HeadLimits& limits) : limits_(limits) {}

    /// Takes bytes up to and including the empty line and says how many it took.
    std::size_t feed(std::string_view bytes);
    State state() const noexcept { return state_; }
    /// No byte of a request has come yet.
    bool untouched() const noexcept { return bytes_.empty(); }
    const Refusal& refusal() const noexcept { return refusal_; }
    /// REQUIRES: state() == complete.
    RequestHead take() { return std::move(head_); }
    /// Ready for the next request of the connection; memory is given back.
    void reset();

private:
    void refuse(int status, std::string reason);
    void finish();

    HeadLimits limits_;
    State state_ = State::need_more;
    std::string bytes_;
    RequestHead head_;
    Refusal refusal_;
};

/// Judges a whole head, from the request line to the empty line, by RFC 9112 and RFC 9110, and parses it with
/// Poco::Net::HTTPRequest in between: both readings must agree. Where a proxy in front of us could read something else
/// than we do, the answer is no (request smuggling). [any]
Refusal parse_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head);

/// Decodes a path once. Refuses what could be read in two ways: dot and empty segments, encoded slashes, backslashes,
/// controls, doubly encoded bytes, invalid UTF-8.
Refusal decode_path(std::string_view encoded, std::string& path);

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) noexcept;
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
bool is_utf8(std::string_view text) noexcept;
std::string lower_case(std::string_view text);
std::string_view trim(std::string_view text) noexcept;

}  // namespace cairn::gateway
