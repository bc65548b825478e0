#include "core/spaces/seat.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/spaces/hosted_space.hpp"
#include "core/spaces/state_stream.hpp"

namespace cairn::core {

Seat::Seat(HostedSpace& space, std::uint64_t seat, std::uint32_t n, std::shared_ptr<HostSession> session,
           std::shared_ptr<const PlayerIdentity> who)
    : space_(space), seat_(seat), n_(n), session_(std::move(session)), who_(std::move(who)) {}

Seat::~Seat() = default;

bool Seat::has_role(std::string_view role) const noexcept {
    return std::find(who_->roles.begin(), who_->roles.end(), role) != who_->roles.end();
}

void Seat::set_name(std::string name) {
    auto changed = std::make_shared<PlayerIdentity>(*who_);
    changed->name = std::move(name);
    space_.remember_name(*changed->record, changed->name);
    who_ = std::move(changed);
    session_->rename(who_);
}

void Seat::set_avatar(std::string url) {
    auto changed = std::make_shared<PlayerIdentity>(*who_);
    changed->avatar = std::move(url);
    space_.remember_avatar(*changed->record, changed->avatar);
    who_ = std::move(changed);
    session_->rename(who_);
}

void Seat::send(std::string_view type, const Document& d, Delivery delivery) {
    if (muted_) return;
    std::string& text = space_.scratch();
    begin_event(text, type, 0);
    if (d.is_null())
        text += "{}";
    else
        d.write_json(text);
    text += '}';
    send_frame(Frame::make(text), type, delivery);
}

void Seat::send_json(std::string_view type, std::string_view d_json, Delivery delivery) {
    if (muted_) return;
    std::string& text = space_.scratch();
    begin_event(text, type, 0);
    text += d_json;
    text += '}';
    send_frame(Frame::make(text), type, delivery);
}

void Seat::send_frame(Frame frame, std::string_view type, Delivery delivery) {
    if (joining_) return hold(std::move(frame));
    // Newer ones of the same type replace each other; 0 would mean "no key".
    const std::uint64_t key = delivery == Delivery::latest ? std::hash<std::string_view>{}(type) | 1 : 0;
    session_->deliver(std::move(frame), delivery, key);
}

void Seat::hold(Frame frame) {
    if (held_.size() < kMaxHeld) held_.push_back(std::move(frame));
}

std::vector<Frame> Seat::admit() {
    joining_ = false;
    return std::move(held_);
}

void Seat::disconnect(std::uint16_t close_code, std::string_view reason) {
    space_.kick(*this, close_code, reason);
}

}  // namespace cairn::core
