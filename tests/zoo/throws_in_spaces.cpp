// Its behaviour throws in a handler when asked to, and in every tick of the space "ticking".
#include <stdexcept>
#include <string>

#include <cairn/plugin.hpp>

namespace {
struct Nothing {
    bool odd = false;
};
void describe(cairn::Fields<Nothing>& f) {
    f(&Nothing::odd, "odd", "throw something that is no std::exception");
}

class Thrower final : public cairn::Behaviour {
public:
    explicit Thrower(cairn::Space& space) {
        space.on<Nothing>("zoo.throw", [](cairn::Player&, const Nothing& wish) {
            if (wish.odd) throw 42;
            throw std::runtime_error("no handler today");
        });
        space.on<Nothing>("zoo.refuse", [](cairn::Player&, const Nothing&) {
            throw cairn::Error(cairn::Code::conflict, "not like this").at("d.odd");
        });
        if (space.id() == "ticking") space.on_tick([](cairn::Duration) { throw std::runtime_error("no tick today"); });
    }
};
/// Shows that others live: answers in every space.
class Steady final : public cairn::Behaviour {
public:
    explicit Steady(cairn::Space& space) {
        space.on<Nothing>("zoo.echo", [](cairn::Player&, const Nothing&) -> cairn::Document {
            return {{"alive", true}};
        });
    }
};
class ThrowerPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("thrower", [](cairn::Space& space) { return std::make_unique<Thrower>(space); });
        setup.behaviour("steady", [](cairn::Space& space) { return std::make_unique<Steady>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(ThrowerPlugin, "throws_in_spaces", "1.0.0")
