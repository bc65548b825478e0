#pragma once

#include <cstddef>

namespace cairn {

/// How often this thread has allocated memory so far: tests of the hot path compare two readings.
std::size_t allocation_count() noexcept;

}  // namespace cairn
