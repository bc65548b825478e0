// The one idea: a service of your own, offered to other plugins. Counts points, from every space at once, and tells the best.
// coin_hunt_plugin.cpp beside it is a plugin that uses it.
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include <cairn/plugin.hpp>

#include "leaderboard.hpp"

namespace leaderboard {

struct Best {
    int count = 10;
};
void describe(cairn::Fields<Best>& f) {
    f(&Best::count, "count", "how many").between(1, 100);
}

/// A service says [any], so it locks: it is called from the strands of all spaces.
class Board final : public Leaderboard {
public:
    void add(std::string_view player, std::int64_t points) override {
        const std::lock_guard lock(mutex_);
        Score& score = scores_[std::string(player)];
        score.points += points;
        score.since = ++changes_;
    }

    std::vector<Place> best(std::size_t count) const override {
        const std::lock_guard lock(mutex_);
        std::vector<std::pair<std::string_view, Score>> all(scores_.begin(), scores_.end());
        count = std::min(count, all.size());
        std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                          [](const auto& a, const auto& b) {
                              return a.second.points != b.second.points ? a.second.points > b.second.points
                                                                        : a.second.since < b.second.since;
                          });
        std::vector<Place> places;
        for (std::size_t i = 0; i < count; ++i) places.push_back({std::string(all[i].first), all[i].second.points});
        return places;
    }

private:
    struct Score {
        std::int64_t points = 0;
        std::uint64_t since = 0;
    };
    mutable std::mutex mutex_;
    std::map<std::string, Score> scores_;
    std::uint64_t changes_ = 0;
};

class BestPlayers final : public cairn::Behaviour {
public:
    BestPlayers(cairn::Space& space, const Leaderboard& board) {
        space.on<Best>("leaderboard.best", [&board](cairn::Player&, const Best& wish) -> cairn::Document {
            cairn::Document places = cairn::Document::list();
            for (const auto& place : board.best(static_cast<std::size_t>(wish.count)))
                places.push({{"player", place.player}, {"points", place.points}});
            return {{"places", places}};
        });
    }
};

class LeaderboardPlugin final : public cairn::Plugin {
    void setup(cairn::Setup& setup) override {
        setup.provide<Leaderboard>(board_);
        setup.behaviour("best_players", [this](cairn::Space& space) {
            return std::make_unique<BestPlayers>(space, board_);
        });
    }
    Board board_;
};

}  // namespace leaderboard

CAIRN_PLUGIN(leaderboard::LeaderboardPlugin, "leaderboard", "1.0.0")
