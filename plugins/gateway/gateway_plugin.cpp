#include <memory>
#include <optional>

#include <cairn/plugin.hpp>

#include <plugins/gateway/front_door.hpp>
#include <plugins/gateway/settings.hpp>

namespace cairn::gateway {

/// Declares the gateway: its settings, and a front door that opens last and closes first.
class GatewayPlugin final : public Plugin {
public:
    void setup(Setup& setup) override { settings_ = setup.config<Settings>(); }

    void ready(Runtime& runtime) override {
        services_.emplace(HostServices{runtime.loops(), runtime.sessions(), runtime.routes(), runtime.background(),
                                       runtime.metrics(), runtime.log(), runtime.clock()});
        door_ = std::make_unique<FrontDoor>(*settings_, *services_);
        runtime.announce("world", door_->address());
    }

    void drain() override {
        if (door_) door_->stop_accepting();
    }

    void stop() override {
        if (door_) door_->close(Duration{1500});
        door_.reset();
    }

private:
    std::shared_ptr<const Settings> settings_;
    std::optional<HostServices> services_;
    std::unique_ptr<FrontDoor> door_;
};

}  // namespace cairn::gateway

CAIRN_PLUGIN(cairn::gateway::GatewayPlugin, "gateway", "0.1.0");
