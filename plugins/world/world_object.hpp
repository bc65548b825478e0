#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/json.hpp>
#include <cairn/values.hpp>

#include "plugins/world/messages.hpp"
#include "plugins/world/rows.hpp"

namespace cairn::world {

struct Transform {
    Vec3 p, r;
    Vec3 s{1, 1, 1};
    friend bool operator==(const Transform&, const Transform&) = default;
};

/// Player ids as small numbers: a million objects have a handful of creators. 0 is nobody.
class Actors {
public:
    std::uint32_t number(const std::string& id);
    const std::string& id(std::uint32_t number) const { return ids_[number]; }

private:
    std::vector<std::string> ids_{std::string()};
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

enum class ObjectType : std::uint8_t { model, primitive, light, camera };
std::string_view object_type_name(ObjectType type) noexcept;
ObjectType object_type(std::string_view name) noexcept;

/// An object as it lies in memory: about 500 bytes with all that leads to it, because a space may hold a million
/// (P167). What few objects have is kept aside.
class Object {
public:
    struct Extras {
        std::string row_id;  ///< only when it is not a UUID
        std::string model_id;
        std::string model_url;
        std::string physics;  ///< JSON object; empty: {"static":true}
        friend bool operator==(const Extras&, const Extras&) = default;
    };

    Object() = default;
    Object(const Object& other);
    Object& operator=(const Object&) = delete;
    Object(Object&&) = default;
    Object& operator=(Object&&) = default;

    std::string id;
    std::string name;
    std::string properties;  ///< JSON object; empty: {}
    Transform at;
    WallTime created_at = 0;
    WallTime updated_at = 0;
    WallTime last_interacted_at = 0;  ///< 0: never
    std::uint32_t created_by = 0;     ///< Actors
    std::uint32_t updated_by = 0;
    std::uint32_t interactions = 0;
    std::uint32_t number = 0;   ///< its own in this space while it is open; never given twice
    std::uint32_t version = 0;  ///< grows with each change of `at`, in the order in which the server took them (D11)
    ObjectType type = ObjectType::primitive;
    bool visible = true;
    bool locked = false;
    bool dirty = false;  ///< `at` waits for the next coalesced write

    void set_row_id(std::string_view id);
    std::string row_id() const;
    std::string_view model_url() const noexcept {
        return extras_ ? std::string_view(extras_->model_url) : std::string_view();
    }
    void set_model_url(std::string url);
    void set_properties(const Document& map);
    /// Extras, made when there were none.
    Extras& extras();

    ObjectRow to_row(const std::string& space_id, const Actors& actors) const;
    /// Copies: what was allocated in the lane that read the row goes away with the page, and memory stays in one piece.
    static Object from_row(const LoadedObject& row, Actors& actors);

    /// As clients see it: {id, name, type, p, r, s, model_url?, properties?, visibility?, locked?, by?}. Leaves the
    /// JSON object open so that more can be added.
    void write_open(JsonWriter& out, const Actors& actors) const;

private:
    std::array<std::uint8_t, 16> row_id_{};
    std::unique_ptr<Extras> extras_;
};

}  // namespace cairn::world
