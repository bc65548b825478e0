#pragma once

#include <cstddef>

namespace cairn::test {

/// How often this program has allocated so far. The program must contain a file that counts (allocations.cpp).
std::size_t allocations() noexcept;

}  // namespace cairn::test
