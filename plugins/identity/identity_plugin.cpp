#include <memory>
#include <optional>
#include <string>

#include <cairn/plugin.hpp>
#include <cairn/services/identity.hpp>
#include <cairn/services/store.hpp>

#include "plugins/identity/guest_desk.hpp"
#include "plugins/identity/key_file.hpp"

namespace cairn::identity {

/// Knows who somebody is. The service is this object, because it must exist before `start` has read the key.
class IdentityPlugin final : public Plugin, public services::Identity {
public:
    void setup(Setup& setup) override {
        config_ = setup.config<Config>();
        store_ = setup.want<services::Store>();
        users_ = setup.table<UserRow>("users", {"id"});
        kept_ = &setup.collection("users", Durability::coalesced, "guests: their names, when they were last here");
        setup.provide<services::Identity>(*this);
    }
    void start(Runtime& runtime) override {
        std::string warning;
        const Key key = load_or_create_key(runtime.data_dir() + "/identity.key", warning);
        if (!warning.empty()) runtime.log().warning(warning);
        desk_.emplace(*config_, key, runtime.clock(), runtime.log(), store_ ? &runtime.storage() : nullptr, users_,
                      *kept_);
    }
    void admit(const services::Claim& claim, Then<services::Admission> then) override {
        desk_->admit(claim, std::move(then));
    }

private:
    std::shared_ptr<const Config> config_;
    Service<services::Store> store_;
    Table<UserRow> users_;
    const Collection* kept_ = nullptr;
    std::optional<GuestDesk> desk_;
};

}  // namespace cairn::identity

CAIRN_PLUGIN(cairn::identity::IdentityPlugin, "identity", "0.1.0")
