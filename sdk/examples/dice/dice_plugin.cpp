// A whole plugin. Build it as a shared object named dice.so, put `plugins: {dice: {sides: 20}}` into the configuration,
// and players in every space may send {"t": "dice.roll", "d": {"count": 2}}.
#include <cairn/plugin.hpp>

#include <random>

namespace dice {

int throw_dice(int count, int sides) {
    std::random_device entropy;
    std::uniform_int_distribution<int> one(1, sides);
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += one(entropy);
    return sum;
}

struct Config { int sides = 6; };
void describe(cairn::Fields<Config>& f) { f(&Config::sides, "sides", "faces of the die").between(2, 1000); }
struct Roll { int count = 1; };
void describe(cairn::Fields<Roll>& f) { f(&Roll::count, "count", "dice to roll").between(1, 20); }

class Dice final : public cairn::Behaviour {   // one per space, on that space's strand: no locks
public:
    Dice(cairn::Space& space, const Config& config) {
        space.on<Roll>("dice.roll", [&space, &config](cairn::Player& from, const Roll& roll) {
            space.broadcast("dice.rolled", {{"by", from.id()}, {"value", throw_dice(roll.count, config.sides)}});
        });
    }
};

class DicePlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("dice", [config = setup.config<Config>()](cairn::Space& space) {
            return std::make_unique<Dice>(space, *config); });
    }
};

}

CAIRN_PLUGIN(dice::DicePlugin, "dice", "1.0.0")
