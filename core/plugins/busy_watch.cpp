#include "core/plugins/busy_watch.hpp"

namespace cairn::core {

BusyWatch::BusyWatch(Duration period, std::function<void(const std::string&, Duration)> say)
    : period_(period), say_(std::move(say)), thread_([this] { run(); }) {}

BusyWatch::~BusyWatch() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void BusyWatch::now(std::string what) {
    {
        const std::lock_guard lock(mutex_);
        what_ = std::move(what);
        since_ = std::chrono::steady_clock::now();
        ++round_;
    }
    changed_.notify_all();
}

void BusyWatch::run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        if (what_.empty()) {
            changed_.wait(lock, [&] { return ending_ || !what_.empty(); });
            continue;
        }
        const std::uint64_t round = round_;
        if (changed_.wait_for(lock, period_, [&] { return ending_ || round_ != round; })) continue;
        const std::string what = what_;
        const auto since = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - since_);
        lock.unlock();
        say_(what, since);
        lock.lock();
    }
}

}  // namespace cairn::core
