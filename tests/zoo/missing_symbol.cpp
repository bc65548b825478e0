// Calls a function that nobody defines; linked without -z defs, so only the loader notices.
#include <cairn/plugin.hpp>

namespace somewhere_else {
int compute(int);
}

namespace {
class Incomplete final : public cairn::Plugin {
    void setup(cairn::Setup&) override { somewhere_else::compute(1); }
};
}  // namespace

CAIRN_PLUGIN(Incomplete, "missing_symbol", "1.0.0")
