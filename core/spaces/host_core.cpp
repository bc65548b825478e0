#include "core/spaces/host_core.hpp"

#include <chrono>
#include <utility>

#include "core/observe/breadcrumb.hpp"
#include "core/spaces/host_session.hpp"
#include "core/spaces/stranger_identity.hpp"

namespace cairn::core {

namespace {

/// Names of rooms that guests may make lasting, in breadcrumbs, by opening them.
constexpr std::size_t kLastingNames = 10000;

}  // namespace

HostCore::HostCore(SpaceHost::Options o, SpaceHost::Environment e, std::vector<BehaviourFactory> b)
    : options(std::move(o)),
      env(e),
      behaviours(std::move(b)),
      metrics(*env.metrics),
      players({options.max_online, options.sessions_per_player}),
      directory(*this),
      strangers(std::make_unique<StrangerIdentity>()) {
    for (std::size_t i = 0; i < env.loops->size(); ++i) cells.push_back(std::make_unique<LoopCell>());
}

const char* HostCore::crumb_name(std::string_view space) {
    const std::lock_guard lock(names_mutex_);
    if (!names_.contains(space)) {
        if (names_.size() >= kLastingNames) return "(one of many spaces)";
        names_.emplace(space);
    }
    return intern(space);
}

void HostCore::measure(Loop& loop) {
    std::size_t waiting = 0;
    for (const HostSession* session : cell(loop).sessions) waiting += session->backlog();
    metrics.outbox_bytes(loop.index()).set(static_cast<double>(waiting));
    loop.after(Duration(1000), [weak = weak_from_this(), &loop] {
        if (const auto self = weak.lock(); self && self->phase.load() != Phase::closed) self->measure(loop);
    });
}

}  // namespace cairn::core
