#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include <cairn/values.hpp>

#include "plugins/storage_postgres/connection.hpp"

namespace cairn::storage_postgres {

/// Connections for queries (P032): made when they are wanted, at most `size`, handed out in the order of asking, closed
/// when nobody has used them for `idle`. One that the server has hung up on is noticed before it is handed out. Connecting
/// happens outside of the lock, so that a server that is away makes only those wait who ask. Not Poco's SessionPool, which
/// does the contrary in each of these (reliability.md 2.5). [any]
class ConnectionPool {
public:
    ConnectionPool(Target target, std::size_t size, Duration idle, Duration patience);
    ~ConnectionPool();
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    class Lease {
    public:
        Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection) noexcept
            : pool_(&pool), connection_(std::move(connection)) {}
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (connection_) pool_->give_back(std::move(connection_));
        }
        Connection& operator*() const noexcept { return *connection_; }
        Connection* operator->() const noexcept { return connection_.get(); }

    private:
        ConnectionPool* pool_;
        std::unique_ptr<Connection> connection_;
    };
    /// Waits up to `patience`. Throws PostgresError.
    Lease borrow();
    /// Closes what nobody has used for long.
    void sweep() noexcept;
    /// Closes all; those in use when they come back, for which it waits. Nothing is handed out any more.
    void close() noexcept;
    std::size_t connections() const;
    const Target& target() const noexcept { return target_; }

private:
    struct Waiter {
        std::condition_variable woken;
        bool granted = false;
    };
    void take_turn(std::unique_lock<std::mutex>& lock);
    void pass_turn() noexcept;
    void give_back(std::unique_ptr<Connection> connection) noexcept;

    const Target target_;
    const std::size_t size_;
    const Duration idle_;
    const Duration patience_;

    mutable std::mutex mutex_;
    std::condition_variable all_back_;
    std::list<Waiter*> waiters_;
    std::vector<std::unique_ptr<Connection>> free_;  ///< the last used one at the end
    std::size_t in_use_ = 0;
    bool open_ = true;
};

}  // namespace cairn::storage_postgres
