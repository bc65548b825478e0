#include "plugins/world/world_space.hpp"

#include <chrono>
#include <utility>

#include <cairn/error.hpp>

namespace cairn::world {
namespace {

/// Bounds of a space whose settings came from another plugin than this one.
constexpr double kUsualBounds = 1000;

double bounds_of(const Space& space) {
    return space.settings()["bounds"].number_or(kUsualBounds);
}

}  // namespace

WorldSpace::WorldSpace(Space& space, const Config& config, const Tables& tables, const Collections& kept,
                       SpaceCatalogue& catalogue, bool has_heap)
    : space_(space),
      catalogue_(catalogue),
      space_id_(space.settings()["id"].text()),
      record_(space, tables.spaces, *kept.figures),
      presence_(space, {space_id_, bounds_of(space), config.limits}, tables.sessions, *kept.sessions,
                [this](bool joined) {
                    const std::size_t now = presence_.count();
                    users_.fetch_add(now - counted_, std::memory_order_relaxed);  // wraps when fewer: sums stay right
                    counted_ = now;
                    if (joined)
                        record_.visited(now);
                    else
                        record_.left(now);
                    if (now == 0) scene_.flush();
                }),
      scene_(space,
             {space_id_, bounds_of(space), config.anyone_may_edit, static_cast<std::size_t>(config.max_objects),
              config.limits, has_heap},
             tables.objects, kept) {
    load(space.hold("the space's row and objects"));
}

WorldSpace::~WorldSpace() {
    users_.fetch_sub(counted_, std::memory_order_relaxed);
}

void WorldSpace::load(std::shared_ptr<Space::Hold> hold) {
    // One after the other: the row first, because all others refer to it.
    record_.load([this, hold](Result<std::string> id) {
        if (!id) return hold->fail(id.error());
        catalogue_.remember(space_.id(), id.value());
        if (id.value() != space_id_) {
            // Another server has made the row since this space was looked up. Its next opening finds that row.
            return hold->fail(Error(Code::unavailable, "the space has just been created elsewhere; try again")
                                  .retry_after(Duration(1000)));
        }
        presence_.close_stale([this, hold](Result<Done> closed) {
            if (!closed) return hold->fail(closed.error());
            const auto begun = std::chrono::steady_clock::now();
            scene_.load([this, hold, begun](Result<Done> loaded) {
                if (!loaded) return hold->fail(loaded.error());
                const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
                space_.log().info("space loaded", {{"space", space_.id()},
                                                   {"objects", scene_.objects().size()},
                                                   {"ms", took.count()}});
            });
        });
    });
}

}  // namespace cairn::world
