// Counts for a while in a handler.
#include <chrono>

#include <cairn/plugin.hpp>

namespace {
struct Nothing {};
void describe(cairn::Fields<Nothing>&) {}

class Odd final : public cairn::Behaviour {
public:
    explicit Odd(cairn::Space& space) {
        space.on<Nothing>("zoo.spin", [](cairn::Player&, const Nothing&) {
            const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
            while (std::chrono::steady_clock::now() < until) {
            }
        });
    }
};
class OddPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("odd", [](cairn::Space& space) { return std::make_unique<Odd>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(OddPlugin, "spins", "1.0.0")
