// Needs what circle_b provides, which needs what this one provides.
#include <cairn/plugin.hpp>

#include "tests/zoo/services.hpp"

namespace {
class First final : public cairn::Plugin, public zoo::Weather {
    void setup(cairn::Setup& setup) override {
        setup.provide<zoo::Weather>(*this);
        setup.require<zoo::Tide>();
    }
    int degrees() override { return 20; }
};
}  // namespace

CAIRN_PLUGIN(First, "circle_a", "1.0.0")
