// Wants to handle a message that another behaviour handles already.
#include <memory>

#include <cairn/plugin.hpp>

namespace {
struct Nothing {
    bool odd = false;
};
void describe(cairn::Fields<Nothing>& f) {
    f(&Nothing::odd, "odd", "means nothing here");
}

class Taker final : public cairn::Behaviour {
public:
    explicit Taker(cairn::Space& space) {
        space.on<Nothing>("zoo.echo", [](cairn::Player&, const Nothing&) {});
    }
};

class TakerPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("taker", [](cairn::Space& space) { return std::make_unique<Taker>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(TakerPlugin, "takes_name", "1.0.0")
