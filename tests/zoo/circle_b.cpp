// The other half of circle_a.
#include <cairn/plugin.hpp>

#include "tests/zoo/services.hpp"

namespace {
class Second final : public cairn::Plugin, public zoo::Tide {
    void setup(cairn::Setup& setup) override {
        setup.provide<zoo::Tide>(*this);
        setup.require<zoo::Weather>();
    }
};
}  // namespace

CAIRN_PLUGIN(Second, "circle_b", "1.0.0")
