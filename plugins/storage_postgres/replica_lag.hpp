#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>

#include <cairn/values.hpp>

namespace cairn::storage_postgres {

/// Judges whether a replica is recent enough, by what it holds: it must have the watermark that the database had
/// `allowed` ago. That needs no rights to the server's statistics and holds for every way of replicating. [any]
class ReplicaLag {
public:
    using Time = std::chrono::steady_clock::time_point;
    explicit ReplicaLag(Duration allowed) noexcept : allowed_(allowed) {}
    /// The database has got as far as `seq`.
    void note(std::uint64_t seq, Time now);
    bool recent_enough(std::uint64_t replica_seq, Time now);

private:
    struct Sample {
        Time at;
        std::uint64_t seq;
    };
    void forget(Time now);

    const Duration allowed_;
    std::mutex mutex_;
    Sample last_{};
    std::deque<Sample> samples_;   ///< younger than `allowed_`, apart from each other
    std::uint64_t wanted_ = 0;     ///< the newest one that is older
};

}  // namespace cairn::storage_postgres
