#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cairn/space.hpp>

#include "plugins/world/messages.hpp"
#include "plugins/world/rows.hpp"
#include "plugins/world/world_config.hpp"

namespace cairn::world {

/// Who is in the space and where: joins, leaves, moves, names, and the rows of `sessions` (P161). All calls [space].
class Presence {
public:
    struct Settings {
        std::string space_id;
        double bounds = 1000;
        Limits limits;
    };
    /// `changed(joined)` is called after each join (true) and leave (false).
    Presence(Space& space, Settings settings, Table<SessionRow> table, const Collection& kept,
             std::function<void(bool joined)> changed);

    /// Closes the sessions that a crash left open; `done` hears when that has been asked for.
    void close_stale(std::function<void(Result<Done>)> done);
    std::size_t count() const noexcept { return count_; }

private:
    /// One place per number; numbers are small and given again, so this is a flat list.
    struct Place {
        bool here = false;
        bool announced = false;
        Vec3 p, r;
        std::string id;
        std::string session;
        WallTime since = 0;
        std::chrono::steady_clock::time_point since_steady{};
    };

    void join(Player& player);
    void announce(std::uint32_t n, const std::string& session);
    void leave(Player& player, LeaveReason reason);
    void move(Player& from, const UserMove& to);
    Document update(Player& from, const UserUpdate& change);
    void write_user(JsonWriter& out, const Player& player, const Place& place) const;
    SessionRow session_row(const Player& player, const Place& place) const;
    void save(const SessionRow& row);

    Space& space_;
    const Settings settings_;
    const Table<SessionRow> table_;
    const Collection& kept_;
    const std::function<void(bool)> changed_;
    Stream<UserMoved> moved_;
    std::vector<Place> places_;
    std::size_t count_ = 0;
};

}  // namespace cairn::world
