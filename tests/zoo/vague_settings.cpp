// Has settings that do not say what they mean.
#include <cairn/plugin.hpp>

namespace {
struct Inner {
    int deep = 1;
};
void describe(cairn::Fields<Inner>& f) {
    f(&Inner::deep, "deep", " ");
}
struct Config {
    int knob = 1;
    int lever = 2;
    Inner inner;
};
void describe(cairn::Fields<Config>& f) {
    f(&Config::knob, "knob", "");
    f(&Config::lever, "lever", "how far it is pulled");
    f(&Config::inner, "inner", "what is inside");
}
class Vague final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override { config_ = setup.config<Config>(); }
    std::shared_ptr<const Config> config_;
};
}  // namespace

CAIRN_PLUGIN(Vague, "vague_settings", "1.0.0")
