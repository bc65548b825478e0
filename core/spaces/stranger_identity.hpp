#pragma once

#include <cairn/services/identity.hpp>

namespace cairn::core {

/// Who clients are when no identity plugin is configured: everybody is somebody new, with a fresh id, and nobody is
/// known again after his connection is lost. Enough for a server of dice; `identity` does better. [any]
class StrangerIdentity final : public services::Identity {
public:
    void admit(const services::Claim& claim, Then<services::Admission> then) override;
};

}  // namespace cairn::core
