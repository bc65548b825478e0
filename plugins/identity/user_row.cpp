#include "plugins/identity/user_row.hpp"

namespace cairn::identity {

void describe(Fields<UserRow>& f) {
    f(&UserRow::id, "id", "UUID minted by this server").required();
    f(&UserRow::username, "username", "unique; guests have guest-<beginning of the id>");
    f(&UserRow::display_name, "display_name", "what others see");
    f(&UserRow::email, "email", "unique; guests have none");
    f(&UserRow::avatar_url, "avatar_url", "picture or model of the avatar");
    f(&UserRow::custom_avatar_model_id, "custom_avatar_model_id", "uploaded model of the avatar");
    f(&UserRow::created_at, "created_at", "first admission");
    f(&UserRow::last_seen_at, "last_seen_at", "latest admission");
    f(&UserRow::total_time_seconds, "total_time_seconds", "time spent here");
    f(&UserRow::preferences, "preferences", "the client's own settings");
    f(&UserRow::stats, "stats", "what he has done: objects_created, messages_sent, …");
    f(&UserRow::auth_provider, "auth_provider", "who vouches for him: guest, local, …");
    f(&UserRow::auth_id, "auth_id", "his id there");
    f(&UserRow::is_active, "is_active", "false: refused at the door");
    f(&UserRow::is_admin, "is_admin", "carries the role admin");
}

const std::string_view kSelectUser =
    "SELECT id, username, display_name, email, avatar_url, custom_avatar_model_id, created_at, last_seen_at, "
    "total_time_seconds, preferences, stats, auth_provider, auth_id, is_active, is_admin FROM users WHERE id = $1";

}  // namespace cairn::identity
