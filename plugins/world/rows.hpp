#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>
#include <cairn/storage.hpp>
#include <cairn/values.hpp>

/// The rows of sql/world: names and meanings are P160 to P162. Times are ms since 1970 UTC.
namespace cairn::world {

struct SpaceRow {
    std::string id;
    std::string name;
    WallTime created_at = 0;
    std::optional<WallTime> updated_at;
    std::optional<std::string> owner_id;
    Document settings;
    bool is_public = true;
    std::int64_t max_users = 100;
    std::int64_t visitor_count = 0;
    std::int64_t total_runtime_seconds = 0;
    std::optional<WallTime> last_active_at;
};
void describe(Fields<SpaceRow>& f);

struct SessionRow {
    std::string id;
    std::optional<std::string> user_id;
    std::optional<std::string> space_id;
    std::string socket_id;
    std::optional<std::string> ip_address;
    std::optional<std::string> user_agent;
    WallTime connected_at = 0;
    std::optional<WallTime> disconnected_at;
    std::optional<std::int64_t> duration_seconds;
    std::optional<Vec3> position;
    std::optional<Vec3> rotation;
    bool is_active = true;
};
void describe(Fields<SessionRow>& f);

struct ObjectRow {
    std::string id;         ///< UUID of the row
    std::string object_id;  ///< what clients call it (C13)
    std::string space_id;
    std::optional<std::string> name;
    std::optional<std::string> type;
    Vec3 position;
    Vec3 rotation;
    Vec3 scale{1, 1, 1};
    std::optional<std::string> model_id;
    std::optional<std::string> model_url;
    std::optional<std::string> created_by;
    WallTime created_at = 0;
    std::optional<std::string> updated_by;
    std::optional<WallTime> updated_at;
    Document properties;
    Document physics;
    bool visibility = true;
    bool locked = false;
    std::int64_t interaction_count = 0;
    std::optional<WallTime> last_interacted_at;
};
void describe(Fields<ObjectRow>& f);

/// What a space needs of a row to have the object in memory. JSON stays text: a million documents would only be built
/// to be written out again.
struct LoadedObject {
    std::string id;
    std::string object_id;
    std::optional<std::string> name;
    std::optional<std::string> type;
    Vec3 position;
    Vec3 rotation;
    Vec3 scale{1, 1, 1};
    std::optional<std::string> model_id;
    std::optional<std::string> model_url;
    std::optional<std::string> created_by;
    WallTime created_at = 0;
    std::optional<std::string> updated_by;
    std::optional<WallTime> updated_at;
    std::string properties;  ///< JSON object; empty: none
    std::string physics;
    bool visibility = true;
    bool locked = false;
    std::int64_t interaction_count = 0;
    std::optional<WallTime> last_interacted_at;
};
void describe(Fields<LoadedObject>& f);

struct Tables {
    Table<SpaceRow> spaces;
    Table<SessionRow> sessions;
    Table<ObjectRow> objects;
};

/// Names and ids of all spaces.
extern const std::string_view kSelectSpaceNames;
struct SpaceNameRow {
    std::string id;
    std::string name;
};
void describe(Fields<SpaceNameRow>& f);

/// The space with the id `$1` or the name `$2`.
extern const std::string_view kSelectSpace;
/// Sessions of the space `$1` that nobody has closed.
extern const std::string_view kSelectOpenSessions;
/// At most `$2` sessions that ended before `$1`.
extern const std::string_view kSelectOldSessions;
struct SessionIdRow {
    std::string id;
};
void describe(Fields<SessionIdRow>& f);
inline constexpr std::size_t kSessionsPerPiece = 500;

/// The next `$3` objects of the space `$1` after the object id `$2`.
extern const std::string_view kSelectObjects;

/// PostgreSQL's: how many objects the space `$1` has, and of how many pages the heap of all objects is; 0 pages where the
/// server cannot read a part of the heap without reading all of it (before PostgreSQL 14).
extern const std::string_view kSelectHeapSize;
struct HeapSize {
    std::int64_t objects = 0;
    std::int64_t pages = 0;
};
void describe(Fields<HeapSize>& f);
/// PostgreSQL's: the objects of the space `$1` that lie from the place `$2`, "(page,0)", to before the place `$3`.
extern const std::string_view kSelectObjectsOfHeap;
inline constexpr std::int64_t kEndOfHeap = 4294967294;  ///< a page behind every other

}  // namespace cairn::world
