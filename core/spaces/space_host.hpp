#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/clock.hpp>
#include <cairn/loop.hpp>
#include <cairn/metrics.hpp>
#include <cairn/plugin.hpp>
#include <cairn/services/identity.hpp>
#include <cairn/session.hpp>
#include <cairn/space.hpp>
#include <cairn/storage.hpp>
#include <cairn/task.hpp>

namespace cairn::core {

class HostedSpace;

/// A behaviour as a plugin declared it.
struct BehaviourFactory {
    std::string plugin;
    std::string name;
    std::function<std::unique_ptr<Behaviour>(Space&)> make;
};

/// Opens and closes spaces, routes messages to them, and carries sessions: everything between frames and behaviours.
class SpaceHost final : public Spaces, public Sessions {
public:
    struct Options {
        std::size_t max_connections = 12000;
        std::size_t max_online = 10000;
        std::size_t sessions_per_player = 3;
        Duration hello_within{5000};
        Duration close_empty_after{60000};     ///< spaces that are not permanent
        Rate any_message{60, Duration{1000}};  ///< per player; burst is twice the count
        std::size_t outbox_bytes = 1u << 20;
        std::size_t outbox_messages = 512;
        Duration slow_grace{10000};  ///< how long an outbox may stay full
        Duration heartbeat{25000};
        std::size_t max_message = 65536;
        std::string default_space = "main";
    };
    /// What it works with; all of it outlives the host. `identity` and `source` may be set later, before
    /// open_initial().
    struct Environment {
        Loops* loops = nullptr;
        Background* background = nullptr;
        Storage* storage = nullptr;
        const Clock* clock = nullptr;
        Metrics* metrics = nullptr;
        services::Identity* identity = nullptr;
        SpaceSource* source = nullptr;
        /// Empty: the loops run by themselves. Else what turns them while a call here waits for them; false: nothing
        /// will happen any more.
        std::function<bool()> turn{};
    };
    SpaceHost(Options options, Environment environment, std::vector<BehaviourFactory> behaviours);
    ~SpaceHost() override;

    void set_services(services::Identity* identity, SpaceSource* source);  ///< [control], before open_initial
    /// Opens what the source names and waits until all have loaded. `waiting` is told every ten seconds what is still
    /// awaited. Throws Error naming the space and the behaviour that failed. [control]
    void open_initial(const std::function<void(const std::string& still)>& waiting);
    /// From now on sessions may open. [control]
    void serve();
    /// No new sessions and joins; `notice` is told to everybody. [control]
    void drain(std::string_view notice);
    /// Ends all sessions with `bye` 1001, leaves, closes all spaces, waits until strands are quiet. [control]
    void close_all(Duration grace);
    /// What the opened spaces understand: for GET /api/protocol. [any]
    Document protocol() const;
    /// {users, spaces, sessions} for /health. [any]
    Document figures() const;

    /// The open space of this name, or nullptr. [any]
    std::shared_ptr<HostedSpace> find(std::string_view space) const;

    // Spaces
    std::size_t count() const noexcept override;
    std::size_t players() const noexcept override;
    void broadcast(std::string_view type, const Document& d) override;
    void tell(std::string_view space, std::string_view topic, Document message) override;
    // Sessions
    std::unique_ptr<Session> open(Loop& loop, Connection& connection, ConnectionInfo info) override;
    std::size_t sessions_open() const noexcept override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
