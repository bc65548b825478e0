#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/storage.hpp>

namespace cairn::core {

/// Who waits for a commit. A coalesced commit has one for all its rows, which may be written in different transactions.
struct Waiter {
    Then<Committed> then;
    std::size_t remaining = 1;  ///< rows, or the commit as a whole, not yet decided
    std::optional<Error> refused;
    std::uint64_t seq = 0;
};

/// Something that is applied as a whole or not at all: a durable commit, a coalesced row, or coalesced rows that
/// belong together.
struct PendingCommit {
    std::vector<Change> changes;
    std::vector<std::shared_ptr<Waiter>> waiters;
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point submitted;
    bool coalesced = false;
};

/// What a change weighs against the limits of the queue, the bookkeeping around it included.
inline std::size_t weight(const Change& change) noexcept {
    constexpr std::size_t kOverhead = 160;
    return change.key.size() + change.row.size() + kOverhead;
}

}  // namespace cairn::core
