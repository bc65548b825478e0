#pragma once

#include <string_view>

#include <cairn/export.hpp>

/// Named places at which a test can make the process die, fail or wait, compiled into test builds only
/// (-DCAIRN_FAILPOINTS=ON; never in the release preset).
///
/// The environment variable CAIRN_FAILPOINTS arms them: `name:action` or `name:action@n`, separated by commas; `n` is the
/// hit that acts, counted from 1 (default 1), `n%` acts with that probability at every hit. Actions: `kill` (SIGKILL to
/// itself), `error` (throws Error(unavailable)), `wait` (sleeps 200 ms).
///
///     CAIRN_FAILPOINTS=journal.after_write:kill@40,store.before_commit:error@3
namespace cairn {

/// True when this library was built with failpoints. [any]
CAIRN_API bool failpoints_built() noexcept;
/// Acts when the environment says so. Use the macro. [any]
CAIRN_API void hit_failpoint(std::string_view name);

}  // namespace cairn

#ifdef CAIRN_FAILPOINTS
#define CAIRN_FAILPOINT(name) ::cairn::hit_failpoint(name)
#else
#define CAIRN_FAILPOINT(name) static_cast<void>(0)
#endif
