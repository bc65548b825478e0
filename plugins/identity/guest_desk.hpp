#pragma once

#include <memory>
#include <string>

#include <cairn/clock.hpp>
#include <cairn/fields.hpp>
#include <cairn/log.hpp>
#include <cairn/services/identity.hpp>
#include <cairn/storage.hpp>

#include "plugins/identity/ticket.hpp"
#include "plugins/identity/user_row.hpp"

namespace cairn::identity {

struct Config {
    bool allow_guests = true;
    Duration resume_expires{30LL * 24 * 3600 * 1000};
};
void describe(Fields<Config>& f);

/// Admits guests: mints their ids, gives them signed resume tokens, keeps their rows in `users`.
///
/// A resume token that does not hold is no error: its bearer is a new guest, because the page of somebody who comes
/// back after two months must not stop at a refusal.
class GuestDesk final : public services::Identity {
public:
    /// `storage` may be nullptr: then nobody is remembered beyond his token. All of it outlives the desk.
    GuestDesk(const Config& config, const Key& key, const Clock& clock, Log& log, Storage* storage,
              Table<UserRow> users, const Collection& kept);

    void admit(const services::Claim& claim, Then<services::Admission> then) override;

private:
    struct Desk;
    std::shared_ptr<const Desk> desk_;
};

}  // namespace cairn::identity
