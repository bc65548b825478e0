// Needs a service that only offers_a and offers_b provide.
#include <cairn/plugin.hpp>

#include "tests/zoo/services.hpp"

namespace {
class Needy final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override { weather_ = setup.require<zoo::Weather>(); }
    cairn::Service<zoo::Weather> weather_;
};
}  // namespace

CAIRN_PLUGIN(Needy, "needs_service", "1.0.0")
