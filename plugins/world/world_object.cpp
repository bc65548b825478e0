#include "plugins/world/world_object.hpp"

#include <cairn/uuid.hpp>

namespace cairn::world {
namespace {

constexpr std::array<std::string_view, 4> kTypeNames{"model", "primitive", "light", "camera"};
constexpr std::string_view kNothing = "{}";
constexpr std::string_view kStatic = R"({"static":true})";
constexpr std::string_view kStaticSpaced = R"({"static": true})";  // as jsonb of PostgreSQL gives it back

int hex_value(char c) noexcept {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/// JSON of a column as it may be sent on as it is: what others have written there may lack the escapes that JsonWriter
/// gives to texts.
std::string as_written_here(const std::string& json) {
    // U+2028 and U+2029 begin with E2; `</` and `<!` with a bracket.
    if (json.find_first_of("<\xE2") == std::string::npos) return json;
    return Document::parse_json(json).to_json();
}

Document parsed(std::string_view json, std::string_view usual) {
    return Document::parse_json(json.empty() ? usual : json);
}

std::optional<std::string> optional_text(std::string_view text) {
    if (text.empty()) return std::nullopt;
    return std::string(text);
}

}  // namespace

std::uint32_t Actors::number(const std::string& id) {
    if (id.empty()) return 0;
    const auto [found, added] = numbers_.try_emplace(id, static_cast<std::uint32_t>(ids_.size()));
    if (added) ids_.push_back(id);
    return found->second;
}

std::string_view object_type_name(ObjectType type) noexcept {
    return kTypeNames[static_cast<std::size_t>(type)];
}

ObjectType object_type(std::string_view name) noexcept {
    for (std::size_t i = 0; i < kTypeNames.size(); ++i) {
        if (kTypeNames[i] == name) return static_cast<ObjectType>(i);
    }
    return ObjectType::primitive;
}

Object::Object(const Object& other)
    : id(other.id),
      name(other.name),
      properties(other.properties),
      at(other.at),
      created_at(other.created_at),
      updated_at(other.updated_at),
      last_interacted_at(other.last_interacted_at),
      created_by(other.created_by),
      updated_by(other.updated_by),
      interactions(other.interactions),
      number(other.number),
      version(other.version),
      type(other.type),
      visible(other.visible),
      locked(other.locked),
      dirty(other.dirty),
      row_id_(other.row_id_),
      extras_(other.extras_ ? std::make_unique<Extras>(*other.extras_) : nullptr) {}

Object::Extras& Object::extras() {
    if (!extras_) extras_ = std::make_unique<Extras>();
    return *extras_;
}

void Object::set_row_id(std::string_view text) {
    if (!is_uuid(text)) {
        extras().row_id = text;
        return;
    }
    std::size_t at_byte = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == '-') {
            ++i;
            continue;
        }
        row_id_[at_byte++] = static_cast<std::uint8_t>(hex_value(text[i]) << 4 | hex_value(text[i + 1]));
        i += 2;
    }
}

std::string Object::row_id() const {
    if (extras_ && !extras_->row_id.empty()) return extras_->row_id;
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < row_id_.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += kDigits[row_id_[i] >> 4];
        text += kDigits[row_id_[i] & 0x0f];
    }
    return text;
}

void Object::set_model_url(std::string url) {
    if (!url.empty() || extras_) extras().model_url = std::move(url);
}

void Object::set_properties(const Document& map) {
    properties = map.size() == 0 ? std::string() : map.to_json();
}

ObjectRow Object::to_row(const std::string& space_id, const Actors& actors) const {
    ObjectRow row;
    row.id = row_id();
    row.object_id = id;
    row.space_id = space_id;
    row.name = name;
    row.type = std::string(object_type_name(type));
    row.position = at.p;
    row.rotation = at.r;
    row.scale = at.s;
    if (extras_) {
        row.model_id = optional_text(extras_->model_id);
        row.model_url = optional_text(extras_->model_url);
    }
    row.created_by = optional_text(actors.id(created_by));
    row.created_at = created_at;
    row.updated_by = optional_text(actors.id(updated_by));
    row.updated_at = updated_at;
    row.properties = parsed(properties, "{}");
    row.physics = parsed(extras_ ? std::string_view(extras_->physics) : std::string_view(), kStatic);
    row.visibility = visible;
    row.locked = locked;
    row.interaction_count = interactions;
    if (last_interacted_at != 0) row.last_interacted_at = last_interacted_at;
    return row;
}

Object Object::from_row(const LoadedObject& row, Actors& actors) {
    Object object;
    object.id = row.object_id;
    object.set_row_id(row.id);
    if (row.name) object.name = *row.name;
    if (row.type) object.type = object_type(*row.type);
    object.at = {row.position, row.rotation, row.scale};
    if (row.created_by) object.created_by = actors.number(*row.created_by);
    object.created_at = row.created_at;
    if (row.updated_by) object.updated_by = actors.number(*row.updated_by);
    object.updated_at = row.updated_at.value_or(row.created_at);
    object.visible = row.visibility;
    object.locked = row.locked;
    object.interactions = static_cast<std::uint32_t>(row.interaction_count);
    object.last_interacted_at = row.last_interacted_at.value_or(0);
    if (row.properties.starts_with('{') && row.properties != kNothing)
        object.properties = as_written_here(row.properties);
    if (row.model_url) object.set_model_url(*row.model_url);
    if (row.model_id) object.extras().model_id = *row.model_id;
    if (row.physics.starts_with('{') && row.physics != kStatic && row.physics != kStaticSpaced)
        object.extras().physics = as_written_here(row.physics);
    return object;
}

void Object::write_open(JsonWriter& out, const Actors& actors) const {
    out.begin_object();
    out.key("id").text(id).key("name").text(name).key("type").text(object_type_name(type));
    out.key("p").vector(at.p).key("r").vector(at.r).key("s").vector(at.s);
    if (!model_url().empty()) out.key("model_url").text(model_url());
    if (!properties.empty()) out.key("properties").raw(properties);
    if (!visible) out.key("visibility").boolean(false);
    if (locked) out.key("locked").boolean(true);
    if (created_by != 0) out.key("by").text(actors.id(created_by));
}

}  // namespace cairn::world
