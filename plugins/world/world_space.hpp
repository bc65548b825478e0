#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include <cairn/space.hpp>

#include "plugins/world/collections.hpp"
#include "plugins/world/presence.hpp"
#include "plugins/world/scene.hpp"
#include "plugins/world/space_catalogue.hpp"
#include "plugins/world/space_record.hpp"

namespace cairn::world {

/// What the world plugin adds to a space: its row, its players, its objects. Joins wait until they are loaded.
class WorldSpace final : public Behaviour {
public:
    /// `has_heap`: the store is PostgreSQL.
    WorldSpace(Space& space, const Config& config, const Tables& tables, const Collections& kept,
               SpaceCatalogue& catalogue, bool has_heap = false);
    ~WorldSpace() override;

    /// Players in all spaces of this process; for the health report. [any]
    static std::size_t users() noexcept { return users_.load(std::memory_order_relaxed); }

private:
    void load(std::shared_ptr<Space::Hold> hold);

    Space& space_;
    SpaceCatalogue& catalogue_;
    const std::string space_id_;
    SpaceRecord record_;
    Presence presence_;
    Scene scene_;
    std::size_t counted_ = 0;
    static inline std::atomic<std::size_t> users_{0};
};

}  // namespace cairn::world
