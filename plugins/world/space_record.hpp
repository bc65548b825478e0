#pragma once

#include <chrono>
#include <functional>

#include <cairn/space.hpp>

#include "plugins/world/rows.hpp"

namespace cairn::world {

/// The row of one space in `spaces` (P160): there before anybody joins, its figures kept up as `kept` says. All calls
/// [space].
class SpaceRecord {
public:
    SpaceRecord(Space& space, Table<SpaceRow> table, const Collection& kept);

    /// Finds the row, or writes it durably; what the YAML says about the space goes into it. `done` gets the row's id.
    void load(std::function<void(Result<std::string>)> done);
    /// Somebody came or went; `players` are there now.
    void visited(std::size_t players);
    void left(std::size_t players);

private:
    void apply_settings();
    void count_time();
    void save();

    Space& space_;
    const Table<SpaceRow> table_;
    const Collection& kept_;
    SpaceRow row_;
    bool loaded_ = false;
    /// Since when the time with somebody in it is not counted yet.
    std::chrono::steady_clock::time_point busy_since_{};
    bool busy_ = false;
};

}  // namespace cairn::world
