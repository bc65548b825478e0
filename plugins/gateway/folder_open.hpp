#pragma once

#include <string>

namespace cairn::gateway {

/// Opens `relative` below the folder for reading, without waiting for the other end of a FIFO. Returns -1 with errno
/// when there is no such file or when the name leads out of the folder, by dots, slashes or links. [worker]
int open_beneath(int folder, const std::string& relative) noexcept;

/// The same where the kernel (or a sandbox) has no openat2: component by component, following no link at all. [worker]
int open_by_walk(int folder, const std::string& relative) noexcept;

}  // namespace cairn::gateway
