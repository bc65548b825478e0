#include "plugins/identity/guest_desk.hpp"

#include <cairn/error.hpp>
#include <cairn/uuid.hpp>

#include "plugins/identity/guest_names.hpp"

namespace cairn::identity {

void describe(Fields<Config>& f) {
    f(&Config::allow_guests, "allow_guests", "new guests may come in; false: only those who were here before");
    f(&Config::resume_expires, "resume_expires",
      "how long after his last visit a guest is still recognised by his browser")
        .between(Duration(60'000), Duration(400LL * 24 * 3600 * 1000))
        .example("30d");
}

/// Shared with the completions of reads that are still running when the plugin stops.
struct GuestDesk::Desk {
    Desk(const Config& c, const Key& key, const Clock& k, Log& l, Storage* s, Table<UserRow> u, const Collection& q)
        : config(c), signer(key), clock(k), log(l), storage(s), users(u), kept(q) {}

    services::Admission admission(const UserRow& user, bool known) const {
        services::Admission admitted;
        admitted.id = user.id;
        admitted.name = user.display_name.value_or(guest_name(user.id));
        admitted.avatar = user.avatar_url.value_or("");
        admitted.resume = signer.seal({user.id, admitted.name, clock.wall()});
        if (user.is_admin) admitted.roles.emplace_back("admin");
        admitted.known = known;
        return admitted;
    }

    /// Usually coalesced: who was seen when may be lost for the last moments before a crash; the token holds all the
    /// same.
    void save(const UserRow& user) const {
        if (!storage) return;
        Commit commit;
        commit.by(user.id).of(kept);
        users.put(commit, user);
        storage->commit(std::move(commit), [&log = log](Result<Committed> done) {
            if (!done) log.warning("a guest could not be saved", {{"why", done.error().what()}});
        });
    }

    UserRow new_row(std::string id, std::string name, WallTime created) const {
        UserRow user;
        user.username = "guest-" + id.substr(0, 8) + id.substr(9, 4);
        user.id = std::move(id);
        user.display_name = std::move(name);
        user.created_at = created;
        user.last_seen_at = clock.wall();
        user.preferences = Document::map();
        user.stats = {{"objects_created", 0}, {"messages_sent", 0}, {"screens_shared", 0}, {"models_uploaded", 0}};
        user.auth_provider = "guest";
        return user;
    }

    const Config config;
    const TicketSigner signer;
    const Clock& clock;
    Log& log;
    Storage* const storage;
    const Table<UserRow> users;
    const Collection& kept;
};

GuestDesk::GuestDesk(const Config& config, const Key& key, const Clock& clock, Log& log, Storage* storage,
                     Table<UserRow> users, const Collection& kept)
    : desk_(std::make_shared<const Desk>(config, key, clock, log, storage, users, kept)) {}

void GuestDesk::admit(const services::Claim& claim, Then<services::Admission> then) {
    if (!claim.token.empty()) {
        then(Error(Code::unauthenticated,
                   "this server has no accounts: leave `token` out of hello and come in as a guest")
                 .at("d.token"));
        return;
    }
    std::optional<std::string> wished = acceptable_name(claim.name);
    const auto ticket = desk_->signer.open(claim.resume, desk_->clock.wall(), desk_->config.resume_expires);
    if (!ticket) {
        if (!desk_->config.allow_guests) {
            then(Error(Code::forbidden, "this server takes no new guests; ask its owner to let you in"));
            return;
        }
        std::string id = new_uuid();
        std::string name = wished ? std::move(*wished) : guest_name(id);
        const UserRow user = desk_->new_row(std::move(id), std::move(name), desk_->clock.wall());
        desk_->save(user);
        then(desk_->admission(user, false));
        return;
    }

    const auto known = [desk = desk_, ticket = *ticket, wished = std::move(wished)](const UserRow* saved) {
        UserRow user = saved ? *saved : desk->new_row(ticket.id, ticket.name, ticket.issued);
        if (wished) user.display_name = wished;
        user.last_seen_at = desk->clock.wall();
        return user;
    };
    if (!desk_->storage) {
        then(desk_->admission(known(nullptr), true));
        return;
    }
    // The whole row is written, so what others keep in it must be read first; and a ban stands there too.
    desk_->storage->load<UserRow>(
        {std::string(kSelectUser), {ticket->id}},
        [desk = desk_, known, then = std::move(then)](Result<std::vector<UserRow>> rows) {
            if (!rows) {
                // Without the database nobody can be written, banned or given a role, but he is who he was.
                desk->log.warning("a guest is admitted without his row", {{"why", rows.error().what()}});
                then(desk->admission(known(nullptr), true));
                return;
            }
            const UserRow user = known(rows.value().empty() ? nullptr : &rows.value().front());
            if (!user.is_active) {
                then(Error(Code::forbidden, "you have been banned from this server"));
                return;
            }
            desk->save(user);
            then(desk->admission(user, true));
        });
}

}  // namespace cairn::identity
