#include "core/spaces/rate_limit.hpp"

#include <algorithm>
#include <memory>

#include <cairn/error.hpp>

namespace cairn::core {

namespace {

std::int64_t nanoseconds(TokenBucket::Time time) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

TokenBucket::Wait TokenBucket::take(Time now, const Rate& rate, std::int64_t burst) noexcept {
    const std::int64_t per = std::max<std::int64_t>(1, std::chrono::nanoseconds(rate.per).count());
    if (rate.count <= 0 || burst <= 0) return Wait(per);
    const std::int64_t interval = std::max<std::int64_t>(1, per / rate.count);
    const std::int64_t at = nanoseconds(now);
    std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
    while (true) {
        const std::int64_t next = std::max(full_at, at) + interval;
        const std::int64_t wait = next - at - burst * interval;
        if (wait > 0) return Wait(wait);
        if (full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) return Wait(0);
    }
}

bool TokenBucket::full(Time now) const noexcept {
    return full_at_.load(std::memory_order_relaxed) <= nanoseconds(now);
}

PlayerBuckets::~PlayerBuckets() {
    for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
}

TokenBucket& PlayerBuckets::of_type(std::size_t index) {
    std::atomic<Chunk*>& place = chunks_[index / kChunk];
    Chunk* chunk = place.load(std::memory_order_acquire);
    if (!chunk) {
        auto made = std::make_unique<Chunk>();
        // Another loop may have been faster: then its chunk stays and ours goes.
        if (place.compare_exchange_strong(chunk, made.get(), std::memory_order_acq_rel)) chunk = made.release();
    }
    return (*chunk)[index % kChunk];
}

bool PlayerBuckets::full(TokenBucket::Time now) const noexcept {
    if (!any_.full(now) || !joins_.full(now)) return false;
    for (const auto& place : chunks_) {
        const Chunk* chunk = place.load(std::memory_order_acquire);
        if (!chunk) continue;
        for (const TokenBucket& bucket : *chunk)
            if (!bucket.full(now)) return false;
    }
    return true;
}

std::size_t LimitNumbers::number(const std::string& type) {
    const std::lock_guard lock(mutex_);
    if (const auto known = numbers_.find(type); known != numbers_.end()) return known->second;
    if (numbers_.size() == PlayerBuckets::kMaxTypes)
        throw Error(Code::internal, "\"" + type + "\" cannot have a rate limit: " +
                                        std::to_string(PlayerBuckets::kMaxTypes) + " message types have one already");
    return numbers_.emplace(type, numbers_.size()).first->second;
}

FloodWatch::FloodWatch(const Rate& allowed) noexcept {
    const std::int64_t per = std::max<std::int64_t>(1, allowed.per.count());
    per_second_ = std::max<std::int64_t>(1, 3 * std::max<std::int64_t>(0, allowed.count) * 1000 / per);
}

bool FloodWatch::count(TokenBucket::Time now) noexcept {
    if (!counted_) {
        counted_ = true;
        second_ = now;
    }
    const auto elapsed = now - second_;
    if (elapsed >= std::chrono::seconds(1)) {
        // A second that went by in silence breaks the row.
        seconds_over_ = in_second_ > per_second_ && elapsed < std::chrono::seconds(2) ? seconds_over_ + 1 : 0;
        second_ = elapsed < std::chrono::seconds(2) ? second_ + std::chrono::seconds(1) : now;
        in_second_ = 0;
    }
    ++in_second_;
    return seconds_over_ >= kSeconds;
}

}  // namespace cairn::core
