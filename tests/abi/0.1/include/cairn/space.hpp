#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <cairn/clock.hpp>
#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/export.hpp>
#include <cairn/fields.hpp>
#include <cairn/frame.hpp>
#include <cairn/json.hpp>
#include <cairn/log.hpp>
#include <cairn/loop.hpp>
#include <cairn/player.hpp>
#include <cairn/storage.hpp>
#include <cairn/task.hpp>

namespace cairn {

/// What a plugin adds to a space: one object per space, made when the space opens, destroyed when it closes.
/// Everything it registers on the space goes away with the space. No locks, no threads: see Space.
class CAIRN_API Behaviour {
public:
    virtual ~Behaviour();
};

/// The answer to one request. Answer exactly once, now or later (from a completion of the same space). A Reply that
/// goes away unanswered answers `internal`. Answers to requests without an id are dropped, refusals are still told.
class CAIRN_API Reply {
public:
    struct Target {
        virtual ~Target();
        virtual void ok(std::string_view d_json) = 0;
        virtual void refuse(const Error& error) = 0;
    };
    Reply() noexcept = default;
    explicit Reply(std::unique_ptr<Target> target) noexcept : target_(std::move(target)) {}
    Reply(Reply&&) noexcept = default;
    Reply& operator=(Reply&&) noexcept = default;
    ~Reply();

    void ok(const Document& d = {});
    void ok_json(std::string_view d_json);
    void refuse(const Error& error);
    bool answered() const noexcept { return !target_; }

private:
    std::unique_ptr<Target> target_;
};

/// A Reply that can be captured by a std::function (a completion).
using SharedReply = std::shared_ptr<Reply>;

/// Refines a message that was just registered. All calls [space], right after `on`.
class CAIRN_API MessageOptions {
public:
    virtual ~MessageOptions();
    /// At most this often per player, counted over all his connections; more answers `rate_limited`.
    virtual MessageOptions& limit(Rate rate) = 0;
    /// What it does, for GET /api/protocol.
    virtual MessageOptions& meaning(std::string text) = 0;
};

/// The type-erased handler behind Space::on. One per message type and space.
struct MessageHandler {
    const StructType* type = nullptr;
    /// Called on the space's strand. `message` may be moved from.
    std::function<void(Player& from, void* message, Reply reply)> call;
};

/// One part of `space.state`, written item by item so that a large space streams in chunks.
struct StateSection {
    std::size_t count = 0;  ///< how many items there are now
    /// Writes the next item (one JSON value) and returns true, or returns false at the end. Called on the strand, many
    /// times, with other events in between; items that have gone may be left out.
    std::function<bool(JsonWriter& out)> next;
};

/// Rows that replace each other: positions. Rows set during a tick are sent once, together, in one frame per tick.
template <class Row>
class Stream;

/// The type-erased side of Stream.
class CAIRN_API RowStream {
public:
    virtual ~RowStream();
    /// Replaces the row of `key`; `at` is where it happens (for interest). [space]
    virtual void set(std::uint64_t key, const Vec3& at, const void* row) = 0;
    /// Forgets a row that has not been sent yet. [space]
    virtual void forget(std::uint64_t key) = 0;
};

enum class LeaveReason : std::uint8_t { left, disconnected, replaced, kicked, closing };
CAIRN_API std::string_view leave_reason_name(LeaveReason reason) noexcept;

/// A room, a map, a shard zone. Everything of one space happens one after the other (a strand): handlers, ticks,
/// timers, completions. So behaviours need no locks. All calls [space] unless marked otherwise.
class CAIRN_API Space {
public:
    virtual ~Space();

    /// The name that clients use, for example "main". [any]
    virtual const std::string& id() const noexcept = 0;
    /// Settings given by whoever knows the space (the world plugin: bounds, public, …). [any]
    virtual const Document& settings() const noexcept = 0;
    virtual std::size_t max_players() const noexcept = 0;

    virtual std::size_t player_count() const noexcept = 0;
    /// The player with this number or id, or nullptr.
    virtual Player* player(std::uint32_t n) noexcept = 0;
    virtual Player* player(std::string_view id) noexcept = 0;
    virtual void each_player(const std::function<void(Player&)>& visit) = 0;

    /// Handles messages of `type`. `handler` is one of
    ///     (Player& from, const T& message)                 answered ok by itself
    ///     (Player& from, const T& message) -> Document     answered with that
    ///     (Player& from, const T& message, Reply reply)    answered when you say so
    /// Throwing Error refuses with its code and field. REQUIRES: called from the behaviour's constructor.
    template <class T, class Handler>
    MessageOptions& on(std::string type, Handler handler) {
        static_assert(std::is_invocable_v<Handler, Player&, const T&> || std::is_invocable_v<Handler, Player&, const T&, Reply>,
                      "a handler takes (cairn::Player& from, const T& message) and, if it answers later, a cairn::Reply");
        MessageHandler erased;
        erased.type = &struct_type<T>();
        erased.call = [handler = std::move(handler)](Player& from, void* message, Reply reply) mutable {
            const T& typed = *static_cast<const T*>(message);
            if constexpr (std::is_invocable_v<Handler, Player&, const T&, Reply>) {
                handler(from, typed, std::move(reply));
            } else if constexpr (std::is_void_v<std::invoke_result_t<Handler, Player&, const T&>>) {
                handler(from, typed);
                reply.ok();
            } else {
                reply.ok(handler(from, typed));
            }
        };
        return on_message(std::move(type), std::move(erased));
    }

    /// Joining may be refused by throwing Error. Behaviours are asked in the order of their plugins; a behaviour's
    /// `on_leave` is called if and only if its own `on_join` returned, so those behind the one that refuses hear nothing.
    virtual void on_join(std::function<void(Player& player)> handler) = 0;
    virtual void on_leave(std::function<void(Player& player, LeaveReason reason)> handler) = 0;
    /// Called once per tick (20 Hz unless configured), before the streams are sent.
    virtual void on_tick(std::function<void(Duration since_last)> handler) = 0;
    /// Contributes `name` to `space.state` of each who joins.
    virtual void on_state(std::string name, std::function<StateSection(Player& joining)> section) = 0;

    /// An event to everybody: numbered, replayed on resume, encoded once.
    virtual void broadcast(std::string_view type, const Document& d) = 0;
    virtual void broadcast_json(std::string_view type, std::string_view d_json) = 0;
    /// To everybody but one.
    virtual void broadcast_except(const Player& left_out, std::string_view type, const Document& d) = 0;

    /// A stream of rows under one event type: `{"t": type, "d": [[…], …]}` once per tick, rows written as arrays.
    template <class Row>
    Stream<Row> stream(std::string type);

    /// Timers of this space; they end with it.
    virtual TimerId after(Duration delay, std::function<void()> job) = 0;
    virtual TimerId every(Duration period, std::function<void()> job) = 0;
    virtual void cancel(TimerId timer) noexcept = 0;

    /// Joins wait until every hold has gone: take one in the constructor while you load. Released by destruction; a
    /// failed load calls `fail` and the space refuses joins with that error until it is opened anew.
    class CAIRN_API Hold {
    public:
        virtual ~Hold();
        virtual void fail(const Error& why) = 0;
    };
    virtual std::shared_ptr<Hold> hold(std::string_view what) = 0;

    /// Runs `job` on this space's strand; dropped when the space has closed. [any]
    virtual void post(std::function<void()> job) = 0;
    /// A message to another space's strand, for its `on_tell` handlers; dropped when there is no such space. [space]
    virtual void tell(std::string_view space, std::string_view topic, Document message) = 0;
    virtual void on_tell(std::string topic, std::function<void(const Document& message)> handler) = 0;

    virtual Storage& storage() noexcept = 0;
    virtual Background& background() noexcept = 0;
    virtual Log& log() noexcept = 0;
    virtual const Clock& clock() const noexcept = 0;

protected:
    virtual MessageOptions& on_message(std::string type, MessageHandler handler) = 0;
    virtual RowStream& row_stream(std::string type, const StructType& row) = 0;
};

template <class Row>
class Stream {
public:
    Stream() = default;
    explicit Stream(RowStream& rows) noexcept : rows_(&rows) {}
    void set(std::uint64_t key, const Vec3& at, const Row& row) { rows_->set(key, at, &row); }
    void forget(std::uint64_t key) { rows_->forget(key); }

private:
    RowStream* rows_ = nullptr;
};

template <class Row>
Stream<Row> Space::stream(std::string type) {
    return Stream<Row>(row_stream(std::move(type), struct_type<Row>()));
}

}  // namespace cairn
