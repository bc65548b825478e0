#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/http.hpp>
#include <cairn/values.hpp>

#include <plugins/gateway/http_head.hpp>

namespace cairn::gateway {

/// How an answer is to be framed; the status and fields come from whoever made it.
struct AnswerFrame {
    std::uint64_t length = 0;  ///< of the body that a GET would get
    bool keep_alive = false;
    WallTime now = 0;  ///< for the Date field (RFC 9110 section 6.6.1)
};

/// The bytes from the status line to the empty line. Fields that frame messages (Content-Length, Transfer-Encoding,
/// Connection, Date, Upgrade …) are ours; what the answer says about them is left out, and so are names that are no
/// tokens and values with CR, LF or NUL (no response splitting). Adds `X-Content-Type-Options: nosniff`. [any]
std::string answer_head(const HttpResponse& answer, const AnswerFrame& frame);

/// {"err":{"code":…,"message":…}}, with the code that fits the status. [any]
HttpResponse error_answer(int status, std::string_view message);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string http_date(WallTime time);

}  // namespace cairn::gateway
