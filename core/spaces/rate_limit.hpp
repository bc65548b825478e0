#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include <cairn/values.hpp>

namespace cairn::core {

/// A token bucket that two loops may use at once without a lock: one number, the moment at which it will be full again
/// (the generic cell rate algorithm, ITU-T I.371). A new bucket is full. `rate.count` 0 refuses everything.
class TokenBucket {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Wait = std::chrono::nanoseconds;

    /// Takes one of `burst` tokens that come back at `rate`. Returns zero when it was there, else how long until it is.
    /// [any]
    Wait take(Time now, const Rate& rate, std::int64_t burst) noexcept;
    /// True when nothing is missing: forgetting the bucket then changes nothing. [any]
    bool full(Time now) const noexcept;

private:
    std::atomic<std::int64_t> full_at_{0};  ///< nanoseconds of the steady clock
};

/// All buckets of one player: one for any message, one for joins, one per limited message type. They belong to the
/// player and not to a connection, so that reconnecting resets nothing (reliability section 8).
class PlayerBuckets {
public:
    static constexpr std::size_t kMaxTypes = 256;

    PlayerBuckets() = default;
    ~PlayerBuckets();
    PlayerBuckets(const PlayerBuckets&) = delete;
    PlayerBuckets& operator=(const PlayerBuckets&) = delete;

    TokenBucket& any() noexcept { return any_; }
    TokenBucket& joins() noexcept { return joins_; }
    /// The bucket of the type with this number. REQUIRES: index < kMaxTypes. [any]
    TokenBucket& of_type(std::size_t index);
    /// [any]
    bool full(TokenBucket::Time now) const noexcept;

private:
    static constexpr std::size_t kChunk = 16;
    using Chunk = std::array<TokenBucket, kChunk>;
    TokenBucket any_;
    TokenBucket joins_;
    std::array<std::atomic<Chunk*>, kMaxTypes / kChunk> chunks_{};  ///< made when first used, kept until the end
};

/// Gives each limited message type its number, the same in all spaces. [any], takes a lock: at registration only.
class LimitNumbers {
public:
    /// Throws Error(internal) when more than PlayerBuckets::kMaxTypes types are limited.
    std::size_t number(const std::string& type);

private:
    std::mutex mutex_;
    std::map<std::string, std::size_t> numbers_;
};

/// Sees a client that sends more than three times what it may for ten seconds on end (reliability section 8): such a
/// one does not listen to refusals. One per connection. [loop]
class FloodWatch {
public:
    explicit FloodWatch(const Rate& allowed) noexcept;
    /// Counts one message; true when it is enough.
    bool count(TokenBucket::Time now) noexcept;

private:
    static constexpr int kSeconds = 10;
    std::int64_t per_second_;  ///< messages in one second that are three times too many
    TokenBucket::Time second_{};
    std::int64_t in_second_ = 0;
    int seconds_over_ = 0;
    bool counted_ = false;
};

}  // namespace cairn::core
