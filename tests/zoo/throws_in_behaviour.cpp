// Its behaviour cannot be made.
#include <stdexcept>

#include <cairn/plugin.hpp>

namespace {
class Broken final : public cairn::Behaviour {
public:
    explicit Broken(cairn::Space&) { throw std::runtime_error("no behaviour today"); }
};
class BrokenPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("broken", [](cairn::Space& space) { return std::make_unique<Broken>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(BrokenPlugin, "throws_in_behaviour", "1.0.0")
