#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/session.hpp>

#include <cairn/testkit/host.hpp>

#include "sdk/testkit/src/fake_connection.hpp"
#include "sdk/testkit/src/manual_loops.hpp"

namespace cairn::testkit {

struct Request::State {
    std::optional<Result<Document>> result;
};

/// A player's end of the wire. Everything on the thread of the test.
struct Player::State : std::enable_shared_from_this<Player::State> {
    explicit State(Host::Impl& impl) noexcept : host(&impl) {}
    ~State();

    void connect(JoinOptions how);
    /// Says hello; the resume token when he has one.
    Request hello();
    Request send(std::string_view type, const Document& d);
    Request send_json(std::string_view type, std::string_view d_json);
    void raw(std::string_view message);
    void drop();
    /// At the end of a turn of his loop: takes what the session has for him.
    void flush();
    /// What his network takes from now on; nothing: everything.
    void read_at_most(std::optional<std::size_t> bytes);
    /// "Anna", or "a guest".
    std::string who() const;

    Host::Impl* host;
    std::string wished;
    JoinOptions options;
    std::string id;
    std::string name;
    std::uint32_t n = 0;
    std::string space;
    std::string last_space;
    std::string resume;
    std::vector<Event> events;
    std::map<std::string, std::vector<Document>> sections;

    struct Wire;
    std::shared_ptr<Wire> wire;
    std::uint16_t close_code = 0;
    std::string close_reason;
    std::optional<std::size_t> room;

private:
    void heard(const Document& message);
    std::int64_t next_id_ = 1;
    std::map<std::int64_t, std::shared_ptr<Request::State>> waiting_;
};

}  // namespace cairn::testkit
