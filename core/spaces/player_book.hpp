#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/spaces/rate_limit.hpp"

namespace cairn::core {

class HostSession;

/// What the host keeps of one player beyond his connections.
struct PlayerRecord {
    explicit PlayerRecord(std::string player_id) : id(std::move(player_id)) {}
    const std::string id;
    PlayerBuckets buckets;

private:
    friend class PlayerBook;
    std::vector<std::shared_ptr<HostSession>> sessions_;  ///< oldest first
    std::optional<std::string> name_;
    std::optional<std::string> avatar_;
    std::chrono::steady_clock::time_point last_seen_{};
};

/// Who is here: players by id, with their sessions. A record stays after the last connection has gone for as long as a
/// rate limit is not full again (reconnecting resets nothing) or he has changed his name a short while ago. [any]
class PlayerBook {
public:
    struct Limits {
        std::size_t online = 10000;  ///< players with a session
        std::size_t sessions = 3;    ///< per player
    };
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::minutes kRememberName{15};

    explicit PlayerBook(const Limits& limits) : limits_(limits) {}

    struct Entry {
        std::shared_ptr<PlayerRecord> record;              ///< null: too many are online
        std::vector<std::shared_ptr<HostSession>> oldest;  ///< sessions that have to make room
    };
    Entry enter(const std::string& id, const std::shared_ptr<HostSession>& session, Time now);
    void leave(PlayerRecord& record, const HostSession& session, Time now);

    /// What the player has set for himself (Player::set_name, set_avatar): replaces what his identity says.
    void set_name(PlayerRecord& record, const std::string& name);
    void set_avatar(PlayerRecord& record, const std::string& avatar);
    void apply_names(const PlayerRecord& record, std::string& name, std::string& avatar) const;
    std::vector<std::shared_ptr<HostSession>> sessions_of(const PlayerRecord& record) const;

    std::size_t online() const;
    std::size_t records() const;

private:
    void sweep(Time now);

    const Limits limits_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<PlayerRecord>> records_;
    std::size_t online_ = 0;
    std::size_t sweep_at_ = 1024;
};

}  // namespace cairn::core
