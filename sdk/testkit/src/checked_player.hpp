#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cairn/player.hpp>
#include <cairn/space.hpp>

#include "sdk/testkit/src/ledger.hpp"

namespace cairn::testkit {

/// A player as one behaviour sees him: every call is checked, and one on a player who has left is named instead of
/// reading freed memory.
class CheckedPlayer final : public cairn::Player {
public:
    CheckedPlayer(Ledger& ledger, std::string plugin, Space& space, cairn::Player& inner);

    /// The real one. REQUIRES: he is in.
    cairn::Player& inner() const noexcept { return *inner_; }
    bool is(const cairn::Player& player) const noexcept { return inner_ == &player && id_ == player.id(); }
    /// While he is handed to a handler, he is there without being asked for (he may be on his way in or out).
    class Handed {
    public:
        explicit Handed(CheckedPlayer& player) noexcept : player_(player) { ++player_.handed_; }
        ~Handed() { --player_.handed_; }
        Handed(const Handed&) = delete;
        Handed& operator=(const Handed&) = delete;

    private:
        CheckedPlayer& player_;
    };

    const std::string& id() const noexcept override;
    std::uint32_t n() const noexcept override;
    const std::string& name() const noexcept override;
    const std::string& avatar() const noexcept override;
    const std::string& remote() const noexcept override;
    const std::string& user_agent() const noexcept override;
    bool has_role(std::string_view role) const noexcept override;
    void set_name(std::string name) override;
    void set_avatar(std::string url) override;
    void send(std::string_view type, const Document& d, Delivery delivery) override;
    void send_json(std::string_view type, std::string_view d_json, Delivery delivery) override;
    void disconnect(std::uint16_t close_code, std::string_view reason) override;
    /// Writes down a call from elsewhere or on somebody who has left; false: he has left.
    bool there(const char* call) const noexcept;

private:
    Ledger& ledger_;
    const std::string plugin_;
    Space& space_;
    cairn::Player* const inner_;
    const std::string id_;
    const std::uint32_t n_;
    const std::string nothing_;
    int handed_ = 0;
};

}  // namespace cairn::testkit
