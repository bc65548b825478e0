#include "plugins/storage_postgres/connection_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace cairn::storage_postgres {

ConnectionPool::ConnectionPool(Target target, std::size_t size, Duration idle, Duration patience)
    : target_(std::move(target)), size_(size), idle_(idle), patience_(patience) {}

ConnectionPool::~ConnectionPool() {
    close();
}

void ConnectionPool::take_turn(std::unique_lock<std::mutex>& lock) {
    if (!open_) throw PostgresError("57P03", "the database is closed", "query");
    if (in_use_ < size_ && waiters_.empty()) {
        ++in_use_;
        return;
    }
    Waiter self;
    const auto place = waiters_.insert(waiters_.end(), &self);
    self.woken.wait_for(lock, patience_, [&] { return self.granted || !open_; });
    if (self.granted) return;  // whoever granted has taken it off the list
    waiters_.erase(place);
    throw PostgresError("53300", open_ ? "all connections are busy" : "the database is closed", "query");
}

void ConnectionPool::pass_turn() noexcept {
    if (open_ && !waiters_.empty()) {
        Waiter* const next = waiters_.front();
        waiters_.pop_front();
        next->granted = true;
        next->woken.notify_one();
        return;
    }
    --in_use_;
    if (in_use_ == 0) all_back_.notify_all();
}

ConnectionPool::Lease ConnectionPool::borrow() {
    std::unique_lock lock(mutex_);
    take_turn(lock);
    while (!free_.empty()) {
        std::unique_ptr<Connection> connection = std::move(free_.back());
        free_.pop_back();
        if (connection->is_alive()) return Lease(*this, std::move(connection));
    }
    lock.unlock();
    try {
        return Lease(*this, std::make_unique<Connection>(target_));
    } catch (...) {
        lock.lock();
        pass_turn();
        throw;
    }
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) noexcept {
    connection->rollback();
    const bool keep = connection->is_alive();
    connection->used = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (keep && open_) free_.push_back(std::move(connection));
    connection.reset();
    pass_turn();
}

void ConnectionPool::sweep() noexcept {
    std::vector<std::unique_ptr<Connection>> old;
    {
        const std::lock_guard lock(mutex_);
        const auto limit = std::chrono::steady_clock::now() - idle_;
        const auto first_young =
            std::find_if(free_.begin(), free_.end(), [&](const auto& connection) { return connection->used > limit; });
        std::move(free_.begin(), first_young, std::back_inserter(old));
        free_.erase(free_.begin(), first_young);
    }
}

void ConnectionPool::close() noexcept {
    std::unique_lock lock(mutex_);
    open_ = false;
    free_.clear();
    for (Waiter* waiter : waiters_) waiter->woken.notify_one();
    all_back_.wait(lock, [this] { return in_use_ == 0; });
}

std::size_t ConnectionPool::connections() const {
    const std::lock_guard lock(mutex_);
    return free_.size() + in_use_;
}

}  // namespace cairn::storage_postgres
