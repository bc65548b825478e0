#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <cairn/document.hpp>
#include <cairn/fields.hpp>
#include <cairn/values.hpp>

/// What players send, and the rows that go out each tick. Shapes are fixed by docs/protocol.md.
namespace cairn::world {

struct UserMove {
    Vec3 p;
    std::optional<Vec3> r;
    std::int64_t ts = 0;  ///< the sender's own clock, passed on untouched
};
void describe(Fields<UserMove>& f);

struct UserUpdate {
    std::optional<std::string> name;
    std::optional<std::string> avatar;  ///< empty: none any more
};
void describe(Fields<UserUpdate>& f);

struct ObjectCreate {
    std::optional<std::string> id;
    std::string name;
    std::string type;
    Vec3 p;
    Vec3 r;
    Vec3 s{1, 1, 1};
    std::optional<std::string> model_url;
    Document properties;
    std::optional<std::string> op;
};
void describe(Fields<ObjectCreate>& f);

struct ObjectMove {
    std::string id;
    std::optional<Vec3> p;
    std::optional<Vec3> r;
    std::optional<Vec3> s;
    bool final = false;
    std::int64_t ts = 0;
    std::optional<std::string> op;
};
void describe(Fields<ObjectMove>& f);

struct ObjectUpdate {
    std::string id;
    std::optional<std::string> name;
    std::optional<Vec3> p;
    std::optional<Vec3> r;
    std::optional<Vec3> s;
    std::optional<std::string> model_url;
    Document properties;
    std::optional<bool> visibility;
    std::optional<bool> locked;
    std::optional<std::string> op;
};
void describe(Fields<ObjectUpdate>& f);

struct ObjectDelete {
    std::string id;
    std::optional<std::string> op;
};
void describe(Fields<ObjectDelete>& f);

struct ObjectFilter {
    std::optional<std::string> name;
    std::optional<std::string> type;
    std::optional<std::string> by;
};
void describe(Fields<ObjectFilter>& f);

struct ObjectList {
    std::string after;
    std::int64_t limit = 100;
    ObjectFilter filter;
};
void describe(Fields<ObjectList>& f);

/// `[n, x,y,z, rx,ry,rz, ts]`
struct UserMoved {
    std::uint32_t n = 0;
    double x = 0, y = 0, z = 0;
    double rx = 0, ry = 0, rz = 0;
    std::int64_t ts = 0;
};
void describe(Fields<UserMoved>& f);

/// `[id, p, r, s, n, ts]`, n: who moved it
struct ObjectMoved {
    std::string id;
    Vec3 p, r, s;
    std::uint32_t n = 0;
    std::int64_t ts = 0;
};
void describe(Fields<ObjectMoved>& f);

/// True when no coordinate of `p` reaches `bounds` (P169). [any]
inline bool inside(const Vec3& p, double bounds) noexcept {
    return p.x > -bounds && p.x < bounds && p.y > -bounds && p.y < bounds && p.z > -bounds && p.z < bounds;
}

}  // namespace cairn::world
