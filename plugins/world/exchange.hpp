#pragma once

#include <cairn/plugin.hpp>

#include "plugins/world/rows.hpp"

/// What `cairn export` writes of a space and `cairn import` reads (P300, P301), with the names that the servers of the
/// sources used: positions as {x, y, z}, `addedBy`, `modelUrl`.
namespace cairn::world {

/// The space itself, one entry: {name, isPublic, maxUsers, settings, createdAt, visitorCount, totalRuntimeSeconds}. The
/// id is the id of its row, by which all other sections find their rows.
ExchangeSection space_section(Table<SpaceRow> table);

/// Models by id, as far as objects show them: {publicUrl}; and, coming in, where objects that only name a model find
/// it. The objects, by the id that clients know them by. What an entry has besides the known members goes to
/// `properties`, and so do ids of users and models that are not of this server's form.
std::vector<ExchangeSection> scene_sections(Table<ObjectRow> table);

}  // namespace cairn::world
