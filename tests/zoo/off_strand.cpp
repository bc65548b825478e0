// Talks to its space from a lane.
#include <exception>

#include <cairn/plugin.hpp>

namespace {
struct Nothing {};
void describe(cairn::Fields<Nothing>&) {}

class Odd final : public cairn::Behaviour {
public:
    explicit Odd(cairn::Space& space) {
        space.on<Nothing>("zoo.shout", [&space](cairn::Player&, const Nothing&) {
            space.background().run(
                cairn::Lane::general, "shout",
                [&space](const cairn::Task&) { space.broadcast("zoo.shouted", cairn::Document::map()); },
                [](std::exception_ptr) {});
        });
    }
};
class OddPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("odd", [](cairn::Space& space) { return std::make_unique<Odd>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(OddPlugin, "off_strand", "1.0.0")
