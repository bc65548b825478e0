#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::core {

/// Stands for an actor and an operation id of his.
struct OperationKey {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend bool operator==(const OperationKey&, const OperationKey&) = default;
};

}  // namespace cairn::core
