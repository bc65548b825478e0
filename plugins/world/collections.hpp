#pragma once

#include <cairn/plugin.hpp>

namespace cairn::world {

/// What this plugin keeps, as an admin thinks of it. `cairn check` says what a crash can lose of each, and
/// `durability.classes` may choose another class; so no code here assumes the usual one.
struct Collections {
    const Collection* objects = nullptr;
    const Collection* positions = nullptr;
    const Collection* sessions = nullptr;
    const Collection* figures = nullptr;
    const Collection* presence = nullptr;  ///< never committed: named so that nobody has to guess
};

/// Declares them. [setup]
inline Collections declare_collections(Setup& setup) {
    Collections kept;
    kept.objects = &setup.collection("objects", Durability::durable,
                                     "objects placed, changed, deleted, and where somebody lets go of them");
    kept.positions =
        &setup.collection("positions", Durability::coalesced, "where an object is while somebody drags it");
    kept.sessions = &setup.collection("sessions", Durability::coalesced, "who was in which space, from when to when");
    kept.figures = &setup.collection("figures", Durability::coalesced,
                                     "visits and running time of each space, when it was last used");
    kept.presence = &setup.collection("presence", Durability::transient, "where people stand and look");
    return kept;
}

}  // namespace cairn::world
