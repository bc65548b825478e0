// Throws when ports should open.
#include <stdexcept>

#include <cairn/plugin.hpp>

namespace {
class Shy final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
    void ready(cairn::Runtime&) override { throw std::runtime_error("no port today"); }
};
}  // namespace

CAIRN_PLUGIN(Shy, "throws_in_ready", "1.0.0")
