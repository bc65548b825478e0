#include "plugins/world/messages.hpp"

namespace cairn::world {
namespace {

/// Euler angles need no more than a few turns; the bound keeps rows short.
constexpr double kMaxAngle = 10'000;
constexpr double kMaxScale = 10'000;
/// Clients count milliseconds; doubles hold integers up to 2^53.
constexpr double kMaxStamp = 9'007'199'254'740'992.0;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxProperties = 16 * 1024;
constexpr std::size_t kMaxOperation = 128;

/// A member of every request whose answer means that something is on disk.
template <class T>
void describe_operation(Fields<T>& f) {
    f(&T::op, "op",
      "the client's own id of this request: sent again with it, it is not done again, only answered again")
        .length(1, kMaxOperation)
        .matching(Pattern::line)
        .check([](const std::optional<std::string>& op) {
            return op && op->size() > kMaxOperation ? std::string("must be at most 128 bytes") : std::string();
        });
}

std::string properties_problem(const Document& properties) {
    if (properties.is_null()) return {};
    if (!properties.is_map()) return "must be an object, for example {\"color\": \"#ffcc00\"}";
    return properties.to_json().size() <= kMaxProperties ? "" : "must be at most 16 KiB as JSON";
}

}  // namespace

void describe(Fields<UserMove>& f) {
    f(&UserMove::p, "p", "where he is now").required();
    f(&UserMove::r, "r", "which way he looks, Euler radians").between(-kMaxAngle, kMaxAngle);
    f(&UserMove::ts, "ts", "the sender's own clock in ms, passed on for interpolation").between(0, kMaxStamp);
}

void describe(Fields<UserUpdate>& f) {
    f(&UserUpdate::name, "name", "new name: letters, digits, `_`, space, `-`").length(1, 50).matching(Pattern::name);
    f(&UserUpdate::avatar, "avatar", "picture or model; empty: none any more")
        .max_length(kMaxUrl)
        .matching(Pattern::url);
}

void describe(Fields<ObjectCreate>& f) {
    f(&ObjectCreate::id, "id",
      "chosen by the client, so that it can send again after a lost connection; else made here")
        .length(1, 255)
        .matching(Pattern::identifier);
    f(&ObjectCreate::name, "name", "letters, digits, `_`, space, `-` (P169)")
        .length(1, 255)
        .matching(Pattern::name)
        .required();
    f(&ObjectCreate::type, "type", "what it is").one_of({"model", "primitive", "light", "camera"}).required();
    f(&ObjectCreate::p, "p", "position").required();
    f(&ObjectCreate::r, "r", "rotation, Euler radians").between(-kMaxAngle, kMaxAngle);
    f(&ObjectCreate::s, "s", "scale").between(-kMaxScale, kMaxScale);
    f(&ObjectCreate::model_url, "model_url", "where its model lies").max_length(kMaxUrl).matching(Pattern::url);
    f(&ObjectCreate::properties, "properties", "the clients' own data, at most 16 KiB").check(properties_problem);
    describe_operation(f);
}

void describe(Fields<ObjectMove>& f) {
    f(&ObjectMove::id, "id", "which object").length(1, 255).required();
    f(&ObjectMove::p, "p", "position");
    f(&ObjectMove::r, "r", "rotation, Euler radians").between(-kMaxAngle, kMaxAngle);
    f(&ObjectMove::s, "s", "scale").between(-kMaxScale, kMaxScale);
    f(&ObjectMove::final, "final", "the last one of a drag: answered once it is on disk");
    f(&ObjectMove::ts, "ts", "the sender's own clock in ms").between(0, kMaxStamp);
    describe_operation(f);
}

void describe(Fields<ObjectUpdate>& f) {
    f(&ObjectUpdate::id, "id", "which object").length(1, 255).required();
    f(&ObjectUpdate::name, "name", "new name").length(1, 255).matching(Pattern::name);
    f(&ObjectUpdate::p, "p", "position");
    f(&ObjectUpdate::r, "r", "rotation, Euler radians").between(-kMaxAngle, kMaxAngle);
    f(&ObjectUpdate::s, "s", "scale").between(-kMaxScale, kMaxScale);
    f(&ObjectUpdate::model_url, "model_url", "where its model lies; empty: none")
        .max_length(kMaxUrl)
        .matching(Pattern::url);
    f(&ObjectUpdate::properties, "properties", "takes the place of all the old ones").check(properties_problem);
    f(&ObjectUpdate::visibility, "visibility", "drawn or not");
    f(&ObjectUpdate::locked, "locked", "true: only its creator and admins change it");
    describe_operation(f);
}

void describe(Fields<ObjectDelete>& f) {
    f(&ObjectDelete::id, "id", "which object").length(1, 255).required();
    describe_operation(f);
}

void describe(Fields<ObjectFilter>& f) {
    f(&ObjectFilter::name, "name", "part of the name").length(1, 255);
    f(&ObjectFilter::type, "type", "of this type").one_of({"model", "primitive", "light", "camera"});
    f(&ObjectFilter::by, "by", "created by this player id").length(1, 64);
}

void describe(Fields<ObjectList>& f) {
    f(&ObjectList::after, "after", "`next` of the page before; empty: from the beginning").max_length(255);
    f(&ObjectList::limit, "limit", "objects per page").between(1, 500);
    f(&ObjectList::filter, "filter", "only those that fit");
}

void describe(Fields<UserMoved>& f) {
    f(&UserMoved::n, "n", "who");
    f(&UserMoved::x, "x", "position").precision(0.001);
    f(&UserMoved::y, "y", "position").precision(0.001);
    f(&UserMoved::z, "z", "position").precision(0.001);
    f(&UserMoved::rx, "rx", "rotation").precision(0.001);
    f(&UserMoved::ry, "ry", "rotation").precision(0.001);
    f(&UserMoved::rz, "rz", "rotation").precision(0.001);
    f(&UserMoved::ts, "ts", "the mover's own clock");
}

void describe(Fields<ObjectMoved>& f) {
    f(&ObjectMoved::id, "id", "which object");
    f(&ObjectMoved::p, "p", "position").precision(0.0001);
    f(&ObjectMoved::r, "r", "rotation").precision(0.0001);
    f(&ObjectMoved::s, "s", "scale").precision(0.0001);
    f(&ObjectMoved::n, "n", "who moved it");
    f(&ObjectMoved::ts, "ts", "the mover's own clock");
}

}  // namespace cairn::world
