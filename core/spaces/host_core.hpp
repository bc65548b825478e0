#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/spaces/envelope.hpp"
#include "core/spaces/host_metrics.hpp"
#include "core/spaces/message_catalog.hpp"
#include "core/spaces/player_book.hpp"
#include "core/spaces/rate_limit.hpp"
#include "core/spaces/space_directory.hpp"
#include "core/spaces/space_host.hpp"

namespace cairn::core {

class HostSession;

/// What belongs to one loop and is touched by nobody else.
struct LoopCell {
    EnvelopeReader envelopes;
    std::vector<HostSession*> sessions;  ///< open ones whose connection lives here
    bool measuring = false;
};

/// Everything that spaces and sessions share. Lives as long as the last of them.
struct HostCore : std::enable_shared_from_this<HostCore> {
    enum class Phase : unsigned char { starting, serving, draining, closed };

    HostCore(SpaceHost::Options o, SpaceHost::Environment e, std::vector<BehaviourFactory> b);

    const SpaceHost::Options options;
    SpaceHost::Environment env;  ///< identity and source may change until the spaces open
    const std::vector<BehaviourFactory> behaviours;

    HostMetrics metrics;
    PlayerBook players;
    LimitNumbers limits;
    MessageCatalog catalog;
    SpaceDirectory directory;
    std::unique_ptr<services::Identity> strangers;  ///< who a client is when no plugin says so
    std::vector<std::unique_ptr<LoopCell>> cells;

    std::atomic<Phase> phase{Phase::starting};
    std::atomic<std::size_t> sessions_open{0};
    std::atomic<std::size_t> players_in{0};
    /// Seats are numbered over all spaces: what comes late from the space before must not fit the seat in the next one.
    std::atomic<std::uint64_t> next_seat{1};

    services::Identity& identity() const noexcept { return env.identity ? *env.identity : *strangers; }
    LoopCell& cell(const Loop& loop) noexcept { return *cells[loop.index()]; }
    /// The lasting text for breadcrumbs. Guests choose the names of rooms, so only so many become lasting.
    const char* crumb_name(std::string_view space);
    /// Keeps cairn_core_outbox_bytes of `loop` up to date, once a second. [loop]
    void measure(Loop& loop);

private:
    std::mutex names_mutex_;
    std::set<std::string, std::less<>> names_;  ///< of spaces that have a lasting text
};

}  // namespace cairn::core
