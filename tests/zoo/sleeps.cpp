// Sleeps in a handler, as if nobody else were in the space.
#include <chrono>
#include <thread>

#include <cairn/plugin.hpp>

namespace {
struct Nothing {};
void describe(cairn::Fields<Nothing>&) {}

class Odd final : public cairn::Behaviour {
public:
    explicit Odd(cairn::Space& space) {
        space.on<Nothing>("zoo.sleep", [](cairn::Player&, const Nothing&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(40));
        });
    }
};
class OddPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("odd", [](cairn::Space& space) { return std::make_unique<Odd>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(OddPlugin, "sleeps", "1.0.0")
