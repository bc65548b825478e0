#include "plugins/chat/message_row.hpp"

namespace cairn::chat {

#define CAIRN_CHAT_COLUMNS                                                                                     \
    "SELECT id, space_id, user_id, username, message, message_type, attachment_url, attachment_type, "         \
    "attachment_size_bytes, created_at, edited_at, deleted_at, is_flagged, flagged_reason, moderated_by FROM " \
    "chat_messages WHERE "

const std::string_view kSelectNewest =
    CAIRN_CHAT_COLUMNS "space_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2";
const std::string_view kSelectBefore = CAIRN_CHAT_COLUMNS
    "space_id = $1 AND deleted_at IS NULL AND (created_at < $2 OR (created_at = $2 AND id < $3)) "
    "ORDER BY created_at DESC, id DESC LIMIT $4";
const std::string_view kSelectOne = CAIRN_CHAT_COLUMNS "space_id = $1 AND id = $2";
const std::string_view kSelectDeleted =
    CAIRN_CHAT_COLUMNS "space_id = $1 AND deleted_at IS NOT NULL AND deleted_at < $2 LIMIT 500";

#undef CAIRN_CHAT_COLUMNS

void describe(Fields<MessageRow>& f) {
    f(&MessageRow::id, "id", "UUID that sorts by time").required();
    f(&MessageRow::space_id, "space_id", "where").required();
    f(&MessageRow::user_id, "user_id", "who");
    f(&MessageRow::username, "username", "his name when he said it");
    f(&MessageRow::message, "message", "as it was sent").max_length(65536);
    f(&MessageRow::message_type, "message_type", "text, image, file or system");
    f(&MessageRow::attachment_url, "attachment_url", "where the attachment lies");
    f(&MessageRow::attachment_type, "attachment_type", "its media type");
    f(&MessageRow::attachment_size_bytes, "attachment_size_bytes", "its size");
    f(&MessageRow::created_at, "created_at", "when");
    f(&MessageRow::edited_at, "edited_at", "last changed by its author");
    f(&MessageRow::deleted_at, "deleted_at", "no longer shown since");
    f(&MessageRow::is_flagged, "is_flagged", "somebody complained");
    f(&MessageRow::flagged_reason, "flagged_reason", "why");
    f(&MessageRow::moderated_by, "moderated_by", "moderator who deleted it");
}

void write_open(JsonWriter& out, const MessageRow& row) {
    out.begin_object().key("id").text(row.id);
    out.key("user").text(row.user_id.value_or("")).key("name").text(row.username.value_or(""));
    out.key("message").text(row.message).key("at").integer(row.created_at).key("channel").text("space");
    if (row.attachment_url) {
        out.key("attachment").begin_object().key("url").text(*row.attachment_url);
        if (row.attachment_type) out.key("type").text(*row.attachment_type);
        if (row.attachment_size_bytes) out.key("size").integer(*row.attachment_size_bytes);
        out.end_object();
    }
    if (row.edited_at) out.key("edited_at").integer(*row.edited_at);
}

}  // namespace cairn::chat
