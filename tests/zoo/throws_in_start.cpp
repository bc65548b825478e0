// Throws when it should begin.
#include <stdexcept>

#include <cairn/plugin.hpp>

namespace {
class Unwilling final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
    void start(cairn::Runtime&) override { throw std::runtime_error("no start today"); }
};
}  // namespace

CAIRN_PLUGIN(Unwilling, "throws_in_start", "1.0.0")
