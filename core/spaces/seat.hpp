#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/player.hpp>

#include "core/spaces/host_session.hpp"

namespace cairn::core {

class HostedSpace;
class StateStream;

/// A player's place in a space. The id of a seat is never used again, so that what comes late for an earlier holder of
/// the same number finds nobody. [space]
class Seat final : public Player {
public:
    Seat(HostedSpace& space, std::uint64_t seat, std::uint32_t n, std::shared_ptr<HostSession> session,
         std::shared_ptr<const PlayerIdentity> who);
    ~Seat() override;

    const std::string& id() const noexcept override { return who_->record->id; }
    std::uint32_t n() const noexcept override { return n_; }
    const std::string& name() const noexcept override { return who_->name; }
    const std::string& avatar() const noexcept override { return who_->avatar; }
    const std::string& remote() const noexcept override { return who_->remote; }
    const std::string& user_agent() const noexcept override { return who_->user_agent; }
    bool has_role(std::string_view role) const noexcept override;
    void set_name(std::string name) override;
    void set_avatar(std::string url) override;
    void send(std::string_view type, const Document& d, Delivery delivery) override;
    void send_json(std::string_view type, std::string_view d_json, Delivery delivery) override;
    void disconnect(std::uint16_t close_code, std::string_view reason) override;

    std::uint64_t seat() const noexcept { return seat_; }
    const std::shared_ptr<HostSession>& session() const noexcept { return session_; }

    /// While he is joining, what he is sent waits until the answer to the join has gone out before it.
    bool joining() const noexcept { return joining_; }
    void hold(Frame frame);
    std::vector<Frame> admit();
    /// From now on he hears nothing more.
    void mute() noexcept { muted_ = true; }

    std::size_t joined_behaviours = 0;   ///< how many behaviours, from the first on, have let him in
    std::unique_ptr<StateStream> state;  ///< what of space.state has not been sent yet

private:
    static constexpr std::size_t kMaxHeld = 512;
    void send_frame(Frame frame, std::string_view type, Delivery delivery);

    HostedSpace& space_;
    const std::uint64_t seat_;
    const std::uint32_t n_;
    const std::shared_ptr<HostSession> session_;
    std::shared_ptr<const PlayerIdentity> who_;
    std::vector<Frame> held_;
    bool joining_ = true;
    bool muted_ = false;
};

}  // namespace cairn::core
