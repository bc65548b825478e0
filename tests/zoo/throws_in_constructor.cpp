// Does work in its constructor, which fails.
#include <stdexcept>

#include <cairn/plugin.hpp>

namespace {
class Hasty final : public cairn::Plugin {
public:
    Hasty() { throw std::runtime_error("no constructor today"); }
    void setup(cairn::Setup&) override {}
};
}  // namespace

CAIRN_PLUGIN(Hasty, "throws_in_constructor", "1.0.0")
