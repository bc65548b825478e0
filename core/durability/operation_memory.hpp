#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/storage.hpp>
#include <cairn/values.hpp>

#include "core/durability/operation_key.hpp"

namespace cairn::core {

/// Which operations have been committed, so that one that comes again changes nothing (reliability.md 5.4). Bounded in
/// time and in bytes, the oldest go first. Keys are keyed hashes with a secret of this process, so that nobody can make
/// an operation of his look like somebody else's. Not thread-safe, but key() is.
class OperationMemory {
public:
    using Instant = std::chrono::steady_clock::time_point;
    enum class Seen : std::uint8_t {
        never,
        in_flight,  ///< the first one has not been answered
        committed,
    };

    OperationMemory(Duration keep_for, std::size_t keep_bytes);

    OperationKey key(std::string_view actor, std::string_view operation) const noexcept;
    /// `answer` is filled in when it is `committed`.
    Seen look(const OperationKey& key, Committed& answer) const;
    /// REQUIRES: never seen.
    void begin(const OperationKey& key);
    /// Adds somebody who waits for the first one. REQUIRES: in flight.
    void wait(const OperationKey& key, Then<Committed> then);
    /// It has been committed: it is remembered, and those who waited are returned.
    std::vector<Then<Committed>> commit(const OperationKey& key, std::uint64_t seq, std::string answer, Instant now);
    /// It has been refused: it is forgotten, and those who waited are returned.
    std::vector<Then<Committed>> refuse(const OperationKey& key);
    /// All that are in flight are forgotten; those who waited are returned.
    std::vector<Then<Committed>> abandon();

    std::size_t size() const noexcept { return known_.size(); }
    std::size_t bytes() const noexcept { return bytes_; }
    /// How many had to go before their time, since the last call.
    std::size_t take_forgotten_early() noexcept;
    /// What remembering one takes.
    static std::size_t weight(std::string_view answer) noexcept;

private:
    struct KeyHash {
        std::size_t operator()(const OperationKey& key) const noexcept { return static_cast<std::size_t>(key.low); }
    };
    struct Known {
        std::uint64_t seq = 0;
        std::string answer;
    };
    struct Aged {
        OperationKey key;
        std::uint64_t seq;
        Instant since;
    };
    void forget_old(Instant now);

    const Duration keep_for_;
    const std::size_t keep_bytes_;
    std::uint64_t secret_[2];
    std::unordered_map<OperationKey, Known, KeyHash> known_;
    std::deque<Aged> ages_;  // oldest first; may name some that are forgotten
    std::unordered_map<OperationKey, std::vector<Then<Committed>>, KeyHash> in_flight_;
    std::size_t bytes_ = 0;
    std::size_t forgotten_early_ = 0;
};

}  // namespace cairn::core
