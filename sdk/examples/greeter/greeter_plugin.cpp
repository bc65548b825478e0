// The one idea: something that is still known tomorrow. Counts how often each player came into each space, and greets him with
// it.
#include <cstdint>
#include <memory>
#include <string>

#include <cairn/plugin.hpp>
#include <cairn/services/store.hpp>
#include <cairn/table.hpp>

namespace greeter {

struct Config {
    std::string words = "Welcome back";
};
void describe(cairn::Fields<Config>& f) {
    f(&Config::words, "words", "how somebody is greeted who was here before").length(1, 100);
}

struct Visit {
    std::string space;
    std::string player;
    std::int64_t visits = 0;
};
void describe(cairn::Fields<Visit>& f) {
    f(&Visit::space, "space", "where he was");
    f(&Visit::player, "player", "id of the player");
    f(&Visit::visits, "visits", "how often he came in");
}

class Greeter final : public cairn::Behaviour {
public:
    Greeter(cairn::Space& space, std::shared_ptr<const Config> config, cairn::Table<Visit> visits)
        : space_(space), config_(std::move(config)), visits_(visits) {
        space.on_join([this](cairn::Player& player) { count(player.id()); });
    }

private:
    /// Adds one without reading first, so that two visits at once are two. The id is kept, not the player: he may have left
    /// when the answer comes.
    void count(const std::string& id) {
        cairn::Commit commit;
        visits_.add(commit, Visit{space_.id(), id, 0}, &Visit::visits, 1);
        space_.storage().commit(std::move(commit), [this, id](cairn::Result<cairn::Committed> kept) {
            if (kept) greet(id);
            else space_.log().warning("a visit was not counted", {{"player", id}, {"reason", kept.error().what()}});
        });
    }

    void greet(const std::string& id) {
        visits_.find(space_.storage(), {space_.id(), id}, [this, id](cairn::Result<std::optional<Visit>> visit) {
            cairn::Player* const player = space_.player(id);
            if (!player || !visit || !visit.value()) return;
            const std::int64_t times = visit.value()->visits;
            player->send("greeter.greeting",
                         {{"text", times > 1 ? config_->words : std::string("Welcome")}, {"visits", times}});
        });
    }

    cairn::Space& space_;
    std::shared_ptr<const Config> config_;
    cairn::Table<Visit> visits_;
};

class GreeterPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.require<cairn::services::Store>();  // no store, no memory
        const auto visits = setup.table<Visit>("greeter_visits", {"space", "player"});
        setup.behaviour("greeter", [config = setup.config<Config>(), visits](cairn::Space& space) {
            return std::make_unique<Greeter>(space, config, visits);
        });
    }
};

}  // namespace greeter

CAIRN_PLUGIN(greeter::GreeterPlugin, "greeter", "1.0.0")
