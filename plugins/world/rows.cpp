#include "plugins/world/rows.hpp"

namespace cairn::world {

void describe(Fields<SpaceRow>& f) {
    f(&SpaceRow::id, "id", "UUID").required();
    f(&SpaceRow::name, "name", "what clients call it; unique").required();
    f(&SpaceRow::created_at, "created_at", "first opened");
    f(&SpaceRow::updated_at, "updated_at", "settings last changed");
    f(&SpaceRow::owner_id, "owner_id", "user who owns it");
    f(&SpaceRow::settings, "settings", "bounds and the like");
    f(&SpaceRow::is_public, "is_public", "shown in listings");
    f(&SpaceRow::max_users, "max_users", "players at the same time");
    f(&SpaceRow::visitor_count, "visitor_count", "joins so far");
    f(&SpaceRow::total_runtime_seconds, "total_runtime_seconds", "time with somebody in it");
    f(&SpaceRow::last_active_at, "last_active_at", "last join or leave");
}

void describe(Fields<SessionRow>& f) {
    f(&SessionRow::id, "id", "UUID").required();
    f(&SessionRow::user_id, "user_id", "who");
    f(&SessionRow::space_id, "space_id", "where");
    f(&SessionRow::socket_id, "socket_id", "unique per stay").required();
    f(&SessionRow::ip_address, "ip_address", "from where");
    f(&SessionRow::user_agent, "user_agent", "with what");
    f(&SessionRow::connected_at, "connected_at", "came");
    f(&SessionRow::disconnected_at, "disconnected_at", "went");
    f(&SessionRow::duration_seconds, "duration_seconds", "stayed");
    f(&SessionRow::position, "position", "where he stood when he went");
    f(&SessionRow::rotation, "rotation", "which way he looked");
    f(&SessionRow::is_active, "is_active", "he is there now");
}

void describe(Fields<ObjectRow>& f) {
    f(&ObjectRow::id, "id", "UUID of the row").required();
    f(&ObjectRow::object_id, "object_id", "what clients call it").required();
    f(&ObjectRow::space_id, "space_id", "where").required();
    f(&ObjectRow::name, "name", "shown to people");
    f(&ObjectRow::type, "type", "model, primitive, light or camera");
    f(&ObjectRow::position, "position", "[x, y, z]").required();
    f(&ObjectRow::rotation, "rotation", "Euler radians").required();
    f(&ObjectRow::scale, "scale", "per axis").required();
    f(&ObjectRow::model_id, "model_id", "uploaded model");
    f(&ObjectRow::model_url, "model_url", "where its model lies").max_length(2048);
    f(&ObjectRow::created_by, "created_by", "user");
    f(&ObjectRow::created_at, "created_at", "when");
    f(&ObjectRow::updated_by, "updated_by", "user");
    f(&ObjectRow::updated_at, "updated_at", "when");
    f(&ObjectRow::properties, "properties", "the clients' own data");
    f(&ObjectRow::physics, "physics", "{static: true} unless said otherwise");
    f(&ObjectRow::visibility, "visibility", "drawn");
    f(&ObjectRow::locked, "locked", "only its creator and admins change it");
    f(&ObjectRow::interaction_count, "interaction_count", "moves and changes so far (P166)");
    f(&ObjectRow::last_interacted_at, "last_interacted_at", "the last of them");
}

void describe(Fields<LoadedObject>& f) {
    f(&LoadedObject::id, "id", "UUID of the row");
    f(&LoadedObject::object_id, "object_id", "what clients call it");
    f(&LoadedObject::name, "name", "shown to people");
    f(&LoadedObject::type, "type", "model, primitive, light or camera");
    f(&LoadedObject::position, "position", "[x, y, z]");
    f(&LoadedObject::rotation, "rotation", "Euler radians");
    f(&LoadedObject::scale, "scale", "per axis");
    f(&LoadedObject::model_id, "model_id", "uploaded model");
    f(&LoadedObject::model_url, "model_url", "where its model lies");
    f(&LoadedObject::created_by, "created_by", "user");
    f(&LoadedObject::created_at, "created_at", "when");
    f(&LoadedObject::updated_by, "updated_by", "user");
    f(&LoadedObject::updated_at, "updated_at", "when");
    f(&LoadedObject::properties, "properties", "the clients' own data");
    f(&LoadedObject::physics, "physics", "{static: true} unless said otherwise");
    f(&LoadedObject::visibility, "visibility", "drawn");
    f(&LoadedObject::locked, "locked", "only its creator and admins change it");
    f(&LoadedObject::interaction_count, "interaction_count", "moves and changes so far (P166)");
    f(&LoadedObject::last_interacted_at, "last_interacted_at", "the last of them");
}

void describe(Fields<SpaceNameRow>& f) {
    f(&SpaceNameRow::id, "id", "UUID");
    f(&SpaceNameRow::name, "name", "what clients call it");
}

void describe(Fields<HeapSize>& f) {
    f(&HeapSize::objects, "objects", "of the space");
    f(&HeapSize::pages, "pages", "of the table");
}

void describe(Fields<SessionIdRow>& f) {
    f(&SessionIdRow::id, "id", "UUID");
}

const std::string_view kSelectSpaceNames = "SELECT id, name FROM spaces";

const std::string_view kSelectSpace =
    "SELECT id, name, created_at, updated_at, owner_id, settings, is_public, max_users, visitor_count, "
    "total_runtime_seconds, last_active_at FROM spaces WHERE id = $1 OR name = $2";

const std::string_view kSelectOpenSessions =
    "SELECT id, user_id, space_id, socket_id, ip_address, user_agent, connected_at, disconnected_at, duration_seconds, "
    "position, rotation, is_active FROM sessions WHERE space_id = $1 AND disconnected_at IS NULL ORDER BY connected_at "
    "LIMIT 1000";

const std::string_view kSelectOldSessions =
    "SELECT id FROM sessions WHERE disconnected_at IS NOT NULL AND disconnected_at < $1 LIMIT $2";

const std::string_view kSelectObjects =
    "SELECT id, object_id, name, type, position, rotation, scale, model_id, model_url, created_by, created_at, "
    "updated_by, updated_at, properties, physics, visibility, locked, interaction_count, last_interacted_at "
    "FROM world_objects WHERE space_id = $1 AND object_id > $2 ORDER BY object_id LIMIT $3";

const std::string_view kSelectHeapSize =
    "SELECT (SELECT count(*) FROM world_objects WHERE space_id = $1) AS objects, CASE WHEN "
    "current_setting('server_version_num')::integer < 140000 THEN 0 ELSE pg_relation_size('world_objects') / "
    "current_setting('block_size')::integer END AS pages";

const std::string_view kSelectObjectsOfHeap =
    "SELECT id, object_id, name, type, position, rotation, scale, model_id, model_url, created_by, created_at, "
    "updated_by, updated_at, properties, physics, visibility, locked, interaction_count, last_interacted_at "
    "FROM world_objects WHERE space_id = $1 AND ctid >= $2::tid AND ctid < $3::tid";

}  // namespace cairn::world
