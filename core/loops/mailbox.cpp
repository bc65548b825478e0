#include "core/loops/mailbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <system_error>

#include <cairn/error.hpp>

namespace cairn::core {

Mailbox::Mailbox() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (event_ < 0)
        throw Error(Code::unavailable, "a loop's mailbox needs an eventfd and the system refuses: " +
                                           std::generic_category().message(errno) +
                                           ". Raise the limit of open files (ulimit -n, LimitNOFILE).");
}

Mailbox::~Mailbox() {
    close(event_);
}

void Mailbox::put(Letter letter) {
    bool first;
    {
        const std::lock_guard lock(mutex_);
        first = letters_.empty();
        letters_.push_back(std::move(letter));
        received_.fetch_add(1, std::memory_order_release);
        filled_.store(true, std::memory_order_release);
    }
    // Only from empty to not: whoever filled it before has written, and the reader takes all in one go.
    if (first) wake();
}

void Mailbox::put(Letters& letters) {
    if (letters.empty()) return;
    bool first;
    {
        const std::lock_guard lock(mutex_);
        first = letters_.empty();
        received_.fetch_add(letters.size(), std::memory_order_release);
        if (first) {
            letters_.swap(letters);
        } else {
            letters_.insert(letters_.end(), std::make_move_iterator(letters.begin()),
                            std::make_move_iterator(letters.end()));
        }
        filled_.store(true, std::memory_order_release);
    }
    letters.clear();
    if (first) wake();
}

void Mailbox::take(Letters& out) {
    // A letter put in right after this look makes an edge on the descriptor, so it is not lost, only later.
    if (!filled_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(mutex_);
    letters_.swap(out);
    filled_.store(false, std::memory_order_release);
}

void Mailbox::wake() noexcept {
    const std::uint64_t one = 1;
    // EAGAIN would mean a counter of 2^64 - 2: the reader has an edge waiting anyway.
    while (write(event_, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

}  // namespace cairn::core
