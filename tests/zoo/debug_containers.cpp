// Built with -D_GLIBCXX_DEBUG: its containers have another size than the host's.
#include <cairn/plugin.hpp>

namespace {
class Other final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
};
}  // namespace

CAIRN_PLUGIN(Other, "debug_containers", "1.0.0")
