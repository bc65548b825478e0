#include "core/observe/breadcrumb.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <unordered_set>

#include "core/observe/breadcrumb_table.hpp"

namespace cairn::core {

namespace {

BreadcrumbSlot table[kBreadcrumbSlots];

// Plain pointer, fixed place: the signal handler may read it, where a thread_local object could allocate on first use.
[[gnu::tls_model("initial-exec")]] constinit thread_local Breadcrumb* mine = nullptr;

void leave(Breadcrumb& crumb) noexcept {
    crumb.plugin.store(nullptr, std::memory_order_relaxed);
    crumb.space.store(nullptr, std::memory_order_relaxed);
    crumb.handler.store(nullptr, std::memory_order_relaxed);
    crumb.tag = 0;
}

/// Gives the thread's slot back when the thread ends.
class Claim {
public:
    Claim() noexcept {
        const auto self = static_cast<int>(syscall(SYS_gettid));
        for (std::size_t i = 0; i < kBreadcrumbSlots; ++i) {
            int nobody = 0;
            if (!table[i].thread.compare_exchange_strong(nobody, self, std::memory_order_acq_rel)) continue;
            slot_ = &table[i];
            slot_->crumb.usage = &thread_usage(i);
            slot_->crumb.live = thread_live_figures(i);
            break;
        }
        // With the table full the thread goes without being listed; its own crumb still works.
        mine = slot_ ? &slot_->crumb : &unlisted_;
    }
    ~Claim() {
        // Destructors of other thread_local objects may still call into plugins: they write here, to nobody's harm.
        static Breadcrumb after_life;
        mine = &after_life;
        if (!slot_) return;
        leave(slot_->crumb);
        slot_->thread.store(0, std::memory_order_release);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

private:
    BreadcrumbSlot* slot_ = nullptr;
    Breadcrumb unlisted_;
};

}  // namespace

Breadcrumb& thread_breadcrumb() noexcept {
    if (!mine) {
        thread_local Claim claim;
        static_cast<void>(claim);
    }
    return *mine;
}

Breadcrumb* breadcrumb_in_signal() noexcept {
    return mine;
}

const BreadcrumbSlot* breadcrumb_table() noexcept {
    return table;
}

const char* intern(std::string_view text) {
    static std::mutex mutex;
    // Never destroyed: crumbs point into it until the very last instruction.
    static auto& texts = *new std::unordered_set<std::string>;
    const std::lock_guard lock(mutex);
    return texts.emplace(text).first->c_str();
}

}  // namespace cairn::core
