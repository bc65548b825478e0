#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace cairn::storage_postgres::test {

/// A TCP proxy on loopback before a PostgreSQL server that can cut a connection around the next COMMIT that passes.
class CuttingProxy {
public:
    enum class Cut : std::uint8_t {
        never,
        before,   ///< the COMMIT never reaches the server
        after,    ///< it does, and the answer never comes back
        silence,  ///< it does, and then nothing passes any more in either direction; nothing is closed
    };
    explicit CuttingProxy(int server_port);
    ~CuttingProxy();
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;

    int port() const noexcept { return port_; }
    /// For the next COMMIT of any connection.
    void arm(Cut cut) noexcept { cut_ = cut; }
    /// How often it has cut.
    int cuts() const noexcept { return cuts_; }
    /// Refuses new connections (they are closed at once) or takes them again.
    void refuse(bool on) noexcept { refuse_ = on; }

private:
    void accept_all();
    void pass(int client);

    int server_port_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<Cut> cut_{Cut::never};
    std::atomic<int> cuts_{0};
    std::atomic<bool> refuse_{false};
    std::atomic<bool> ending_{false};
    std::mutex mutex_;
    std::vector<std::thread> passers_;
    std::thread acceptor_;
};

}  // namespace cairn::storage_postgres::test
