#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <cairn/space.hpp>

#include "core/observe/log_sink.hpp"
#include "core/spaces/space_host.hpp"

namespace cairn::core {

/// A plugin's log that names the space in every line.
class SpaceLog final : public Log {
public:
    SpaceLog(const std::string& plugin, std::string space) : log_(plugin), space_(std::move(space)) {}
    void write(LogLevel level, std::string_view message, const Document& details) override;
    bool enabled(LogLevel level) const noexcept override { return log_.enabled(level); }

private:
    NamedLog log_;
    std::string space_;
};

/// One behaviour in one space, and how often it has failed. Three faults within ten seconds switch it off there: its
/// messages answer `unavailable`, its hooks, ticks and timers stop, and everything else goes on (architecture section
/// 3).
struct BehaviourSlot {
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kFaults = 3;
    static constexpr std::chrono::seconds kWithin{10};

    BehaviourSlot(const BehaviourFactory& made_by, const std::string& space);

    /// Notes a fault; true when it is the one too many.
    bool fault(Time now) noexcept;

    const BehaviourFactory* factory;
    const char* plugin;  ///< interned
    std::unique_ptr<SpaceLog> log;
    std::unique_ptr<Behaviour> behaviour;
    bool off = false;

private:
    std::array<Time, kFaults> faults_{};
    std::size_t count_ = 0;
};

}  // namespace cairn::core
