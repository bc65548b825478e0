// HostedSpace: who comes, who is in, who goes.
#include <algorithm>
#include <functional>
#include <utility>

#include "core/spaces/host_core.hpp"
#include "core/spaces/hosted_space.hpp"
#include "core/spaces/state_stream.hpp"

namespace cairn::core {

Player* HostedSpace::player(std::uint32_t n) noexcept {
    return n < seats_.size() ? seats_[n].get() : nullptr;
}

Player* HostedSpace::player(std::string_view id) noexcept {
    return seat_of(id);
}

void HostedSpace::each_player(const std::function<void(Player&)>& visit) {
    for (std::size_t n = 1; n < seats_.size(); ++n)
        if (seats_[n]) visit(*seats_[n]);
}

Seat* HostedSpace::seat_at(std::uint32_t n, std::uint64_t seat) const noexcept {
    return n < seats_.size() && seats_[n] && seats_[n]->seat() == seat ? seats_[n].get() : nullptr;
}

Seat* HostedSpace::seat_of(std::string_view id) const noexcept {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

std::uint32_t HostedSpace::free_number() {
    if (seats_.empty()) seats_.emplace_back();
    if (free_numbers_.empty()) {
        seats_.emplace_back();
        return static_cast<std::uint32_t>(seats_.size() - 1);
    }
    std::pop_heap(free_numbers_.begin(), free_numbers_.end(), std::greater<>());
    const std::uint32_t n = free_numbers_.back();
    free_numbers_.pop_back();
    return n;
}

void HostedSpace::count_players(int change) {
    host_->directory.player_moved(*this, change);
    host_->players_in.fetch_add(static_cast<std::size_t>(change), std::memory_order_relaxed);
    host_->metrics.players.add(change);
    host_->metrics.users_in(spec_.id, change);
}

// ---- coming
// ----------------------------------------------------------------------------------------------------------

void HostedSpace::request_join(JoinRequest request) {
    switch (life_) {
        case Life::open:
            let_in(std::move(request));
            return;
        case Life::opening:
        case Life::loading:
            if (waiting_.size() < kMaxWaiting) {
                waiting_.push_back(std::move(request));
                return;
            }
            answer_join(request, {Error(Code::full, "too many are waiting for this space to load")
                                      .retry_after(std::chrono::milliseconds(2000)),
                                  false,
                                  {},
                                  {}});
            return;
        case Life::failed:
            answer_join(request, {*failure_, false, {}, {}});
            return;
        case Life::closed:
            answer_join(request,
                        {Error(Code::unavailable, "the space is closing").retry_after(std::chrono::milliseconds(1000)),
                         false,
                         {},
                         {}});
            return;
    }
}

void HostedSpace::answer_join(JoinRequest& request, Outcome why) {
    host_->directory.arrived(*this);
    JoinAnswer answer;
    answer.ticket = request.ticket;
    answer.refused = std::move(why.error);
    answer.trace = std::move(why.trace);
    request.session->join_answered(std::move(answer));
}

void HostedSpace::let_in(JoinRequest request) {
    if (!request.session->wants(request.ticket)) {
        host_->directory.arrived(*this);
        return;
    }
    // The same player again, from a newer connection: the older one is half open or in another window (close code
    // 4409).
    if (Seat* const before = seat_of(request.who->id)) {
        before->session()->end_soon(close_code::kReplaced, "the same player joined again from another connection");
        take_away(*before, LeaveReason::replaced);
    }
    if (by_id_.size() >= spec_.max_players) {
        answer_join(request, {Error(Code::full, "the space is full (" + std::to_string(spec_.max_players) + " players)")
                                  .retry_after(std::chrono::milliseconds(5000)),
                              false,
                              {},
                              {}});
        return;
    }
    const std::uint32_t n = free_number();
    const std::uint64_t number = host_->next_seat.fetch_add(1, std::memory_order_relaxed);
    seats_[n] = std::make_unique<Seat>(*this, number, n, request.session, request.who);
    Seat& seat = *seats_[n];
    by_id_.emplace(seat.id(), &seat);
    count_players(1);
    joining_ = &seat;
    std::optional<Outcome> refused;
    for (BehaviourSlot& slot : slots_) {
        for (std::size_t hook = 0; hook < join_hooks_.size() && !refused; ++hook)
            if (join_hooks_[hook].slot == &slot && !slot.off)
                refused = call(slot, "on_join", [&] { join_hooks_[hook].call(seat); });
        if (refused) break;
        ++seat.joined_behaviours;
    }
    joining_ = nullptr;
    if (refused) {
        take_away(seat, LeaveReason::kicked);
        return answer_join(request, std::move(*refused));
    }

    Listeners& listeners = listeners_[seat.session()->loop().index()];
    if (!listeners.audience) listeners.audience = std::make_shared<Audience>();
    ++listeners.count;
    JoinAnswer answer;
    answer.ticket = request.ticket;
    answer.space = shared_from_this();
    answer.table = table_;
    answer.audience = listeners.audience;
    answer.seat = seat.seat();
    answer.n = n;
    seat.state =
        std::make_unique<StateStream>(spec_.id, std::min(StateStream::kBytes, host_->options.outbox_bytes / 4));
    for (std::size_t i = 0; i < state_hooks_.size(); ++i) {
        StateHook& part = state_hooks_[i];
        StateSection section;
        run(*part.slot, "on_state", [&] { section = part.section(seat); });
        seat.state->add(part.name, *part.slot, std::move(section));
    }
    send_state(seat, &answer);
    answer.held = seat.admit();
    if (empty_timer_ != 0) loop_.cancel(std::exchange(empty_timer_, 0));
    host_->directory.arrived(*this);
    start_ticks();
    seat.session()->join_answered(std::move(answer));
}

void HostedSpace::send_state(Seat& seat, JoinAnswer* with_answer) {
    Frame chunk = seat.state->next(*this);
    const bool more = !seat.state->done();
    if (!more) seat.state.reset();
    if (with_answer) {
        with_answer->state = std::move(chunk);
        with_answer->more_state = more;
    } else {
        seat.session()->deliver_state(seat.seat(), std::move(chunk), more);
    }
}

void HostedSpace::continue_state(std::uint32_t n, std::uint64_t seat) {
    Seat* const found = seat_at(n, seat);
    if (found && found->state) send_state(*found, nullptr);
}

// ---- going
// -----------------------------------------------------------------------------------------------------------

void HostedSpace::leave(std::uint32_t n, std::uint64_t seat, LeaveReason reason) {
    if (Seat* const found = seat_at(n, seat)) take_away(*found, reason);
}

void HostedSpace::run_leaves(Seat& seat, LeaveReason reason) {
    seat.mute();
    // The other way round than they came; only those behaviours that had let him in (those before the one that
    // refused).
    for (std::size_t i = std::min(seat.joined_behaviours, slots_.size()); i-- > 0;) {
        for (std::size_t hook = 0; hook < leave_hooks_.size(); ++hook)
            if (leave_hooks_[hook].slot == &slots_[i])
                run(slots_[i], "on_leave", [&] { leave_hooks_[hook].call(seat, reason); });
    }
}

void HostedSpace::take_away(Seat& seat, LeaveReason reason) {
    const std::uint32_t n = seat.n();
    // He is gone before anybody hears of it, but his object lives until all have heard.
    const std::unique_ptr<Seat> gone = std::move(seats_[n]);
    by_id_.erase(gone->id());
    if (!gone->joining()) {
        --listeners_[gone->session()->loop().index()].count;
        gone->session()->seat_ended(gone->seat());
    }
    run_leaves(*gone, reason);
    free_numbers_.push_back(n);
    std::push_heap(free_numbers_.begin(), free_numbers_.end(), std::greater<>());
    count_players(-1);
    if (by_id_.empty()) watch_emptiness(host_->options.close_empty_after);
}

void HostedSpace::kick(Seat& seat, std::uint16_t code, std::string_view reason) {
    // Not now: the handler that says so still holds the Player.
    Gate::post(gate_,
               [n = seat.n(), id = seat.seat()](HostedSpace& space) { space.leave(n, id, LeaveReason::kicked); });
    seat.session()->end_soon(code, std::string(reason));
}

void HostedSpace::remember_name(PlayerRecord& record, const std::string& name) {
    host_->players.set_name(record, name);
}

void HostedSpace::remember_avatar(PlayerRecord& record, const std::string& avatar) {
    host_->players.set_avatar(record, avatar);
}

}  // namespace cairn::core
