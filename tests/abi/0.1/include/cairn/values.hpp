#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace cairn {

/// Durations in configuration and in the SDK's calls. YAML accepts `100ms 2s 5m 24h 7d`.
using Duration = std::chrono::milliseconds;

/// A wall-clock instant: milliseconds since 1970-01-01 UTC. What the wire and the tables carry.
using WallTime = std::int64_t;

/// A size in bytes. YAML accepts `512B 64KiB 50MiB 2GiB` (and kB, MB, GB as powers of ten).
struct Bytes {
    std::uint64_t value = 0;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// `count` times per `per`. YAML accepts `10/60s`, `30/1m`, `20/s`. A count of 0 refuses everything.
struct Rate {
    std::int64_t count = 0;
    Duration per{1000};
    friend bool operator==(const Rate&, const Rate&) = default;
};

/// A vector on the wire as `[x,y,z]`. Always finite once decoded.
struct Vec3 {
    double x = 0, y = 0, z = 0;
    friend bool operator==(const Vec3&, const Vec3&) = default;
};

/// A configuration value that is never printed, logged or explained. YAML accepts `{env: NAME}` and `{file: path}`.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    /// The plain text. Keep it no longer than needed and never put it into a message.
    const std::string& reveal() const noexcept { return value_; }
    bool empty() const noexcept { return value_.empty(); }

private:
    std::string value_;
};

}  // namespace cairn
