// Lets a request go without an answer.
#include <cairn/plugin.hpp>

namespace {
struct Nothing {};
void describe(cairn::Fields<Nothing>&) {}

class Odd final : public cairn::Behaviour {
public:
    explicit Odd(cairn::Space& space) {
        space.on<Nothing>("zoo.ask", [](cairn::Player&, const Nothing&, cairn::Reply) {});
    }
};
class OddPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("odd", [](cairn::Space& space) { return std::make_unique<Odd>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(OddPlugin, "forgets_reply", "1.0.0")
