#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/space.hpp>

#include "sdk/testkit/src/checked_player.hpp"
#include "sdk/testkit/src/ledger.hpp"

namespace cairn::testkit {

/// A space as one behaviour sees it: every call is checked against its tag, every call back is marked and measured.
class CheckedSpace final : public Space, public std::enable_shared_from_this<CheckedSpace> {
public:
    CheckedSpace(Ledger& ledger, std::string plugin, Space& inner);
    ~CheckedSpace() override;

    /// Makes a behaviour over a checked space, which goes away with it.
    static std::unique_ptr<Behaviour> dress(Ledger& ledger, const std::string& plugin, Space& inner,
                                            const std::function<std::unique_ptr<Behaviour>(Space&)>& make);

    const std::string& id() const noexcept override { return inner_.id(); }
    const Document& settings() const noexcept override { return inner_.settings(); }
    std::size_t max_players() const noexcept override { return inner_.max_players(); }
    std::size_t player_count() const noexcept override;
    cairn::Player* player(std::uint32_t n) noexcept override;
    cairn::Player* player(std::string_view id) noexcept override;
    void each_player(const std::function<void(cairn::Player&)>& visit) override;
    void on_join(std::function<void(cairn::Player&)> handler) override;
    void on_leave(std::function<void(cairn::Player&, LeaveReason)> handler) override;
    void on_tick(std::function<void(Duration)> handler) override;
    void on_state(std::string name, std::function<StateSection(cairn::Player&)> section) override;
    void broadcast(std::string_view type, const Document& d) override;
    void broadcast_json(std::string_view type, std::string_view d_json) override;
    void broadcast_except(const cairn::Player& left_out, std::string_view type, const Document& d) override;
    TimerId after(Duration delay, std::function<void()> job) override;
    TimerId every(Duration period, std::function<void()> job) override;
    void cancel(TimerId timer) noexcept override;
    std::shared_ptr<Hold> hold(std::string_view what) override;
    void post(std::function<void()> job) override;
    void tell(std::string_view space, std::string_view topic, Document message) override;
    void on_tell(std::string topic, std::function<void(const Document&)> handler) override;
    Storage& storage() noexcept override;
    Background& background() noexcept override;
    Log& log() noexcept override;
    const Clock& clock() const noexcept override { return inner_.clock(); }

protected:
    MessageOptions& on_message(std::string type, MessageHandler handler) override;
    RowStream& row_stream(std::string type, const StructType& row) override;

private:
    class CheckedStorage;
    class CheckedBackground;
    class CheckedStream;
    class CheckedReply;

    void need(const char* call) const;
    Place place(std::string_view handler) const noexcept;
    CheckedPlayer& checked(cairn::Player& player);
    /// Runs code of the behaviour that nobody waits for an answer of.
    template <class F>
    void run(std::string_view handler, F&& f) {
        call_plugin(ledger_, place(handler), false, std::forward<F>(f));
    }
    std::function<void()> wrap(const char* handler, std::function<void()> job);
    template <class T>
    Then<T> wrap_then(const char* handler, Then<T> then);

    Ledger& ledger_;
    const std::string plugin_;
    Space& inner_;
    std::unique_ptr<CheckedStorage> storage_;
    std::unique_ptr<CheckedBackground> background_;
    std::vector<std::unique_ptr<CheckedStream>> streams_;
    std::map<std::uint32_t, std::unique_ptr<CheckedPlayer>> players_;
    std::vector<std::unique_ptr<CheckedPlayer>> gone_;  ///< kept, so that a reference to one can be named
};

}  // namespace cairn::testkit
