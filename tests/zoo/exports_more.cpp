// Exports a third symbol.
#include <cairn/plugin.hpp>

extern "C" CAIRN_API int zoo_third_symbol() { return 3; }

namespace {
class Loud final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
};
}  // namespace

CAIRN_PLUGIN(Loud, "exports_more", "1.0.0")
