#include "core/durability/journal_spare.hpp"

#include <fcntl.h>

#include <utility>

namespace cairn::core {

using journal_io::Failure;
using journal_io::File;

JournalSpare::JournalSpare(const JournalCalls& calls, const std::string& folder)
    : calls_(calls), path_(folder + "/prepared.tmp"), thread_([this] { run(); }) {}

JournalSpare::~JournalSpare() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        wanted_ = 0;
    }
    changed_.notify_all();
    thread_.join();
    if (!ready_.is_open()) return;
    try {
        journal_io::remove_file(calls_, path_);
    } catch (const Failure&) {
        // The next opening removes it.
    }
}

void JournalSpare::want(std::uint64_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (wanted_ != 0 || busy_ || ready_.is_open()) return;
        wanted_ = bytes;
    }
    changed_.notify_all();
}

File JournalSpare::take(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    wanted_ = 0;
    changed_.wait(lock, [&] { return !busy_; });
    File file = std::exchange(ready_, File());
    if (file.is_open() && ready_bytes_ >= bytes) return file;
    lock.unlock();
    return make(bytes);
}

File JournalSpare::make(std::uint64_t bytes) const {
    File file(calls_, path_, O_RDWR | O_CREAT | O_TRUNC);
    try {
        file.write_zeros(0, bytes);
        file.sync_data();
    } catch (const Failure&) {
        try {
            journal_io::remove_file(calls_, path_);
        } catch (const Failure&) {
            // The next make() begins it anew.
        }
        throw;
    }
    return file;
}

void JournalSpare::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return ending_ || wanted_ != 0; });
        if (ending_) return;
        const std::uint64_t bytes = std::exchange(wanted_, 0);
        busy_ = true;
        lock.unlock();
        File file;
        try {
            file = make(bytes);
        } catch (const Failure&) {
            // take() tries again and says why.
        }
        lock.lock();
        ready_ = std::move(file);
        ready_bytes_ = bytes;
        busy_ = false;
        changed_.notify_all();
    }
}

}  // namespace cairn::core
