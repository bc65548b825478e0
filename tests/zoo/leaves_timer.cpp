// Sets a timer on a loop and forgets it.
#include <cairn/plugin.hpp>

namespace {
class Ticking final : public cairn::Plugin {
    void setup(cairn::Setup&) override {}
    void start(cairn::Runtime& runtime) override {
        cairn::Loop& loop = runtime.loops().at(0);
        loop.post([&loop] { loop.after(cairn::Duration(3'600'000), [] {}); });
    }
};
}  // namespace

CAIRN_PLUGIN(Ticking, "leaves_timer", "1.0.0")
