#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <cairn/values.hpp>

#include <plugins/gateway/rules.hpp>
#include <plugins/gateway/settings.hpp>

namespace cairn::gateway {

/// The whole gateway without the plugin around it: one listening socket, and the connections on all loops.
class FrontDoor {
public:
    /// Opens the port. Throws Error that says what to change. The loops must be running. [control]
    FrontDoor(const Settings& settings, const HostServices& host);
    /// Closes what is still open. [control]
    ~FrontDoor();
    FrontDoor(const FrontDoor&) = delete;
    FrontDoor& operator=(const FrontDoor&) = delete;

    /// "http://127.0.0.1:8080/": where a browser on this machine finds the pages.
    std::string address() const;
    std::uint16_t port() const;
    /// Accepts nobody any more; those who are in stay. [control]
    void stop_accepting();
    /// Lets everybody go, politely for at most `grace`, and returns when nobody is left. [control]
    void close(Duration grace);
    /// Connections open. [any]
    std::size_t connections() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::gateway
