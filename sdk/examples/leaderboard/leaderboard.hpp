#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/service.hpp>

namespace leaderboard {

/// What other plugins see of the leaderboard: copy this header, or install it beside the plugin.
struct Leaderboard {
    static constexpr cairn::ServiceId kService{"example.leaderboard", 1};

    struct Place {
        std::string player;
        std::int64_t points = 0;
    };

    virtual ~Leaderboard() = default;
    /// Gives points, or takes them when negative. [any]
    virtual void add(std::string_view player, std::int64_t points) = 0;
    /// The best, most points first; who got there first stands before who came later. [any]
    virtual std::vector<Place> best(std::size_t count) const = 0;
};

}  // namespace leaderboard
