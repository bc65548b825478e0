#pragma once

#include <functional>
#include <string>
#include <thread>

namespace cairn::core {

/// Starts a thread of the host: named for `top` and `gdb` (the kernel keeps 15 bytes), with a stack on which the crash
/// handler can run, and with all signals blocked but those that report its own faults, so that SIGTERM and the like
/// reach only the thread that waits for them. `body` must not throw. [any]
std::thread start_host_thread(const std::string& name, std::function<void()> body);

}  // namespace cairn::core
