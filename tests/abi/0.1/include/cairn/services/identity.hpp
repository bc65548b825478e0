#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cairn/service.hpp>
#include <cairn/task.hpp>

namespace cairn::services {

/// What a client says about itself in `hello`. It never names its own id.
struct Claim {
    std::string name;    ///< wished name; may be empty
    std::string token;   ///< an access token; may be empty
    std::string resume;  ///< the resume token of an earlier `welcome`; may be empty
    std::string remote;
    std::string user_agent;
};

/// Who he is for this host.
struct Admission {
    std::string id;      ///< stable, minted by the server
    std::string name;
    std::string avatar;
    std::string resume;  ///< to be sent back in `resume` after a lost connection
    std::vector<std::string> roles;
    bool known = false;  ///< true when a resume token or an account proved an earlier identity
};

/// Decides who a client is.
struct Identity {
    static constexpr ServiceId kService{"cairn.identity", 1};
    virtual ~Identity() = default;
    /// `then` is called exactly once, on any thread, perhaps before admit returns. Error(unauthenticated) when the
    /// token is not valid; Error(forbidden) for a ban. Never blocks. [loop]
    virtual void admit(const Claim& claim, Then<Admission> then) = 0;
};

}  // namespace cairn::services
