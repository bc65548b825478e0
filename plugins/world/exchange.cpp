#include "plugins/world/exchange.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/iso_time.hpp>
#include <cairn/text.hpp>
#include <cairn/uuid.hpp>

#include "plugins/world/world_config.hpp"
#include "plugins/world/world_object.hpp"

namespace cairn::world {
namespace {

constexpr std::size_t kMaxText = 255;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxProperties = 64 * 1024;
constexpr double kFarthest = 10'000'000;
constexpr std::int64_t kUsualUsers = 100;

constexpr std::string_view kSpace =
    "SELECT id, name, created_at, settings, is_public, max_users, visitor_count, total_runtime_seconds FROM spaces "
    "WHERE name = $1";
constexpr std::string_view kModels =
    "SELECT DISTINCT model_id, model_url FROM world_objects WHERE space_id = $1 AND model_url IS NOT NULL "
    "ORDER BY model_url, model_id";
constexpr std::string_view kObjects =
    "SELECT object_id, name, type, position, rotation, scale, model_id, model_url, created_by, created_at, updated_by, "
    "updated_at, properties, physics, visibility, locked, interaction_count, last_interacted_at FROM world_objects "
    "WHERE space_id = $1 ORDER BY object_id";

/// Sections have no clock of the host: they also work where no server runs.
WallTime wall_now() {
    return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count();
}

[[noreturn]] void refuse(const std::string& member, const std::string& why) {
    throw Error(Code::invalid_field, why).at(member);
}

// ---- out -----------------------------------------------------------------------------------------------------------

/// Members in the order of their names, at every depth: a database may have changed it, and the same state is to give
/// the same file.
Document sorted(const Document& value) {
    if (value.is_list()) {
        Document::List items;
        for (const Document& item : value.items()) items.push_back(sorted(item));
        return Document::list(std::move(items));
    }
    if (!value.is_map()) return value;
    Document::Map members;
    for (const Document::Member& member : value.members()) members.emplace_back(member.key, sorted(member.value));
    std::sort(members.begin(), members.end(),
              [](const Document::Member& a, const Document::Member& b) { return a.key < b.key; });
    return Document::map(std::move(members));
}

Document parsed(const Document& column) {
    return column.is_text() ? Document::parse_json(column.text()) : column;
}

Document vector_entry(const Document& column) {
    const Document value = parsed(column);
    if (value.is_list() && value.size() == 3)
        return {{"x", value.items()[0]}, {"y", value.items()[1]}, {"z", value.items()[2]}};
    return {{"x", value["x"]}, {"y", value["y"]}, {"z", value["z"]}};
}

void set_unless_null(Document& entry, const char* name, const Document& value) {
    if (!value.is_null()) entry.set(name, value);
}

bool yes(const Document& column, bool otherwise) {
    return column.is_boolean() ? column.boolean_or(otherwise) : column.integer_or(otherwise ? 1 : 0) != 0;
}

std::pair<std::string, Document> write_space(const Document& row) {
    Document entry{{"name", row["name"]},
                   {"isPublic", yes(row["is_public"], true)},
                   {"maxUsers", row["max_users"]},
                   {"settings", sorted(parsed(row["settings"]))},
                   {"createdAt", row["created_at"]},
                   {"visitorCount", row["visitor_count"]},
                   {"totalRuntimeSeconds", row["total_runtime_seconds"]}};
    return {std::string(row["id"].text()), std::move(entry)};
}

std::pair<std::string, Document> write_model(const Document& row) {
    const std::string url(row["model_url"].text());
    const std::string id(row["model_id"].is_null() ? url : row["model_id"].text());
    return {id, {{"publicUrl", url}}};
}

std::pair<std::string, Document> write_object(const Document& row) {
    const std::string id(row["object_id"].text());
    Document entry{{"objectId", id}};
    set_unless_null(entry, "name", row["name"]);
    set_unless_null(entry, "type", row["type"]);
    entry.set("position", vector_entry(row["position"]));
    entry.set("rotation", vector_entry(row["rotation"]));
    entry.set("scale", vector_entry(row["scale"]));
    set_unless_null(entry, "addedBy", row["created_by"]);
    if (!row["model_id"].is_null()) entry.set("isUploadedModel", true);
    set_unless_null(entry, "modelId", row["model_id"]);
    set_unless_null(entry, "modelUrl", row["model_url"]);
    set_unless_null(entry, "createdAt", row["created_at"]);
    set_unless_null(entry, "updatedBy", row["updated_by"]);
    set_unless_null(entry, "updatedAt", row["updated_at"]);
    if (const Document properties = parsed(row["properties"]); properties.size() > 0)
        entry.set("properties", sorted(properties));
    const Document physics = parsed(row["physics"]);
    if (physics.is_map() && physics != Document{{"static", true}}) entry.set("physics", sorted(physics));
    if (!yes(row["visibility"], true)) entry.set("visibility", false);
    if (yes(row["locked"], false)) entry.set("locked", true);
    if (row["interaction_count"].integer_or(0) != 0) entry.set("interactionCount", row["interaction_count"]);
    set_unless_null(entry, "lastInteractedAt", row["last_interacted_at"]);
    return {id, std::move(entry)};
}

// ---- in ------------------------------------------------------------------------------------------------------------

std::string text_of(const Document& value, const std::string& member, std::size_t most) {
    if (!value.is_text()) refuse(member, "must be a text");
    if (value.text().size() > most) refuse(member, "must have at most " + std::to_string(most) + " bytes");
    return std::string(value.text());
}

bool switch_of(const Document& value, const std::string& member) {
    if (!value.is_boolean()) refuse(member, "must be true or false");
    return value.boolean_or(false);
}

std::int64_t count_of(const Document& value, const std::string& member) {
    if (!value.is_integer() || value.integer_or(-1) < 0) refuse(member, "must be a whole number, not below 0");
    return value.integer_or(0);
}

/// Milliseconds since 1970, or a text as JavaScript's toISOString writes it.
WallTime time_of(const Document& value, const std::string& member) {
    if (value.is_number()) {
        const double ms = value.number_or(0);
        if (ms >= 0 && ms < 1e15) return static_cast<WallTime>(ms);
    }
    if (const auto read = read_iso_time(value.text())) return *read;
    refuse(member, "must be a time in ms since 1970, or a text such as 2026-01-31T12:00:00.000Z");
}

/// [x, y, z]; {x, y, z}; or an Euler as three.js writes it, {_x, _y, _z}.
Vec3 vector_of(const Document& value, const std::string& member, double farthest) {
    Vec3 vector;
    const auto number = [&](const Document& part, const char* name) {
        const double n = part.number_or(std::nan(""));
        if (!std::isfinite(n)) refuse(member + "." + name, "must be a number");
        if (std::abs(n) > farthest) refuse(member + "." + name, "is out of range");
        return n;
    };
    if (value.is_list() && value.size() == 3) {
        const auto& parts = value.items();
        return {number(parts[0], "x"), number(parts[1], "y"), number(parts[2], "z")};
    }
    if (!value.is_map()) refuse(member, "must be {\"x\": …, \"y\": …, \"z\": …} or [x, y, z]");
    const bool euler = !value.find("x") && value.find("_x");
    vector.x = number(value[euler ? "_x" : "x"], "x");
    vector.y = number(value[euler ? "_y" : "y"], "y");
    vector.z = number(value[euler ? "_z" : "z"], "z");
    return vector;
}

void read_space(std::string_view name, const std::string& id, const Document& entry, const Table<SpaceRow>& table,
                Commit& commit) {
    if (const std::string problem = space_name_problem(name); !problem.empty()) refuse("name", problem);
    SpaceRow row;
    row.id = id;
    row.name = name;
    row.max_users = kUsualUsers;
    row.settings = Document::map();
    for (const Document::Member& member : entry.members()) {
        const std::string& key = member.key;
        const Document& value = member.value;
        if (key == "isPublic") row.is_public = switch_of(value, key);
        if (key == "maxUsers") row.max_users = std::clamp<std::int64_t>(count_of(value, key), 1, 100'000);
        if (key == "settings" && value.is_map()) row.settings = value;
        if (key == "createdAt") row.created_at = time_of(value, key);
        if (key == "visitorCount") row.visitor_count = count_of(value, key);
        if (key == "totalRuntimeSeconds") row.total_runtime_seconds = count_of(value, key);
    }
    if (row.created_at == 0) row.created_at = wall_now();
    row.updated_at = row.last_active_at = row.created_at;
    table.put(commit, row);
}

using ModelUrls = std::map<std::string, std::string>;

void read_object(std::string_view space, const std::string& id, const Document& entry, const Table<ObjectRow>& table,
                 const ModelUrls& models, Commit& commit) {
    ObjectRow row;
    row.id = new_uuid();
    row.object_id = id;
    row.space_id = space;
    if (id.empty() || id.size() > kMaxText || !matches(Pattern::line, id))
        refuse("objectId", "must be 1 to 255 characters on one line");
    Document properties = Document::map();
    bool placed = false;
    std::string model;
    // Whom or what this server does not know by such an id is kept as the clients' own data.
    const auto uuid_or_property = [&](const Document::Member& member, std::optional<std::string>& column) {
        const std::string text = text_of(member.value, member.key, kMaxText);
        if (is_uuid(text))
            column = text;
        else
            properties.set(member.key, text);
    };
    for (const Document::Member& member : entry.members()) {
        const std::string& key = member.key;
        const Document& value = member.value;
        if (value.is_null()) continue;
        if (key == "objectId") {
            if (value.text() != id)
                refuse(key, "is \"" + std::string(value.text()) + "\", but the entry stands under \"" + id + "\"");
        } else if (key == "name") {
            row.name = text_of(value, key, kMaxText);
        } else if (key == "type") {
            row.type = text_of(value, key, kMaxText);
            if (object_type_name(object_type(*row.type)) != *row.type)
                refuse(key, "must be model, primitive, light or camera");
        } else if (key == "position") {
            row.position = vector_of(value, key, kFarthest);
            placed = true;
        } else if (key == "rotation") {
            row.rotation = vector_of(value, key, kFarthest);
        } else if (key == "scale") {
            row.scale = vector_of(value, key, kFarthest);
        } else if (key == "addedBy") {
            uuid_or_property(member, row.created_by);
        } else if (key == "updatedBy") {
            uuid_or_property(member, row.updated_by);
        } else if (key == "modelId") {
            uuid_or_property(member, row.model_id);
            model = value.text();
        } else if (key == "modelUrl") {
            const std::string url = text_of(value, key, kMaxUrl);
            if (!matches(Pattern::url, url)) refuse(key, "must " + std::string(pattern_words(Pattern::url)));
            row.model_url = url;
        } else if (key == "createdAt" || key == "addedAt") {
            row.created_at = time_of(value, key);
        } else if (key == "updatedAt") {
            row.updated_at = time_of(value, key);
        } else if (key == "properties") {
            if (!value.is_map()) refuse(key, "must be an object");
            for (const Document::Member& property : value.members()) properties.set(property.key, property.value);
        } else if (key == "physics") {
            if (!value.is_map()) refuse(key, "must be an object");
            row.physics = value;
        } else if (key == "visibility") {
            row.visibility = switch_of(value, key);
        } else if (key == "locked") {
            row.locked = switch_of(value, key);
        } else if (key == "interactionCount") {
            row.interaction_count = count_of(value, key);
        } else if (key == "lastInteractedAt") {
            row.last_interacted_at = time_of(value, key);
        } else if (key != "isUploadedModel") {
            properties.set(key, value);
        }
    }
    if (!placed) refuse("position", "is missing");
    if (!row.model_url && !model.empty()) {
        if (const auto known = models.find(model); known != models.end()) row.model_url = known->second;
    }
    if (!row.type) row.type = std::string(object_type_name(ObjectType::model));
    if (!row.physics.is_map()) row.physics = {{"static", true}};
    if (row.created_at == 0) row.created_at = row.updated_at.value_or(wall_now());
    if (!row.updated_at) row.updated_at = row.created_at;
    if (properties.to_json().size() > kMaxProperties) refuse("properties", "must be at most 64 KiB as JSON");
    row.properties = std::move(properties);
    table.put(commit, row);
}

}  // namespace

ExchangeSection space_section(Table<SpaceRow> table) {
    ExchangeSection section;
    section.name = "space";
    section.rows = {std::string(kSpace), {}};
    section.write = write_space;
    section.read = [table](std::string_view name, const std::string& id, const Document& entry, Commit& commit) {
        read_space(name, id, entry, table, commit);
    };
    return section;
}

std::vector<ExchangeSection> scene_sections(Table<ObjectRow> table) {
    const auto urls = std::make_shared<ModelUrls>();
    ExchangeSection models;
    models.name = "models";
    models.rows = {std::string(kModels), {}};
    models.write = write_model;
    models.read = [urls](std::string_view, const std::string& id, const Document& entry, Commit&) {
        if (entry["publicUrl"].is_null()) return;
        const std::string url = text_of(entry["publicUrl"], "publicUrl", kMaxUrl);
        if (!matches(Pattern::url, url)) refuse("publicUrl", "must " + std::string(pattern_words(Pattern::url)));
        (*urls)[id] = url;
    };
    ExchangeSection objects;
    objects.name = "objects";
    objects.rows = {std::string(kObjects), {}};
    objects.write = write_object;
    objects.read = [table, urls](std::string_view space, const std::string& id, const Document& entry, Commit& commit) {
        read_object(space, id, entry, table, *urls, commit);
    };
    // Models first, so that objects coming in know them, wherever they stand in the file.
    return {std::move(models), std::move(objects)};
}

}  // namespace cairn::world
