#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include <cairn/error.hpp>
#include <cairn/metrics.hpp>

namespace cairn::core {

/// What spaces and sessions count.
class HostMetrics {
public:
    explicit HostMetrics(Metrics& metrics);

    Gauge& sessions;
    Gauge& players;
    Gauge& spaces;
    Counter& messages_in;
    Counter& messages_out;
    Counter& inputs_dropped;  ///< of sessions with too many undelivered inputs on the way to another loop
    Counter& ticks_left_out;  ///< stream frames that slow readers did not get
    Counter& slow_readers;    ///< let go with 4408
    Counter& floods;          ///< let go with 4429
    Counter& late_ticks;

    /// [any]
    void refused(Code code) noexcept;
    /// Faults of a plugin in a space. Takes a lock. [any]
    Counter& faults(const std::string& plugin, const std::string& space);
    /// active_users_count{space_id} (P292). The first kMaxSpaceLabels spaces have their own; all others share "other",
    /// so that guests who open rooms cannot grow the list for ever. Takes a lock. [any]
    void users_in(const std::string& space, double change);
    /// Bytes waiting in the outboxes of a loop. [any]
    Gauge& outbox_bytes(std::size_t loop);

    static constexpr std::size_t kMaxSpaceLabels = 200;

private:
    /// The label of `space`: its name, or "other". REQUIRES: mutex_ is held.
    const std::string& label(const std::string& space);

    Metrics& metrics_;
    std::array<Counter*, static_cast<std::size_t>(Code::internal) + 1> refused_{};
    std::mutex mutex_;
    std::map<std::string, Gauge*> users_;
    const std::string other_ = "other";
};

}  // namespace cairn::core
