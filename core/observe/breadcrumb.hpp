#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/observe/call_site.hpp"
#include "core/observe/plugin_usage.hpp"

namespace cairn::core {

/// Which plugin, space and handler a thread is in. Written by the thread itself at every host→plugin call, read by the
/// stall watch and, after a crash, by the signal handler; so plain pointers to interned, never freed text.
struct Breadcrumb {
    std::atomic<const char*> plugin{nullptr};
    std::atomic<const char*> space{nullptr};
    std::atomic<const char*> handler{nullptr};
    std::atomic<std::uint64_t> sequence{0};  ///< changes at every entry and exit: standing still means "still in there"

    // For the thread itself.
    std::uint16_t tag = 0;          ///< of `plugin`, see plugin_tag()
    ThreadUsage* usage = nullptr;   ///< nullptr: a thread that is not listed, nothing is counted
    LiveFigures* live = nullptr;    ///< by tag; nullptr as above
};

/// The calling thread's breadcrumb. [any]
Breadcrumb& thread_breadcrumb() noexcept;

/// The one lasting copy of `text`; equal texts give the same pointer. Takes a lock: at registration, not per call.
/// [any]
const char* intern(std::string_view text);

/// Marks the thread as being at `site` while it lives, and counts what that costs.
class BreadcrumbScope {
public:
    explicit BreadcrumbScope(const CallSite& site) noexcept : crumb_(thread_breadcrumb()) {
        before_.plugin = crumb_.plugin.load(std::memory_order_relaxed);
        before_.space = crumb_.space.load(std::memory_order_relaxed);
        before_.handler = crumb_.handler.load(std::memory_order_relaxed);
        before_tag_ = crumb_.tag;
        if (crumb_.usage) {
            entered_ = crumb_.usage->enter(site);
            crumb_.tag = entered_.tag;
        }
        set(site);
    }
    ~BreadcrumbScope() {
        set(before_);
        crumb_.tag = before_tag_;
        if (crumb_.usage) crumb_.usage->leave(entered_);
    }
    BreadcrumbScope(const BreadcrumbScope&) = delete;
    BreadcrumbScope& operator=(const BreadcrumbScope&) = delete;

private:
    void set(const CallSite& site) noexcept {
        crumb_.plugin.store(site.plugin, std::memory_order_relaxed);
        crumb_.space.store(site.space, std::memory_order_relaxed);
        crumb_.handler.store(site.handler, std::memory_order_relaxed);
        crumb_.sequence.store(crumb_.sequence.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }
    Breadcrumb& crumb_;
    CallSite before_;
    std::uint16_t before_tag_ = 0;
    ThreadUsage::Entered entered_;
};

}  // namespace cairn::core
