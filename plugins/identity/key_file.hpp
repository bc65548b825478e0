#pragma once

#include <string>

#include "plugins/identity/ticket.hpp"

namespace cairn::identity {

/// Reads the key at `path`, or makes one there (mode 0600, on disk before this returns, so that tokens given out
/// survive a power cut). A key that others could read is closed to them, and `warning` says so; else `warning` stays
/// empty. Throws Error(unavailable) naming the file, what is wrong and the cure. [control]
Key load_or_create_key(const std::string& path, std::string& warning);

}  // namespace cairn::identity
