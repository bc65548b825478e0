#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <cairn/fields.hpp>
#include <cairn/values.hpp>

namespace cairn::world {

/// One space as the YAML describes it.
struct SpaceConfig {
    bool is_public = true;
    std::int64_t max_users = 100;  ///< P160
    double bounds = 1000;          ///< P169: each coordinate stays below this; C14: per space
    Duration tick{50};
};
void describe(Fields<SpaceConfig>& f);

/// What every space has that a link opens.
struct OnDemandConfig {
    std::int64_t max_users = 100;
    double bounds = 1000;
    Duration tick{50};
};
void describe(Fields<OnDemandConfig>& f);

/// How often one player may do what.
struct Limits {
    Rate create{10, Duration(60'000)};  ///< P170
    Rate move{30, Duration(1'000)};
    Rate edit{60, Duration(10'000)};
    Rate list{10, Duration(1'000)};
};
void describe(Fields<Limits>& f);

/// What becomes of the rows of `sessions`.
struct SessionsConfig {
    Duration keep{30LL * 24 * 3600 * 1000};
    std::string cleanup = "40 3 * * *";  ///< P177
};
void describe(Fields<SessionsConfig>& f);

struct Config {
    std::map<std::string, SpaceConfig> spaces{{"main", {}}};
    std::string default_space = "main";
    std::int64_t on_demand = 0;
    OnDemandConfig on_demand_settings;
    bool anyone_may_edit = true;
    std::int64_t max_objects = 1'000'000;  ///< P167
    Limits limits;
    SessionsConfig sessions;
};
void describe(Fields<Config>& f);

/// Empty when `name` may name a space, else the rule it breaks: 1 to 100 letters, digits, `_ - .`, starting with a
/// letter or digit (it stands in links and in a column of 100). [any]
std::string space_name_problem(std::string_view name);

}  // namespace cairn::world
