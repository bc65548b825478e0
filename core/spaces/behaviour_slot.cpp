#include "core/spaces/behaviour_slot.hpp"

#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

void SpaceLog::write(LogLevel level, std::string_view message, const Document& details) {
    if (!log_.enabled(level)) return;
    Document named = details;
    if (!named.find("space")) named.set("space", space_);
    log_.write(level, message, named);
}

BehaviourSlot::BehaviourSlot(const BehaviourFactory& made_by, const std::string& space)
    : factory(&made_by), plugin(intern(made_by.plugin)), log(std::make_unique<SpaceLog>(made_by.plugin, space)) {}

bool BehaviourSlot::fault(Time now) noexcept {
    faults_[count_ % kFaults] = now;
    ++count_;
    // The slot after the newest one holds the oldest of the last three.
    return count_ >= kFaults && now - faults_[count_ % kFaults] <= kWithin;
}

}  // namespace cairn::core
