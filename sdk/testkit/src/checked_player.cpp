#include "sdk/testkit/src/checked_player.hpp"

#include <utility>

namespace cairn::testkit {

CheckedPlayer::CheckedPlayer(Ledger& ledger, std::string plugin, Space& space, cairn::Player& inner)
    : ledger_(ledger), plugin_(std::move(plugin)), space_(space), inner_(&inner), id_(inner.id()), n_(inner.n()) {}

bool CheckedPlayer::there(const char* call) const noexcept {
    try {
        ledger_.need_space(plugin_, call, &space_, space_.id());
        if (handed_ > 0) return true;
        cairn::Player* const now = space_.player(n_);
        if (now == inner_ && now->id() == id_) return true;
        ledger_.violation("plugin " + plugin_ + " called " + call + " on player \"" + id_ +
                          "\", who is not in the space any more. A Player& is valid inside the handler that got it: keep "
                          "player.id() and ask Space::player(id) again.");
    } catch (...) {
        // Out of memory: nothing is written down.
    }
    return false;
}

const std::string& CheckedPlayer::id() const noexcept {
    return there("Player::id") ? inner_->id() : id_;
}
std::uint32_t CheckedPlayer::n() const noexcept {
    return there("Player::n") ? inner_->n() : n_;
}
const std::string& CheckedPlayer::name() const noexcept {
    return there("Player::name") ? inner_->name() : nothing_;
}
const std::string& CheckedPlayer::avatar() const noexcept {
    return there("Player::avatar") ? inner_->avatar() : nothing_;
}
const std::string& CheckedPlayer::remote() const noexcept {
    return there("Player::remote") ? inner_->remote() : nothing_;
}
const std::string& CheckedPlayer::user_agent() const noexcept {
    return there("Player::user_agent") ? inner_->user_agent() : nothing_;
}
bool CheckedPlayer::has_role(std::string_view role) const noexcept {
    return there("Player::has_role") && inner_->has_role(role);
}
void CheckedPlayer::set_name(std::string name) {
    if (there("Player::set_name")) inner_->set_name(std::move(name));
}
void CheckedPlayer::set_avatar(std::string url) {
    if (there("Player::set_avatar")) inner_->set_avatar(std::move(url));
}
void CheckedPlayer::send(std::string_view type, const Document& d, Delivery delivery) {
    if (there("Player::send")) inner_->send(type, d, delivery);
}
void CheckedPlayer::send_json(std::string_view type, std::string_view d_json, Delivery delivery) {
    if (there("Player::send_json")) inner_->send_json(type, d_json, delivery);
}
void CheckedPlayer::disconnect(std::uint16_t close_code, std::string_view reason) {
    if (there("Player::disconnect")) inner_->disconnect(close_code, reason);
}

}  // namespace cairn::testkit
