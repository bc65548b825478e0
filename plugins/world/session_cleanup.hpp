#pragma once

#include <cairn/clock.hpp>
#include <cairn/log.hpp>
#include <cairn/storage.hpp>
#include <cairn/task.hpp>

#include "plugins/world/rows.hpp"

namespace cairn::world {

/// Takes ended sessions out of the database when they are older than `keep` (P177), in commits of at most 500 rows, so
/// that nothing else waits for it. What fails is left for the next time.
class SessionCleanup {
public:
    SessionCleanup(Storage& storage, const Clock& clock, Log& log, Table<SessionRow> table, Duration keep)
        : storage_(storage), clock_(clock), log_(log), table_(table), keep_(keep) {}

    /// Returns when nothing is left to do, at the latest soon after `task` was cancelled. [worker]
    void run(const Task& task);

private:
    /// Takes out the next ones; returns how many. Throws Error.
    std::size_t piece(WallTime before);

    Storage& storage_;
    const Clock& clock_;
    Log& log_;
    const Table<SessionRow> table_;
    const Duration keep_;
};

}  // namespace cairn::world
