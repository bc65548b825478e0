#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <cairn/plugin.hpp>
#include <cairn/space.hpp>

#include "core/plugins/call_fence.hpp"
#include "core/spaces/audience.hpp"
#include "core/spaces/behaviour_slot.hpp"
#include "core/spaces/gate.hpp"
#include "core/spaces/host_session.hpp"
#include "core/spaces/message_table.hpp"
#include "core/spaces/row_table.hpp"
#include "core/spaces/seat.hpp"
#include "core/spaces/space_storage.hpp"
#include "core/spaces/space_timers.hpp"

namespace cairn::core {

struct HostCore;

/// Somebody's wish to be let in.
struct JoinRequest {
    std::shared_ptr<HostSession> session;
    std::shared_ptr<const PlayerIdentity> who;
    std::uint64_t ticket = 0;
};

/// One open space: its behaviours, players and messages, all on the strand of one loop. Everything [space] except what
/// is said otherwise. Life: opening (behaviours are made) → loading (holds) → open or failed → closed.
class HostedSpace final : public Space, public std::enable_shared_from_this<HostedSpace> {
public:
    static constexpr std::size_t kMaxWaiting = 10000;  ///< joins while it loads
    static constexpr Duration kFailedFor{2000};        ///< how long a failed space refuses before it may be opened anew

    /// `index` spreads the spaces over the tick; events are numbered from `last_event` + 1 on. [any]
    HostedSpace(std::shared_ptr<HostCore> host, SpaceSettings settings, Loop& loop, std::size_t index,
                std::uint64_t last_event);
    ~HostedSpace() override;

    // for the directory and for sessions
    Loop& loop() const noexcept { return loop_; }                ///< [any]
    bool permanent() const noexcept { return spec_.permanent; }  ///< [any]
    void open();
    void request_join(JoinRequest request);
    void leave(std::uint32_t n, std::uint64_t seat, LeaveReason reason);
    /// A decoded message of the player with this seat. `message` may be moved from.
    void receive(std::uint32_t n, std::uint64_t seat, std::size_t index, void* message, Asker asker);
    /// The reader has room for more of space.state.
    void continue_state(std::uint32_t n, std::uint64_t seat);
    void told(const std::string& topic, const Document& message);
    /// Everybody leaves, everything ends. Afterwards only an empty shell remains, for those who still point at it.
    void close();

    // for seats, timers, streams
    void kick(Seat& seat, std::uint16_t code, std::string_view reason);
    void remember_name(PlayerRecord& record, const std::string& name);
    void remember_avatar(PlayerRecord& record, const std::string& avatar);
    /// A text buffer for one frame at a time.
    std::string& scratch() noexcept {
        scratch_.clear();
        return scratch_;
    }
    const std::shared_ptr<Gate>& gate() const noexcept { return gate_; }
    /// The behaviour whose code runs now; nullptr: none.
    BehaviourSlot* current() const noexcept { return current_; }
    /// Calls into a behaviour: fence, breadcrumb, faults. Nothing is returned when the call returned.
    template <class F>
    std::optional<Outcome> call(BehaviourSlot& slot, const char* handler, F&& f) {
        BehaviourSlot* const before = std::exchange(current_, &slot);
        std::optional<Outcome> outcome = fenced(CallSite{slot.plugin, crumb_, handler}, std::forward<F>(f));
        current_ = before;
        if (outcome && outcome->fault) note_fault(slot, handler, outcome->what);
        return outcome;
    }
    /// As call(), for what nobody waits for an answer of: a refusal is a fault there, and nothing runs once it is off.
    template <class F>
    void run(BehaviourSlot& slot, const char* handler, F&& f) {
        if (slot.off) return;
        const std::optional<Outcome> outcome = call(slot, handler, std::forward<F>(f));
        if (outcome && !outcome->fault) note_unheard(slot, handler, outcome->error);
    }
    /// A completion that comes back to this strand, under the behaviour that asks now, and is dropped when either has
    /// gone.
    template <class T>
    Then<T> gated(const char* what, Then<T> then);

    // Space
    const std::string& id() const noexcept override { return spec_.id; }
    const Document& settings() const noexcept override { return spec_.settings; }
    std::size_t max_players() const noexcept override { return spec_.max_players; }
    std::size_t player_count() const noexcept override { return by_id_.size(); }
    Player* player(std::uint32_t n) noexcept override;
    Player* player(std::string_view id) noexcept override;
    void each_player(const std::function<void(Player&)>& visit) override;
    void on_join(std::function<void(Player&)> handler) override;
    void on_leave(std::function<void(Player&, LeaveReason)> handler) override;
    void on_tick(std::function<void(Duration)> handler) override;
    void on_state(std::string name, std::function<StateSection(Player&)> section) override;
    void broadcast(std::string_view type, const Document& d) override;
    void broadcast_json(std::string_view type, std::string_view d_json) override;
    void broadcast_except(const Player& left_out, std::string_view type, const Document& d) override;
    TimerId after(Duration delay, std::function<void()> job) override;
    TimerId every(Duration period, std::function<void()> job) override;
    void cancel(TimerId timer) noexcept override;
    std::shared_ptr<Hold> hold(std::string_view what) override;
    void post(std::function<void()> job) override;
    void tell(std::string_view space, std::string_view topic, Document message) override;
    void on_tell(std::string topic, std::function<void(const Document&)> handler) override;
    Storage& storage() noexcept override { return storage_; }
    Background& background() noexcept override { return background_; }
    Log& log() noexcept override;
    const Clock& clock() const noexcept override;

protected:
    MessageOptions& on_message(std::string type, MessageHandler handler) override;
    RowStream& row_stream(std::string type, const StructType& row) override;

private:
    enum class Life : std::uint8_t { opening, loading, open, failed, closed };
    template <class F>
    struct Hook {
        BehaviourSlot* slot = nullptr;
        std::function<F> call;
    };
    struct Handler {
        BehaviourSlot* slot = nullptr;
        MessageHandler handler;
        const char* crumb = nullptr;
        std::unique_ptr<MessageOptions> options;
    };
    struct StateHook {
        BehaviourSlot* slot = nullptr;
        std::string name;
        std::function<StateSection(Player&)> section;
    };
    class HoldTicket;

    // life (hosted_space.cpp)
    BehaviourSlot& owner(const char* what) const;
    void note_fault(BehaviourSlot& slot, const char* handler, const std::string& what);
    void note_unheard(BehaviourSlot& slot, const char* handler, const Error& error);
    void hold_released(std::uint64_t hold);
    void hold_failed(std::uint64_t hold, const Error& why);
    void loaded_if_free();
    std::string awaited() const;
    void watch_emptiness(Duration delay);
    // players (hosted_space_players.cpp)
    Seat* seat_at(std::uint32_t n, std::uint64_t seat) const noexcept;
    Seat* seat_of(std::string_view id) const noexcept;
    std::uint32_t free_number();
    void let_in(JoinRequest request);
    void answer_join(JoinRequest& request, Outcome why);
    void run_leaves(Seat& seat, LeaveReason reason);
    void take_away(Seat& seat, LeaveReason reason);
    void send_state(Seat& seat, JoinAnswer* with_answer);
    void count_players(int change);
    // traffic (hosted_space_traffic.cpp)
    void send_all(Frame frame, std::uint64_t left_out_seat);
    Frame numbered(std::string_view type, const Document* d, std::string_view d_json);
    void start_ticks();
    void tick();
    void send_streams();

    const std::shared_ptr<HostCore> host_;
    const SpaceSettings spec_;
    Loop& loop_;
    const std::size_t index_;
    const char* const crumb_;
    Life life_ = Life::opening;
    std::shared_ptr<Gate> gate_;
    SpaceStorage storage_;
    SpaceBackground background_;
    SpaceTimers timers_;

    std::vector<BehaviourSlot> slots_;  ///< in the order of the plugins; never moves once open() has begun
    BehaviourSlot* current_ = nullptr;
    std::shared_ptr<MessageTable> table_;  ///< unchanging once open
    std::vector<Handler> handlers_;        ///< by the table's index
    // Deques: a hook may add another one while it runs.
    std::deque<Hook<void(Player&)>> join_hooks_;
    std::deque<Hook<void(Player&, LeaveReason)>> leave_hooks_;
    std::deque<Hook<void(Duration)>> tick_hooks_;
    std::deque<StateHook> state_hooks_;
    std::deque<std::pair<std::string, Hook<void(const Document&)>>> tell_hooks_;
    std::vector<std::unique_ptr<RowTable>> streams_;

    std::map<std::uint64_t, std::string> holds_;
    std::uint64_t next_hold_ = 1;
    std::optional<Error> failure_;
    std::deque<JoinRequest> waiting_;
    TimerId empty_timer_ = 0;

    std::vector<std::unique_ptr<Seat>> seats_;           ///< by number; [0] stays empty
    std::unordered_map<std::string_view, Seat*> by_id_;  ///< keys live in the players' records
    std::vector<std::uint32_t> free_numbers_;            ///< a heap, smallest first
    Seat* joining_ = nullptr;

    struct Listeners {
        std::shared_ptr<Audience> audience;  ///< made when the first one joins
        std::size_t count = 0;               ///< seats of this space with connections there
    };
    std::vector<Listeners> listeners_;  ///< by loop
    std::uint64_t last_event_;
    std::string scratch_;

    TimerId tick_timer_ = 0;
    std::uint64_t tick_number_ = 0;
    std::chrono::steady_clock::time_point tick_due_{};
    std::chrono::steady_clock::time_point last_tick_{};
};

template <class T>
Then<T> HostedSpace::gated(const char* what, Then<T> then) {
    if (!then) return {};
    auto waiting = std::make_shared<Then<T>>(std::move(then));
    return [gate = gate_, slot = current_, what, waiting = std::move(waiting)](Result<T> result) {
        gate->loop().post([gate, slot, what, waiting, result = std::move(result)]() mutable {
            // Taken out here, so that what it captured also ends on the strand.
            const Then<T> taken = std::move(*waiting);
            HostedSpace* const space = gate->space();
            if (!space) return;
            if (!slot) {
                taken(std::move(result));
                return;
            }
            space->run(*slot, what, [&] { taken(std::move(result)); });
        });
    };
}

}  // namespace cairn::core
