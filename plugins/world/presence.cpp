#include "plugins/world/presence.hpp"

#include <algorithm>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/uuid.hpp>

namespace cairn::world {

Presence::Presence(Space& space, Settings settings, Table<SessionRow> table, const Collection& kept,
                   std::function<void(bool)> changed)
    : space_(space),
      settings_(std::move(settings)),
      table_(table),
      kept_(kept),
      changed_(std::move(changed)),
      moved_(space.stream<UserMoved>("user.moved")) {
    space_.on<UserMove>("user.move", [this](Player& from, const UserMove& to) { move(from, to); })
        .limit(settings_.limits.move)
        .meaning("where he is; the others see it with the next tick as a row of `user.moved`");
    space_
        .on<UserUpdate>("user.update", [this](Player& from, const UserUpdate& change) { return update(from, change); })
        .limit(settings_.limits.edit)
        .meaning("changes what others see of him: `user.updated` to all");

    space_.on_join([this](Player& player) { join(player); });
    space_.on_leave([this](Player& player, LeaveReason reason) { leave(player, reason); });
    space_.on_state("users", [this](Player&) {
        StateSection section;
        section.count = count_;
        section.next = [this, n = std::size_t{0}](JsonWriter& out) mutable {
            for (; n < places_.size(); ++n) {
                if (!places_[n].here) continue;
                const Player* player = space_.player(static_cast<std::uint32_t>(n));
                if (!player) continue;
                write_user(out, *player, places_[n++]);
                return true;
            }
            return false;
        };
        return section;
    });
}

void Presence::join(Player& player) {
    const std::uint32_t n = player.n();
    if (places_.size() <= n) places_.resize(n + 1);
    Place& place = places_[n];
    if (!place.here) ++count_;
    place = Place{};
    place.here = true;
    place.id = player.id();
    place.session = new_uuid();
    place.since = space_.clock().wall();
    place.since_steady = space_.clock().steady();
    // Another behaviour may still refuse the join, and then nobody calls leave: the others hear of him one step later,
    // when it is sure that he is in.
    space_.post([this, n, session = place.session] { announce(n, session); });
}

void Presence::announce(std::uint32_t n, const std::string& session) {
    Place& place = places_[n];
    if (!place.here || place.session != session) return;
    const Player* player = space_.player(n);
    if (!player || player->id() != place.id) {
        place = Place{};
        --count_;
        return;
    }
    place.announced = true;
    Document user{{"n", n}, {"id", place.id}, {"name", player->name()}};
    if (!player->avatar().empty()) user.set("avatar", player->avatar());
    user.set("p", Document::list({place.p.x, place.p.y, place.p.z}));
    user.set("r", Document::list({place.r.x, place.r.y, place.r.z}));
    space_.broadcast_except(*player, "user.joined", user);
    save(session_row(*player, place));
    changed_(true);
}

void Presence::leave(Player& player, LeaveReason reason) {
    const std::uint32_t n = player.n();
    if (n >= places_.size() || !places_[n].here) return;
    const Place place = std::exchange(places_[n], Place{});
    --count_;
    moved_.forget(n);
    if (!place.announced) return;
    space_.broadcast_except(player, "user.left", {{"n", n}, {"id", place.id}, {"reason", leave_reason_name(reason)}});
    SessionRow row = session_row(player, place);
    row.is_active = false;
    row.disconnected_at = space_.clock().wall();
    row.duration_seconds =
        std::chrono::duration_cast<std::chrono::seconds>(space_.clock().steady() - place.since_steady).count();
    save(row);
    changed_(false);
}

/// The hottest handler there is (players × 10 per second): nothing here allocates.
void Presence::move(Player& from, const UserMove& to) {
    if (!inside(to.p, settings_.bounds)) {
        throw Error(Code::invalid_field, "outside of this space: each coordinate must lie between -" +
                                             Document(settings_.bounds).to_json() + " and " +
                                             Document(settings_.bounds).to_json())
            .at("d.p");
    }
    const std::uint32_t n = from.n();
    if (n >= places_.size()) return;
    Place& place = places_[n];
    place.p = to.p;
    if (to.r) place.r = *to.r;
    const UserMoved row{n, place.p.x, place.p.y, place.p.z, place.r.x, place.r.y, place.r.z, to.ts};
    moved_.set(n, place.p, row);
}

Document Presence::update(Player& from, const UserUpdate& change) {
    if (!change.name && !change.avatar)
        throw Error(Code::bad_request, "nothing to change: name `name`, `avatar` or both");
    Document event{{"n", from.n()}, {"id", from.id()}};
    if (change.name) {
        const std::size_t first = change.name->find_first_not_of(' ');
        if (first == std::string::npos) throw Error(Code::invalid_field, "a name is not only spaces").at("d.name");
        std::string name = change.name->substr(first, change.name->find_last_not_of(' ') - first + 1);
        event.set("name", name);
        from.set_name(std::move(name));
    }
    if (change.avatar) {
        event.set("avatar", *change.avatar);
        from.set_avatar(*change.avatar);
    }
    space_.broadcast("user.updated", event);
    return {};
}

void Presence::write_user(JsonWriter& out, const Player& player, const Place& place) const {
    out.begin_object().key("n").integer(player.n()).key("id").text(player.id()).key("name").text(player.name());
    if (!player.avatar().empty()) out.key("avatar").text(player.avatar());
    out.key("p").vector(place.p).key("r").vector(place.r).end_object();
}

// ---- sessions -----------------------------------------------------------------------------------------------------

SessionRow Presence::session_row(const Player& player, const Place& place) const {
    SessionRow row;
    row.id = place.session;
    row.user_id = player.id();
    row.space_id = settings_.space_id;
    row.socket_id = place.session;
    row.ip_address = player.remote();
    row.user_agent = player.user_agent();
    row.connected_at = place.since;
    row.position = place.p;
    row.rotation = place.r;
    return row;
}

void Presence::save(const SessionRow& row) {
    Commit commit;
    commit.by(row.user_id.value_or("")).of(kept_);
    table_.put(commit, row);
    space_.storage().commit(std::move(commit));
}

void Presence::close_stale(std::function<void(Result<Done>)> done) {
    space_.storage().load<SessionRow>({std::string(kSelectOpenSessions), {settings_.space_id}},
                                      [this, done = std::move(done)](Result<std::vector<SessionRow>> rows) {
                                          if (!rows) return done(rows.error());
                                          for (SessionRow& row : rows.value()) {
                                              // When he really went is not known: the crash took it along.
                                              row.is_active = false;
                                              row.disconnected_at = space_.clock().wall();
                                              row.duration_seconds =
                                                  std::max<WallTime>(0, *row.disconnected_at - row.connected_at) / 1000;
                                              save(row);
                                          }
                                          done(Done{});
                                      });
}

}  // namespace cairn::world
