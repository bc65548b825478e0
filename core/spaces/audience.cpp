#include "core/spaces/audience.hpp"

#include <utility>

#include "core/spaces/host_session.hpp"

namespace cairn::core {

std::size_t Audience::send(const Frame& frame, std::uint64_t left_out_seat) {
    std::size_t sent = 0;
    for (const Member& member : members_) {
        if (member.seat == left_out_seat) continue;
        member.session->push(frame, Delivery::must, 0);
        ++sent;
    }
    return sent;
}

std::size_t Audience::send_stream(const StreamTick& tick) {
    const std::uint64_t bit = std::uint64_t{1} << tick.stream;
    std::size_t sent = 0;
    for (Member& member : members_) {
        // Behind, but the space did not know that yet when it made this tick: his request is still on its way.
        if ((member.missed & bit) != 0 && tick.since == 0) continue;
        const bool behind = (member.missed & bit) != 0;
        const Frame& frame = behind ? tick.catch_up : tick.changed;
        if (!frame || member.session->push_stream(frame, tick.stream)) {
            // No frame at all: there is nothing (any more) that he would have to make up for.
            member.missed &= ~bit;
            if (frame) ++sent;
            continue;
        }
        ++left_out_;
        member.missed |= bit;
        ask_for(tick.stream, behind ? tick.since : tick.tick);
    }
    return sent;
}

void Audience::ask_for(unsigned stream, std::uint64_t since) noexcept {
    std::uint64_t known = missed_since_[stream].load(std::memory_order_relaxed);
    while ((known == 0 || since < known) &&
           !missed_since_[stream].compare_exchange_weak(known, since, std::memory_order_acq_rel)) {
    }
}

void Audience::missed(std::size_t place, std::uint64_t streams) {
    members_[place].missed |= streams;
    // What was thrown away may have been a catch-up that began long ago, so everything is asked for.
    for (unsigned stream = 0; stream < Outbox::kMaxStreams; ++stream)
        if (streams >> stream & 1) ask_for(stream, 1);
}

void Audience::add(HostSession& session, std::uint64_t seat) {
    session.set_audience_place(members_.size());
    members_.push_back({&session, seat, 0});
}

void Audience::remove(std::size_t place) {
    if (place + 1 != members_.size()) {
        members_[place] = members_.back();
        members_[place].session->set_audience_place(place);
    }
    members_.pop_back();
}

}  // namespace cairn::core
