// Throws when it should end; the others must be stopped all the same.
#include <stdexcept>

#include <cairn/plugin.hpp>

namespace {
class Stubborn final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
    void stop() override { throw std::runtime_error("no stop today"); }
};
}  // namespace

CAIRN_PLUGIN(Stubborn, "throws_in_stop", "1.0.0")
