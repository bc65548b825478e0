#include "core/spaces/stranger_identity.hpp"

#include <utility>

#include <cairn/uuid.hpp>

namespace cairn::core {

void StrangerIdentity::admit(const services::Claim& claim, Then<services::Admission> then) {
    if (!claim.token.empty()) {
        then(Error(Code::unauthenticated, "this server knows no accounts: no identity plugin is configured")
                 .at("d.token"));
        return;
    }
    services::Admission admission;
    admission.id = new_uuid();
    admission.name = claim.name.empty() ? "guest-" + admission.id.substr(0, 4) : claim.name;
    then(std::move(admission));
}

}  // namespace cairn::core
