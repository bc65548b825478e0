// Throws while it declares.
#include <stdexcept>

#include <cairn/plugin.hpp>

namespace {
class Clumsy final : public cairn::Plugin {
    void setup(cairn::Setup&) override { throw std::runtime_error("no setup today"); }
};
}  // namespace

CAIRN_PLUGIN(Clumsy, "throws_in_setup", "1.0.0")
