#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <unordered_map>

#include <cairn/values.hpp>

#include <plugins/gateway/address.hpp>

namespace cairn::gateway {

struct Settings;

/// Counts connections by address and how fast they come, and says who may come in. Asked once per connection, not per
/// message; thread-safe. [any]
class IpLimits {
public:
    struct Options {
        std::size_t total = 12000;       ///< connections at once, of everybody
        std::size_t per_address = 20;    ///< connections at once from one address (IPv6: one /64)
        Rate rate{10, Duration{60000}};  ///< new connections per address in the long run
        std::size_t burst = 30;          ///< new connections per address at once
        NetworkSet exempt;               ///< not counted by address
    };
    enum class Verdict : unsigned char { admitted, server_full, too_many, too_fast };

    explicit IpLimits(Options options) : options_(std::move(options)) {}

    /// Counts one connection into the total. Give it back by leave_total().
    bool enter_total() noexcept;
    void leave_total() noexcept;
    /// Counts one connection of `address`. When admitted, give it back by leave(). The time must not run backwards.
    Verdict enter(const IpAddress& address, std::chrono::steady_clock::time_point now);
    void leave(const IpAddress& address) noexcept;

    std::size_t open() const noexcept;
    /// Addresses remembered; for tests and metrics.
    std::size_t remembered() const;

private:
    struct Visitor {
        std::size_t open = 0;
        double tokens = 0;
        std::chrono::steady_clock::time_point refilled;
    };
    void refill(Visitor& visitor, std::chrono::steady_clock::time_point now) const noexcept;
    void forget_quiet(std::chrono::steady_clock::time_point now);

    const Options options_;
    mutable std::mutex mutex_;
    std::size_t open_ = 0;
    std::size_t forget_at_ = 1024;
    std::unordered_map<IpAddress, Visitor, IpAddressHash> visitors_;
};

/// The limits that the settings ask for. Throws Error(invalid_field).
IpLimits::Options limit_options(const Settings& settings);

}  // namespace cairn::gateway
