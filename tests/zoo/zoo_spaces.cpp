// Two spaces, "calm" and "ticking", so that the zoo needs no world.
#include <cairn/plugin.hpp>

namespace {
class ZooSpaces final : public cairn::Plugin, public cairn::SpaceSource {
    void setup(cairn::Setup& setup) override { setup.provide<cairn::SpaceSource>(*this); }
    std::vector<cairn::SpaceSettings> initial() override { return {resolve("calm", 0), resolve("ticking", 0)}; }
    cairn::SpaceSettings resolve(std::string_view name, std::size_t) override {
        if (name != "calm" && name != "ticking") {
            throw cairn::Error(cairn::Code::not_found, "the zoo has the spaces calm and ticking");
        }
        cairn::SpaceSettings settings;
        settings.id = std::string(name);
        settings.permanent = true;
        return settings;
    }
};
}  // namespace

CAIRN_PLUGIN(ZooSpaces, "zoo_spaces", "1.0.0")
