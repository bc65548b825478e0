#pragma once

#include <atomic>
#include <cstddef>

#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

/// One thread's place in the table of breadcrumbs; `thread` is its kernel id, 0 for a free place. Cache lines of their
/// own, for each thread writes its crumb at every call.
struct alignas(64) BreadcrumbSlot {
    std::atomic<int> thread{0};
    Breadcrumb crumb;
};

inline constexpr std::size_t kBreadcrumbSlots = 512;

/// All kBreadcrumbSlots places, readable without a lock, also in a signal handler; they never go away. [any]
const BreadcrumbSlot* breadcrumb_table() noexcept;

/// The calling thread's breadcrumb if it has one; unlike thread_breadcrumb() fit for a signal handler. [any]
Breadcrumb* breadcrumb_in_signal() noexcept;

}  // namespace cairn::core
