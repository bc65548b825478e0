#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/error.hpp>

namespace cairn::core {

/// One request of a client: `{"t":"object.move","id":17,"d":{…}}` (docs/protocol.md, section 5.0).
struct Envelope {
    std::string_view type;
    std::string_view id;  ///< raw JSON, an integer or a string, echoed as it came; empty: no reply is wanted
    std::string_view d;   ///< raw JSON of an object; "{}" when the client left it out
};

/// Longest id between its quotes, in bytes as they came.
inline constexpr std::size_t kMaxRequestId = 64;
/// Longest message type.
inline constexpr std::size_t kMaxTypeName = 64;

/// Takes envelopes apart. Reuses its buffers: one per loop. [loop]
class EnvelopeReader {
public:
    EnvelopeReader();
    ~EnvelopeReader();
    /// Fills `out`, whose views are valid until the next call, and returns nothing; or says what is wrong. Then `out`
    /// holds what could be read before, so that the answer may still carry the id. `d` is only known to begin and end
    /// like an object; decode_json() judges it.
    std::optional<Error> read(std::string_view message, Envelope& out);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Writes `{"t":type,"s":number,"d":` — add the JSON of `d` and a `}`. Number 0: the event carries none. [any]
void begin_event(std::string& out, std::string_view type, std::uint64_t number);
/// A whole event without a number. [any]
std::string event_json(std::string_view type, std::string_view d_json);
/// `{"re":id,"ok":true,"d":…}` [any]
std::string reply_json(std::string_view id, std::string_view d_json);
/// `{"re":id,"err":{…}}`, or for requests without an id the event `error` with `re_t` naming the message type. [any]
std::string refusal_json(std::string_view id, std::string_view type, const Error& error, std::string_view trace = {});

}  // namespace cairn::core
