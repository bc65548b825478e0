#include <random>
#include <string>
#include <vector>

#include "sdk/check/findings.hpp"
#include "sdk/check/judges.hpp"

namespace cairn::check {

std::vector<Judgement> judge_crowd(const CheckOptions& options, const Plan& plan, const At& at) {
    constexpr std::size_t kMost = 100;
    Findings findings;
    testkit::Options how = plan.options(options);
    how.seed = options.seed;
    testkit::Host host(how);
    std::mt19937_64 random(options.seed);
    const auto pick = [&](std::size_t count) { return static_cast<std::size_t>(random() % count); };
    at("starting it for a crowd");
    if (!findings.may(host, [&] { host.start(plan.yaml()); }))
        return {bad("crowd", findings.text(), "Mend what it names.")};

    const std::vector<std::string> names{"", "main", "check-one", "check-two"};
    std::vector<testkit::Player> players;
    int joins = 0;
    for (int step = 0; step < options.crowd && !findings.any(); ++step) {
        const std::string space = names[pick(names.size())];
        const std::size_t act = pick(8);
        if (players.size() < 3 || (act < 3 && players.size() < kMost)) {
            at("somebody joins");
            findings.may(host, [&] {
                Result<testkit::Player> joined = host.try_join(space, "Guest " + std::to_string(joins));
                if (joined) players.push_back(joined.value());
                ++joins;
            });
        } else {
            const std::size_t who = pick(players.size());
            const testkit::Player player = players[who];
            findings.may(host, [&] {
                if (act == 3 && player.connected()) {
                    at("somebody leaves");
                    static_cast<void>(player.ask("space.leave"));
                } else if (act == 4) {
                    at("a connection breaks");
                    player.drop();
                } else if (act == 5 && !player.connected()) {
                    at("somebody comes back");
                    player.resume();
                } else if (act == 6 && player.connected()) {
                    at("somebody goes to another space");
                    static_cast<void>(player.try_enter(space));
                } else if (act == 7) {
                    player.drop();
                    players.erase(players.begin() + static_cast<std::ptrdiff_t>(who));
                }
            });
        }
        // Joins are limited by the minute.
        if (step % 40 == 39) findings.may(host, [&] { host.advance(Duration(30'000)); });
        if (step % 5 == 4) findings.may(host, [&] { host.advance(Duration(50)); });
    }
    at("everybody leaves at once");
    findings.may(host, [&] {
        for (const testkit::Player& player : players)
            if (player.connected()) player.drop();
        host.advance(Duration(120'000));
        if (host.players() != 0) findings.note(std::to_string(host.players()) + " players are still in although all have gone");
    });
    at("stopping it after a crowd");
    findings.may(host, [&] {
        for (const std::string& leak : host.leaks()) findings.note(leak);
    });
    if (findings.any())
        return {bad("crowd", findings.text(),
                    "on_leave runs if and only if on_join returned; keep player.id(), never the Player& (seed " +
                        std::to_string(options.seed) + ").")};
    return {good("crowd", std::to_string(joins) + " people came and went in " + std::to_string(options.crowd) + " steps")};
}

}  // namespace cairn::check
