#include "plugins/storage_postgres/replica_lag.hpp"

namespace cairn::storage_postgres {

constexpr Duration kApart{100};  // between samples

void ReplicaLag::note(std::uint64_t seq, Time now) {
    const std::lock_guard lock(mutex_);
    last_ = {now, seq};
    if (samples_.empty() || now - samples_.back().at >= kApart) samples_.push_back(last_);
    forget(now);
}

void ReplicaLag::forget(Time now) {
    while (!samples_.empty() && now - samples_.front().at >= allowed_) {
        wanted_ = samples_.front().seq;
        samples_.pop_front();
    }
    if (now - last_.at >= allowed_) wanted_ = last_.seq;
}

bool ReplicaLag::recent_enough(std::uint64_t replica_seq, Time now) {
    const std::lock_guard lock(mutex_);
    forget(now);
    return replica_seq >= wanted_;
}

}  // namespace cairn::storage_postgres
