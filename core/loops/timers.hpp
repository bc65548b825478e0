#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <cairn/loop.hpp>

#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

/// One-shot timers of one loop: a heap with four children per node over a table of slots, so that adding and cancelling
/// cost O(log n) and no timer is ever searched for. Timers of equal time fire in the order in which they were added.
/// Belongs to one thread; knows no clock.
class Timers {
public:
    using Time = std::chrono::steady_clock::time_point;
    struct Due {
        std::function<void()> job;
        CallSite site;
    };

    TimerId add(Time when, std::function<void()> job, const CallSite& site = {});
    /// Returns the job so that its captures die in the caller's hands; empty when `id` has run or is unknown.
    std::function<void()> cancel(TimerId id) noexcept;
    /// When the earliest timer is due.
    std::optional<Time> next() const noexcept;
    /// Takes one timer that is due at `now` and was added before `mark()` returned `limit`; nothing when there is none.
    std::optional<Due> take_due(Time now, std::uint64_t limit);
    /// Splits older timers from those added later: a timer that adds a timer of no delay must not run for ever.
    std::uint64_t mark() const noexcept { return order_; }
    std::size_t size() const noexcept { return heap_.size(); }

private:
    struct Slot {
        std::function<void()> job;
        CallSite site;
        std::uint32_t generation = 1;
        std::uint32_t position = 0;  ///< in the heap; of a free slot: the next free slot
        bool used = false;
    };
    struct Entry {
        Time when;
        std::uint64_t order;
        std::uint32_t slot;
        bool before(const Entry& other) const noexcept {
            return when != other.when ? when < other.when : order < other.order;
        }
    };

    void place(std::size_t position, const Entry& entry) noexcept;
    void sift_up(std::size_t position) noexcept;
    void sift_down(std::size_t position) noexcept;
    void remove_at(std::size_t position) noexcept;
    Slot& release(std::uint32_t slot) noexcept;

    static constexpr std::uint32_t kNone = 0xffffffff;
    std::vector<Entry> heap_;
    std::vector<Slot> slots_;
    std::uint32_t free_ = kNone;
    std::uint64_t order_ = 0;
};

}  // namespace cairn::core
