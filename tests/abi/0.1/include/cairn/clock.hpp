#pragma once

#include <chrono>

#include <cairn/export.hpp>
#include <cairn/values.hpp>

namespace cairn {

/// Time as the host sees it; tests turn it by hand. [any]
class CAIRN_API Clock {
public:
    virtual ~Clock();
    /// Milliseconds since 1970 UTC. Only stored and shown: it may jump.
    virtual WallTime wall() const noexcept = 0;
    /// For timeouts and rates: never jumps, says nothing about the date.
    virtual std::chrono::steady_clock::time_point steady() const noexcept = 0;
};

}  // namespace cairn
