#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/storage.hpp>

#include "core/durability/operation_key.hpp"

namespace cairn::core {

/// Who waits for a coalesced commit: one for all its rows, which may be written in different groups, by different
/// threads.
struct Waiter {
    std::mutex mutex;  ///< of what follows, once rows of it have been taken out of the coalescer
    Then<Committed> then;
    std::size_t remaining = 1;  ///< rows, or the commit as a whole, not yet decided
    std::optional<Error> refused;
    std::uint64_t seq = 0;
};

/// Something that is applied as a whole or not at all: a durable commit, a coalesced row, or coalesced rows that
/// belong together.
struct PendingCommit {
    std::vector<Change> changes;
    Then<Committed> then;                          ///< of a durable commit
    std::vector<std::shared_ptr<Waiter>> waiters;  ///< of coalesced rows
    std::string actor;
    std::string operation;
    std::string answer;
    OperationKey operation_key{};  ///< of a durable commit with an operation
    std::uint64_t seq = 0;         ///< once it is in the journal
    std::int64_t time_us = 0;      ///< the same
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point submitted;
    bool coalesced = false;
    bool answered = false;  ///< nobody waits any more (or ever did)
};

/// What a change weighs against the limits of the queue, the bookkeeping around it included.
inline std::size_t weight(const Change& change) noexcept {
    constexpr std::size_t kOverhead = 160;
    return change.key.size() + change.row.size() + kOverhead;
}

/// What a commit weighs with all its changes.
inline std::size_t weight(const Commit& commit) noexcept {
    std::size_t bytes =
        sizeof(PendingCommit) + commit.actor().size() + commit.operation().size() + commit.answer().size();
    for (const Change& change : commit.changes()) bytes += weight(change);
    return bytes;
}

}  // namespace cairn::core
