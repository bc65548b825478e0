#include "plugins/world/world_config.hpp"

#include <algorithm>

namespace cairn::world {
namespace {

constexpr double kMaxBounds = 10'000'000;
constexpr double kMaxUsers = 100'000;
constexpr Duration kFastestTick{5};
constexpr Duration kSlowestTick{2000};

bool letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string space_name_problem(std::string_view name) {
    if (name.empty() || name.size() > 100) return "a space's name has 1 to 100 characters";
    const bool fine = letter_or_digit(name.front()) && std::all_of(name.begin(), name.end(), [](char c) {
                          return letter_or_digit(c) || c == '_' || c == '-' || c == '.';
                      });
    return fine ? "" : "a space's name has letters a to z, digits, _ - and ., and begins with a letter or digit";
}

void describe(Fields<SpaceConfig>& f) {
    f(&SpaceConfig::is_public, "public", "shown in listings; a link works either way");
    f(&SpaceConfig::max_users, "max_users", "players at the same time; more are refused with `full`")
        .between(1, kMaxUsers);
    f(&SpaceConfig::bounds, "bounds", "no coordinate of a player or object reaches this").between(1, kMaxBounds);
    f(&SpaceConfig::tick, "tick", "how often positions go out; longer costs less and looks slower")
        .between(kFastestTick, kSlowestTick);
}

void describe(Fields<OnDemandConfig>& f) {
    f(&OnDemandConfig::max_users, "max_users", "players at the same time in each of them").between(1, kMaxUsers);
    f(&OnDemandConfig::bounds, "bounds", "no coordinate of a player or object reaches this").between(1, kMaxBounds);
    f(&OnDemandConfig::tick, "tick", "how often positions go out").between(kFastestTick, kSlowestTick);
}

void describe(Fields<Limits>& f) {
    f(&Limits::create, "create", "object.create per player").example("10/60s");
    f(&Limits::move, "move", "user.move per player, and object.move per player").example("30/1s");
    f(&Limits::edit, "edit", "object.update, object.delete and user.update per player, each").example("60/10s");
    f(&Limits::list, "list", "object.list per player").example("10/1s");
}

void describe(Fields<SessionsConfig>& f) {
    f(&SessionsConfig::keep, "keep", "how long sessions that have ended stay in the database; 0s: for ever")
        .between(Duration(0), Duration(3650LL * 24 * 3600 * 1000))
        .example("30d");
    f(&SessionsConfig::cleanup, "cleanup", "when older ones are taken out: minute hour day month weekday")
        .length(1, 200);
}

void describe(Fields<Config>& f) {
    f(&Config::spaces, "spaces", "the spaces that exist from the start, by name")
        .check([](const std::map<std::string, SpaceConfig>& spaces) -> std::string {
            for (const auto& [name, space] : spaces) {
                if (const std::string problem = space_name_problem(name); !problem.empty())
                    return "`" + name + "`: " + problem;
            }
            return {};
        });
    f(&Config::default_space, "default_space", "where `space.join` with an empty name leads")
        .length(1, 100)
        .check([](const std::string& name) { return space_name_problem(name); });
    f(&Config::on_demand, "on_demand",
      "how many spaces may be open that this file does not name: a link is a room; false or 0: none, true: 1000")
        .between(0, 1'000'000)
        .or_switch(1000);
    f(&Config::on_demand_settings, "on_demand_settings", "what those spaces are like");
    f(&Config::anyone_may_edit, "anyone_may_edit",
      "everybody may change and delete every object that is not locked; false: only its creator and admins");
    f(&Config::max_objects, "max_objects", "objects per space; more are refused with `full`").between(0, 100'000'000);
    f(&Config::limits, "limits", "how often one player may do what");
    f(&Config::sessions, "sessions", "who was in which space, from when to when");
}

}  // namespace cairn::world
