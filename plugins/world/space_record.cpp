#include "plugins/world/space_record.hpp"

#include <string>
#include <utility>

#include <cairn/error.hpp>

namespace cairn::world {
namespace {

/// How often the running time of a busy space is written; a crash loses no more than this of it.
constexpr Duration kCountEvery{60'000};

}  // namespace

SpaceRecord::SpaceRecord(Space& space, Table<SpaceRow> table, const Collection& kept)
    : space_(space), table_(table), kept_(kept) {
    space_.every(kCountEvery, [this] {
        if (!busy_) return;
        count_time();
        save();
    });
}

void SpaceRecord::load(std::function<void(Result<std::string>)> done) {
    const std::string id(space_.settings()["id"].text());
    space_.storage().load<SpaceRow>({std::string(kSelectSpace), {id, space_.id()}},
                                    [this, id, done = std::move(done)](Result<std::vector<SpaceRow>> rows) {
                                        if (!rows) return done(rows.error());
                                        if (!rows.value().empty()) {
                                            row_ = std::move(rows.value().front());
                                            loaded_ = true;
                                            apply_settings();
                                            save();
                                            return done(row_.id);
                                        }
                                        row_.id = id;
                                        row_.name = space_.id();
                                        row_.created_at = space_.clock().wall();
                                        row_.last_active_at = row_.created_at;
                                        apply_settings();
                                        Commit commit;
                                        table_.put(commit, row_);
                                        // Durable whatever the figures are: objects refer to it, and a room that
                                        // somebody was in is there after a crash.
                                        space_.storage().commit(std::move(commit),
                                                                [this, done](Result<Committed> result) {
                                                                    if (!result) return done(result.error());
                                                                    loaded_ = true;
                                                                    done(row_.id);
                                                                });
                                    });
}

void SpaceRecord::apply_settings() {
    const Document& settings = space_.settings();
    row_.updated_at = space_.clock().wall();
    row_.is_public = settings["public"].boolean_or(true);
    row_.max_users = static_cast<std::int64_t>(space_.max_players());
    if (!row_.settings.is_map()) row_.settings = Document::map();
    row_.settings.set("bounds", settings["bounds"]);
}

void SpaceRecord::visited(std::size_t players) {
    ++row_.visitor_count;
    if (!busy_ && players > 0) {
        busy_ = true;
        busy_since_ = space_.clock().steady();
    }
    save();
}

void SpaceRecord::left(std::size_t players) {
    if (players == 0 && busy_) {
        count_time();
        busy_ = false;
    }
    save();
}

/// Adds the whole seconds since the last time; what is over stays for the next.
void SpaceRecord::count_time() {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(space_.clock().steady() - busy_since_);
    row_.total_runtime_seconds += seconds.count();
    busy_since_ += seconds;
}

void SpaceRecord::save() {
    if (!loaded_) return;
    row_.last_active_at = space_.clock().wall();
    Commit commit;
    commit.of(kept_);
    table_.put(commit, row_);
    space_.storage().commit(std::move(commit));
}

}  // namespace cairn::world
