// Provides zoo.weather; built twice, as offers_a and offers_b.
#include <cairn/plugin.hpp>

#include "tests/zoo/services.hpp"

namespace {
class Offerer final : public cairn::Plugin, public zoo::Weather {
    void setup(cairn::Setup& setup) override { setup.provide<zoo::Weather>(*this); }
    int degrees() override { return 20; }
};
}  // namespace

CAIRN_PLUGIN(Offerer, ZOO_NAME, "1.0.0")
