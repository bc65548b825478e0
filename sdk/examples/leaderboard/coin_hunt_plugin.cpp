// Uses the service of leaderboard_plugin.cpp. A coin lies in each space; who picks it up first gets a point, and the next one
// falls a little later.
#include <memory>

#include <cairn/plugin.hpp>

#include "leaderboard.hpp"

namespace coin_hunt {

struct Config {
    cairn::Duration every{3000};
};
void describe(cairn::Fields<Config>& f) {
    f(&Config::every, "every", "how long until the next coin falls").between(cairn::Duration(100), cairn::Duration(3'600'000));
}

struct Take {};
void describe(cairn::Fields<Take>&) {}

class Hunt final : public cairn::Behaviour {
public:
    Hunt(cairn::Space& space, leaderboard::Leaderboard& board, cairn::Duration every) {
        space.on<Take>("coin.take", [this, &space, &board, every](cairn::Player& from, const Take&) {
            if (!lies_) throw cairn::Error(cairn::Code::conflict, "the coin is gone");
            lies_ = false;
            board.add(from.id(), 1);
            space.broadcast("coin.taken", {{"by", from.id()}});
            space.after(every, [this, &space] {
                lies_ = true;
                space.broadcast("coin.fell", {});
            });
        });
    }

private:
    bool lies_ = true;
};

class CoinHuntPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        // Refused at check time, naming who offers it, when no plugin of the file does.
        board_ = setup.require<leaderboard::Leaderboard>();
        setup.behaviour("hunt", [this, config = setup.config<Config>()](cairn::Space& space) {
            return std::make_unique<Hunt>(space, *board_, config->every);
        });
    }
    cairn::Service<leaderboard::Leaderboard> board_;
};

}  // namespace coin_hunt

CAIRN_PLUGIN(coin_hunt::CoinHuntPlugin, "coin_hunt", "1.0.0")
