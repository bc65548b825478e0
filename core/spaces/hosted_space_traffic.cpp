// HostedSpace: what is said in it, and its ticks.
#include <chrono>
#include <utility>

#include "core/spaces/host_core.hpp"
#include "core/spaces/hosted_space.hpp"
#include "core/spaces/reply_target.hpp"

namespace cairn::core {

void HostedSpace::receive(std::uint32_t n, std::uint64_t seat, std::size_t index, void* message, Asker asker) {
    Seat* const from = seat_at(n, seat);
    if (!from) return asker.refuse(Error(Code::not_ready, "you are no longer in this space"));
    Handler& handler = handlers_[index];
    if (handler.slot->off)
        return asker.refuse(Error(Code::unavailable, "this part of the space (" + handler.slot->factory->plugin +
                                                         ") has been switched off after repeated faults"));
    CallInProgress progress;
    std::optional<Outcome> outcome;
    {
        auto target = std::make_unique<ReplyTarget>(std::move(asker));
        const CallInProgress::Scope scope(progress, *target);
        outcome =
            call(*handler.slot, handler.crumb, [&] { handler.handler.call(*from, message, Reply(std::move(target))); });
    }
    progress.settle(outcome);
}

// ---- to everybody
// ----------------------------------------------------------------------------------------------------

Frame HostedSpace::numbered(std::string_view type, const Document* d, std::string_view d_json) {
    std::string& text = scratch();
    begin_event(text, type, ++last_event_);
    if (!d)
        text += d_json;
    else if (d->is_null())
        text += "{}";
    else
        d->write_json(text);
    text += '}';
    return Frame::make(text);
}

void HostedSpace::broadcast(std::string_view type, const Document& d) {
    send_all(numbered(type, &d, {}), 0);
}

void HostedSpace::broadcast_json(std::string_view type, std::string_view d_json) {
    send_all(numbered(type, nullptr, d_json), 0);
}

void HostedSpace::broadcast_except(const Player& left_out, std::string_view type, const Document& d) {
    send_all(numbered(type, &d, {}), static_cast<const Seat&>(left_out).seat());
}

void HostedSpace::send_all(Frame frame, std::uint64_t left_out_seat) {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        const Listeners& listeners = listeners_[i];
        if (listeners.count == 0) continue;
        Loop& there = host_->env.loops->at(i);
        if (&there == &loop_) {
            host_->metrics.messages_out.add(static_cast<double>(listeners.audience->send(frame, left_out_seat)));
            continue;
        }
        there.post([audience = listeners.audience, frame, left_out_seat, host = host_] {
            host->metrics.messages_out.add(static_cast<double>(audience->send(frame, left_out_seat)));
        });
    }
    // Who is just joining hears it once his join has been answered.
    if (joining_ && joining_->seat() != left_out_seat) joining_->hold(std::move(frame));
}

// ---- ticks
// -----------------------------------------------------------------------------------------------------------

void HostedSpace::start_ticks() {
    if (tick_timer_ != 0 || life_ == Life::closed || by_id_.empty()) return;
    const auto period = std::chrono::nanoseconds(std::max(spec_.tick, Duration(1)));
    const auto now = loop_.now();
    // Each space has its own place within the tick, so that they do not all send at the same moment: multiples of the
    // golden section spread any number of spaces evenly.
    const double turn = static_cast<double>(index_) * 0.6180339887498949;
    const auto place = std::chrono::nanoseconds(static_cast<std::int64_t>(
        (turn - static_cast<double>(static_cast<std::int64_t>(turn))) * static_cast<double>(period.count())));
    const auto into = (now.time_since_epoch() - place) % period;
    tick_due_ = now + (period - into);
    last_tick_ = now;
    tick_timer_ = loop_.after(std::chrono::ceil<Duration>(tick_due_ - now), [this, gate = gate_] {
        if (gate->space()) tick();
    });
}

void HostedSpace::tick() {
    tick_timer_ = 0;
    const auto period = std::chrono::nanoseconds(std::max(spec_.tick, Duration(1)));
    const auto now = loop_.now();
    if (now - tick_due_ >= period) host_->metrics.late_ticks.add();
    const auto since_last = std::chrono::round<Duration>(now - std::exchange(last_tick_, now));
    for (std::size_t i = 0; i < tick_hooks_.size(); ++i) {
        auto& hook = tick_hooks_[i];
        run(*hook.slot, "on_tick", [&] { hook.call(since_last); });
    }
    send_streams();
    // Nobody in: the next one who joins starts the ticks again.
    if (by_id_.empty()) return;
    // A late tick has run at once; those that it missed are left out.
    tick_due_ += period;
    if (tick_due_ <= now) tick_due_ = now + (period - (now - tick_due_) % period);
    tick_timer_ = loop_.after(std::chrono::ceil<Duration>(tick_due_ - now), [this, gate = gate_] {
        if (gate->space()) tick();
    });
}

void HostedSpace::send_streams() {
    ++tick_number_;
    std::vector<std::vector<StreamTick>> out(listeners_.size());
    for (unsigned stream = 0; stream < streams_.size(); ++stream) {
        RowTable& rows = *streams_[stream];
        if (by_id_.empty()) {
            rows.drop_changed(tick_number_);
            continue;
        }
        const Frame changed = rows.dirty() ? rows.take_changed(tick_number_) : Frame();
        // Readers who missed ticks get every row that changed since the first one that any of them missed. What another
        // loop asks for while this goes on is answered by the next tick.
        std::uint64_t first_missed = 0;
        std::vector<std::uint64_t> missed(listeners_.size());
        for (std::size_t i = 0; i < listeners_.size(); ++i) {
            if (listeners_[i].count == 0) continue;
            missed[i] = listeners_[i].audience->take_missed_since(stream);
            if (missed[i] != 0 && (first_missed == 0 || missed[i] < first_missed)) first_missed = missed[i];
        }
        const Frame catch_up = first_missed != 0 ? rows.changed_since(first_missed) : Frame();
        for (std::size_t i = 0; i < listeners_.size(); ++i) {
            if (listeners_[i].count == 0 || (!changed && missed[i] == 0)) continue;
            StreamTick tick;
            tick.stream = stream;
            tick.tick = tick_number_;
            tick.changed = changed;
            if (missed[i] != 0) {
                tick.catch_up = catch_up;
                tick.since = first_missed;
            }
            out[i].push_back(std::move(tick));
        }
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i].empty()) continue;
        Loop& there = host_->env.loops->at(i);
        auto deliver = [audience = listeners_[i].audience, ticks = std::move(out[i]), host = host_] {
            std::size_t sent = 0;
            const std::uint64_t before = audience->left_out();
            for (const StreamTick& tick : ticks) sent += audience->send_stream(tick);
            host->metrics.messages_out.add(static_cast<double>(sent));
            if (const std::uint64_t after = audience->left_out(); after != before)
                host->metrics.ticks_left_out.add(static_cast<double>(after - before));
        };
        if (&there == &loop_)
            deliver();
        else
            there.post(std::move(deliver));
    }
}

}  // namespace cairn::core
