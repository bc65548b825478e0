#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "core/observe/breadcrumb.hpp"

namespace cairn::core {

/// A job on its way to a loop, and on whose behalf: what it does is blamed on who posted it.
struct Letter {
    std::function<void()> job;
    CallSite site;
};
using Letters = std::vector<Letter>;

/// The inbox of one loop: many writers, one reader. Letters of one writer stay in order.
class Mailbox {
public:
    Mailbox();  ///< Throws Error(unavailable) when the kernel grants no eventfd.
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    void put(Letter letter);  ///< [any]
    /// Hands over a whole batch under one lock; `letters` comes back empty, its memory kept. [any]
    void put(Letters& letters);
    /// Appends what has arrived to `out`, which must be empty. [reader]
    void take(Letters& out);
    /// Wakes the reader though there is no letter. [any]
    void wake() noexcept;
    /// To be watched edge-triggered: every write makes a new edge, whether or not the counter was read in between, so
    /// nobody reads it (and it cannot overflow in the life of a process).
    int descriptor() const noexcept { return event_; }
    /// Letters ever put in. [any]
    std::uint64_t received() const noexcept { return received_.load(std::memory_order_acquire); }

private:
    std::mutex mutex_;
    Letters letters_;
    std::atomic<bool> filled_{false};  ///< spares the reader the lock on turns without letters
    std::atomic<std::uint64_t> received_{0};
    int event_ = -1;
};

}  // namespace cairn::core
