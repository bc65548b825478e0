#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/fields.hpp>
#include <cairn/json.hpp>
#include <cairn/values.hpp>

namespace cairn::chat {

/// A row of `chat_messages` (P190). Times are ms since 1970 UTC. The text is as it was sent: who shows it escapes it
/// (docs/decisions/0004).
struct MessageRow {
    std::string id;
    std::string space_id;
    std::optional<std::string> user_id;
    std::optional<std::string> username;
    std::string message;
    std::string message_type = "text";
    std::optional<std::string> attachment_url;
    std::optional<std::string> attachment_type;
    std::optional<std::int64_t> attachment_size_bytes;
    WallTime created_at = 0;
    std::optional<WallTime> edited_at;
    std::optional<WallTime> deleted_at;
    bool is_flagged = false;
    std::optional<std::string> flagged_reason;
    std::optional<std::string> moderated_by;
};
void describe(Fields<MessageRow>& f);

/// As clients see it: {id, user, name, message, at, channel, attachment?, edited_at?}. Leaves the JSON object open so
/// that more can be added.
void write_open(JsonWriter& out, const MessageRow& row);

/// The newest `$2` of the space `$1` that are not deleted, newest first.
extern const std::string_view kSelectNewest;
/// The newest `$4` of the space `$1` before the time `$2`, and of those at that time the ones with an id before `$3`.
extern const std::string_view kSelectBefore;
/// The message `$2` of the space `$1`, deleted or not.
extern const std::string_view kSelectOne;
/// At most 500 messages of the space `$1` that were deleted before `$2`.
extern const std::string_view kSelectDeleted;

}  // namespace cairn::chat
