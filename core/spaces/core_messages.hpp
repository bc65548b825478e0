#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>

namespace cairn::core {

/// The messages that the host answers itself (docs/protocol.md, section 5.0).
struct ResumeClaim {
    std::string token;
    std::optional<std::int64_t> last;  ///< number of the last event seen; for the replay of a later version
};
struct HelloMessage {
    std::string client;
    std::string name;
    std::string token;
    std::string space;
    std::optional<ResumeClaim> resume;
};
struct JoinMessage {
    std::string space;
};
struct LeaveMessage {};
struct PingMessage {
    Document ts;
};

void describe(Fields<ResumeClaim>& f);
void describe(Fields<HelloMessage>& f);
void describe(Fields<JoinMessage>& f);
void describe(Fields<LeaveMessage>& f);
void describe(Fields<PingMessage>& f);

/// Longest `hello` in bytes: nobody is known before it (reliability section 8).
inline constexpr std::size_t kMaxHello = 4096;

}  // namespace cairn::core
