#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/loop.hpp>
#include <cairn/services/identity.hpp>
#include <cairn/session.hpp>
#include <cairn/space.hpp>

#include "core/spaces/audience.hpp"
#include "core/spaces/envelope.hpp"
#include "core/spaces/message_table.hpp"
#include "core/spaces/outbox.hpp"
#include "core/spaces/player_book.hpp"
#include "core/spaces/rate_limit.hpp"

namespace cairn::core {

struct HostCore;
class HostedSpace;
class HostSession;

/// Who an admitted player is, as spaces see him. Immutable, shared.
struct PlayerIdentity {
    std::string id;
    std::string name;
    std::string avatar;
    std::string resume;
    std::string remote;
    std::string user_agent;
    std::vector<std::string> roles;
    std::shared_ptr<PlayerRecord> record;
};

/// Who asked and how to answer him; outlives his connection. Empty id: only refusals are told.
struct Asker {
    std::shared_ptr<HostSession> session;
    std::string id;
    std::string type;

    void ok(std::string_view d_json) const;                              ///< [any]
    void refuse(const Error& error, std::string_view trace = {}) const;  ///< [any]
};

/// What a space says to a wish to join.
struct JoinAnswer {
    std::uint64_t ticket = 0;
    std::optional<Error> refused;
    std::string trace;
    std::shared_ptr<HostedSpace> space;
    std::shared_ptr<const MessageTable> table;
    std::shared_ptr<Audience> audience;
    std::uint64_t seat = 0;
    std::uint32_t n = 0;
    Frame state;  ///< the first chunk of space.state
    bool more_state = false;
    std::vector<Frame> held;  ///< what was sent to him while he was joining
};

/// One connection's conversation: connected → (hello) → admitting → admitted → joining → in space → … → ended. Lives on
/// the connection's loop; shared with the space he is in and with answers on their way, which only use what is marked
/// [any]. The gateway holds it through a SessionHandle.
class HostSession final : public std::enable_shared_from_this<HostSession> {
public:
    /// Undelivered messages of one session on the way to another loop; beyond, the newest is dropped.
    static constexpr int kMaxInFlight = 256;

    HostSession(std::shared_ptr<HostCore> host, Loop& loop, Connection& connection, ConnectionInfo info);
    ~HostSession();
    /// Begins to wait for `hello`. [loop]
    void begin();

    // What the gateway asks (see cairn::Session). [loop]
    void receive(std::string_view message);
    void control(const Frame& frame);
    std::size_t gather(std::span<std::string_view> out);
    void written(std::size_t bytes);
    std::size_t backlog() const noexcept { return outbox_.bytes(); }
    void end(std::uint16_t code, std::string_view reason);
    /// The transport has gone.
    void gone();

    // What audiences and spaces of the same loop do. [loop]
    void push(const Frame& frame, Delivery delivery, std::uint64_t key);
    /// False when this reader is behind and has to do without.
    bool push_stream(const Frame& frame, unsigned stream);
    void set_audience_place(std::size_t place) noexcept { audience_place_ = place; }

    // What spaces and answers do, from wherever they are: carried out on this loop, in the order of the calls of one
    // thread. [any]
    Loop& loop() const noexcept { return loop_; }
    void deliver(Frame frame, Delivery delivery, std::uint64_t key);
    void deliver_state(std::uint64_t seat, Frame frame, bool more);
    void join_answered(JoinAnswer answer);
    /// The space has taken his seat away.
    void seat_ended(std::uint64_t seat);
    void end_soon(std::uint16_t code, std::string reason);
    void rename(std::shared_ptr<const PlayerIdentity> who);
    void count_refusal(Code code) noexcept;
    /// False once this wish to join has been overtaken (left, gone, another join).
    bool wants(std::uint64_t ticket) const noexcept { return ticket_.load(std::memory_order_acquire) == ticket; }
    /// A message has arrived in its space.
    void delivered_one() noexcept { in_flight_.fetch_sub(1, std::memory_order_relaxed); }

private:
    enum class Stage : std::uint8_t { connected, admitting, admitted, joining, in_space, ended };
    struct PendingJoin {
        Asker asker;
        std::string space;
        bool by_hello = false;
    };
    struct Joined {
        std::shared_ptr<HostedSpace> space;
        std::shared_ptr<const MessageTable> table;
        std::shared_ptr<Audience> audience;
        std::uint64_t seat = 0;
        std::uint32_t n = 0;
    };

    // message by message
    void route(const Envelope& envelope);
    void to_space(const Envelope& envelope);
    bool within_rates(const Envelope& envelope);
    Asker asker(const Envelope& envelope);
    void refuse(const Envelope& envelope, const Error& error);
    void on_ping(const Envelope& envelope);
    // coming and going (join_flow.cpp)
    void on_hello(const Envelope& envelope);
    void admitted(Result<services::Admission> result);
    void on_join(const Envelope& envelope);
    void on_leave(const Envelope& envelope);
    void start_join(std::string space, Asker asker, bool by_hello);
    void joined(JoinAnswer& answer);
    void join_refused(const Error& error, std::string_view trace);
    void cancel_join(std::string_view why);
    void leave_space(LeaveReason reason);
    void detach();
    void welcome(const Joined* joined, std::string_view space);
    void release_player();
    // the outbox
    void took(Outbox::Verdict verdict);
    void wake();
    void ask_for_state();
    template <class F>
    void on_loop(F job);

    const std::shared_ptr<HostCore> host_;
    Loop& loop_;
    Connection* connection_;
    const ConnectionInfo info_;
    Stage stage_ = Stage::connected;
    bool gone_ = false;

    Outbox outbox_;
    bool woken_ = false;
    bool letting_go_ = false;
    TimerId grace_timer_ = 0;
    bool more_state_ = false;  ///< the space has more of space.state and waits for room

    TimerId hello_timer_ = 0;
    FloodWatch flood_;
    TokenBucket first_messages_;  ///< until it is known whose bucket counts
    std::shared_ptr<const PlayerIdentity> who_;
    std::optional<Asker> hello_asker_;
    std::string hello_space_;

    std::atomic<std::uint64_t> ticket_{0};  ///< of the newest wish to join
    std::optional<PendingJoin> pending_;
    std::optional<Joined> joined_;
    std::size_t audience_place_ = 0;
    std::atomic<int> in_flight_{0};
};

template <class F>
void HostSession::on_loop(F job) {
    if (loop_.on_loop()) return job(*this);
    loop_.post([self = shared_from_this(), job = std::move(job)]() mutable { job(*self); });
}

/// What a gateway owns: its end is the end of the transport.
class SessionHandle final : public Session {
public:
    explicit SessionHandle(std::shared_ptr<HostSession> session) noexcept : session_(std::move(session)) {}
    ~SessionHandle() override { session_->gone(); }
    void receive(std::string_view message) override { session_->receive(message); }
    void control(const Frame& frame) override { session_->control(frame); }
    std::size_t gather(std::span<std::string_view> out) override { return session_->gather(out); }
    void written(std::size_t bytes) override { session_->written(bytes); }
    std::size_t backlog() const noexcept override { return session_->backlog(); }
    void end(std::uint16_t code, std::string_view reason) override { session_->end(code, reason); }

private:
    std::shared_ptr<HostSession> session_;
};

}  // namespace cairn::core
