// Keeps a Player& beyond the handler.
#include <cairn/plugin.hpp>

namespace {

class Odd final : public cairn::Behaviour {
public:
    explicit Odd(cairn::Space& space) {
        space.on_join([this](cairn::Player& player) { last_ = &player; });
        space.every(cairn::Duration(1000), [this] {
            if (last_) last_->send("zoo.remember", cairn::Document::map());
        });
    }

private:
    cairn::Player* last_ = nullptr;
};
class OddPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.behaviour("odd", [](cairn::Space& space) { return std::make_unique<Odd>(space); });
    }
};
}  // namespace

CAIRN_PLUGIN(OddPlugin, "keeps_player", "1.0.0")
