// Scene: how what was asked reaches the disk, and how it comes back when it does not.
#include <algorithm>
#include <utility>

#include "plugins/world/scene.hpp"

namespace cairn::world {
namespace {

/// Deletions remembered for those who ask again.
constexpr std::size_t kRememberDeleted = 1024;
constexpr Duration kWriteAgainAfter{1000};

/// The time of a change. Never that of the creation, so that a restart can tell a row that somebody has changed within
/// the first millisecond from one that nobody has (Scene::same_creation).
WallTime later_than_created(const Object& object, WallTime now) noexcept {
    return std::max(now, object.created_at + 1);
}

}  // namespace

// ---- places: in memory at once, on disk coalesced -----------------------------------------------------------------

void Scene::place(Object& object, const std::optional<Vec3>& p, const std::optional<Vec3>& r,
                  const std::optional<Vec3>& s, Player& by, std::int64_t ts) {
    durable_.try_emplace(object.number, object.at);
    if (const auto flight = pending_.find(object.number); flight != pending_.end()) {
        flight->second.moved |= static_cast<std::uint8_t>((p ? kMovedP : 0) | (r ? kMovedR : 0) | (s ? kMovedS : 0));
    }
    if (p) object.at.p = *p;
    if (r) object.at.r = *r;
    if (s) object.at.s = *s;
    ++object.version;
    object.updated_by = actors_.number(by.id());
    object.updated_at = later_than_created(object, space_.clock().wall());
    show(object, by.n(), ts);
}

void Scene::show(const Object& object, std::uint32_t n, std::int64_t ts) {
    moved_.set(object.number, object.at.p, {object.id, object.at.p, object.at.r, object.at.s, n, ts});
}

void Scene::mark_dirty(Object& object) {
    if (object.dirty || kept_.positions->durability == Durability::transient) return;
    object.dirty = true;
    dirty_.push_back(object.number);
}

void Scene::write_places() {
    if (dirty_.empty() || space_.clock().steady() < write_not_before_) return;
    struct Written {
        std::uint32_t number;
        std::uint32_t version;
        Transform at;
    };
    auto written = std::make_shared<std::vector<Written>>();
    std::vector<std::uint32_t> later;
    Commit commit;
    commit.of(*kept_.positions);
    for (const std::uint32_t number : dirty_) {
        Object* object = objects_.find(number);
        if (!object || !object->dirty) continue;
        if (pending_.contains(number)) {
            later.push_back(number);  // written over by what is on its way, or with it
            continue;
        }
        object->dirty = false;
        table_.put(commit, object->to_row(settings_.space_id, actors_));
        written->push_back({number, object->version, object->at});
    }
    dirty_ = std::move(later);
    if (commit.empty()) return;
    space_.storage().commit(std::move(commit), [this, written](Result<Committed> result) {
        if (result) {
            for (const Written& one : *written) settled(one.number, one.version, one.at);
            return;
        }
        space_.log().warning("places of objects are not saved at the moment; they will be, as soon as that works",
                             {{"objects", written->size()}, {"why", result.error().what()}});
        had_failure_ = true;
        write_not_before_ = space_.clock().steady() + kWriteAgainAfter;
        for (const Written& one : *written) {
            if (Object* object = objects_.find(one.number)) mark_dirty(*object);
        }
    });
}

/// The place `at` of this version is on disk.
void Scene::settled(std::uint32_t number, std::uint32_t version, const Transform& at) {
    Object* object = objects_.find(number);
    const auto entry = durable_.find(number);
    if (entry != durable_.end()) {
        if (!object || object->version == version)
            durable_.erase(entry);
        else
            entry->second = at;
    } else if (had_failure_ && object && object->at != at) {
        mark_dirty(*object);  // a write that went out before a refused one has come through after it
    }
}

// ---- changes: on disk, then in memory, then told ------------------------------------------------------------------

void Scene::enqueue(Object& object, Change change) {
    Pending& pending = pending_[object.number];
    pending.waiting.push_back(std::move(change));
    if (pending.flying.empty()) fly(object, pending);
}

/// Sends what waits as one commit: all changes up to the first deletion or the first with an operation id, or that one
/// alone.
void Scene::fly(Object& object, Pending& pending) {
    const auto alone = [](const Change& change) {
        return change.kind == Change::Kind::erase || !change.operation.empty();
    };
    auto end = std::find_if(pending.waiting.begin(), pending.waiting.end(), alone);
    if (end == pending.waiting.begin()) ++end;
    const bool erases = pending.waiting.front().kind == Change::Kind::erase;
    pending.flying.assign(std::make_move_iterator(pending.waiting.begin()), std::make_move_iterator(end));
    pending.waiting.erase(pending.waiting.begin(), end);
    pending.version = object.version;
    pending.at = object.at;
    pending.moved = 0;

    Commit commit;
    const bool steps_only = std::all_of(pending.flying.begin(), pending.flying.end(),
                                        [](const Change& change) { return change.kind == Change::Kind::step; });
    commit.by(pending.flying.back().actor).of(steps_only ? *kept_.positions : *kept_.objects);
    if (const std::string& operation = pending.flying.front().operation; !operation.empty()) {
        commit.operation(operation).answer(erases ? "{}" : Document{{"id", object.id}}.to_json());
    }
    if (erases) {
        table_.erase(commit, object.to_row(settings_.space_id, actors_));
    } else {
        Object next(object);
        for (const Change& change : pending.flying) {
            if (change.kind == Change::Kind::edit) edit(next, change.edit, actors_.number(change.actor));
            if (!change.operation.empty()) set_place(next, change);
        }
        pending.at = next.at;
        table_.put(commit, next.to_row(settings_.space_id, actors_));
        object.dirty = false;
    }
    space_.storage().commit(std::move(commit), [this, number = object.number](Result<Committed> result) {
        landed(number, std::move(result));
    });
}

void Scene::landed(std::uint32_t number, Result<Committed> result) {
    // A reply or event may lead to the next change of the same object: take everything out before telling anybody.
    Pending& pending = pending_.at(number);
    Object& object = *objects_.find(number);  // only its own commit erases it
    Pending flown;
    flown.flying = std::move(pending.flying);
    flown.version = pending.version;
    flown.at = pending.at;
    flown.moved = pending.moved;
    pending.flying.clear();

    const bool repeated = result && result.value().repeated;
    if (repeated) {
        // Done before, and everybody has heard it then: nothing was written now, and nothing has changed in memory.
        answer_again(*flown.flying.front().reply, result.value());
    } else if (result && flown.flying.front().kind == Change::Kind::erase) {
        std::vector<Change> late = std::move(pending.waiting);
        pending_.erase(number);
        Change& change = flown.flying.front();
        const std::string id = object.id;
        if (deleted_order_.size() < kRememberDeleted)
            deleted_order_.push_back(id);
        else {
            deleted_.erase(std::exchange(deleted_order_[deleted_next_], id));
            deleted_next_ = (deleted_next_ + 1) % kRememberDeleted;
        }
        deleted_[id] = change.actor;
        forget(object);
        change.reply->ok();
        space_.broadcast("object.deleted", {{"id", id}, {"n", change.n}, {"by", change.actor}});
        for (Change& other : late) {
            if (!other.operation.empty())
                ask_operation(other.actor, other.operation, other.reply);
            else if (other.kind == Change::Kind::erase)
                other.reply->ok();
            else
                other.reply->refuse(Error(Code::not_found, "the object has been deleted").at("d.id"));
        }
        return;
    }
    if (result && !repeated) {
        if (!flown.flying.front().operation.empty() && flown.flying.front().settles)
            catch_up(object, flown);
        else
            settled(number, flown.version, flown.at);
        for (Change& change : flown.flying) succeed(object, change);
    } else if (!result) {
        had_failure_ = true;
        for (Change& change : flown.flying) fail(object, change, result.error());
    }
    // Moved since, without `final`: that place is in no commit yet.
    if (durable_.contains(number)) mark_dirty(object);
    if (pending.waiting.empty())
        pending_.erase(number);
    else
        fly(object, pending);
}

/// Sets the place that a change with an operation id asks for, as it is written: in memory it is not there yet.
void Scene::set_place(Object& next, const Change& change) {
    if (change.edit.p) next.at.p = *change.edit.p;
    if (change.edit.r) next.at.r = *change.edit.r;
    if (change.edit.s) next.at.s = *change.edit.s;
    if (change.kind != Change::Kind::settle) return;
    next.updated_by = actors_.number(change.actor);
    next.updated_at = later_than_created(next, space_.clock().wall());
    next.last_interacted_at = next.updated_at;
    ++next.interactions;
}

/// The same in memory, now that it is on disk. What somebody has moved since stays as he moved it: he was later.
void Scene::catch_up(Object& object, const Pending& flown) {
    const Change& change = flown.flying.front();
    const bool moved_since = object.version != flown.version;
    if (change.edit.p && !(flown.moved & kMovedP)) object.at.p = *change.edit.p;
    if (change.edit.r && !(flown.moved & kMovedR)) object.at.r = *change.edit.r;
    if (change.edit.s && !(flown.moved & kMovedS)) object.at.s = *change.edit.s;
    if (change.kind == Change::Kind::settle) {
        object.updated_by = actors_.number(change.actor);
        object.updated_at = later_than_created(object, space_.clock().wall());
        object.last_interacted_at = object.updated_at;
        ++object.interactions;
    }
    ++object.version;
    if (moved_since)
        durable_[object.number] = flown.at;
    else
        durable_.erase(object.number);
    show(object, change.n, change.ts);
}

void Scene::succeed(Object& object, Change& change) {
    if (change.kind == Change::Kind::step) {
        change.reply->ok();
        return;
    }
    if (change.kind == Change::Kind::settle) {
        change.reply->ok({{"id", object.id}});
        return;
    }
    edit(object, change.edit, actors_.number(change.actor));
    change.reply->ok({{"id", object.id}});
    const ObjectUpdate& edited = change.edit;
    Document event{{"id", object.id}, {"n", change.n}, {"by", change.actor}, {"at", object.updated_at}};
    const auto vector = [](const Vec3& v) { return Document::list({v.x, v.y, v.z}); };
    if (edited.name) event.set("name", *edited.name);
    if (edited.p) event.set("p", vector(*edited.p));
    if (edited.r) event.set("r", vector(*edited.r));
    if (edited.s) event.set("s", vector(*edited.s));
    if (edited.model_url) event.set("model_url", *edited.model_url);
    if (!edited.properties.is_null()) event.set("properties", edited.properties);
    if (edited.visibility) event.set("visibility", *edited.visibility);
    if (edited.locked) event.set("locked", *edited.locked);
    space_.broadcast("object.updated", event);
}

void Scene::fail(Object& object, Change& change, const Error& why) {
    // He is told that nothing was changed, so nothing may look changed: back to the place that is on disk, unless
    // somebody has moved it on since.
    if (change.settles && change.operation.empty() && change.version == object.version) {
        if (const auto entry = durable_.find(object.number); entry != durable_.end()) {
            object.at = entry->second;
            ++object.version;
            durable_.erase(entry);
            show(object, change.n, 0);
        }
    }
    change.reply->refuse(refusal(why));
}

void Scene::forget(Object& object) {
    moved_.forget(object.number);
    durable_.erase(object.number);
    objects_.erase(object);
    total_.fetch_sub(1, std::memory_order_relaxed);
}

void Scene::edit(Object& object, const ObjectUpdate& edit, std::uint32_t actor) const {
    if (edit.name) object.name = *edit.name;
    if (edit.model_url) object.set_model_url(*edit.model_url);
    if (!edit.properties.is_null()) object.set_properties(edit.properties);
    if (edit.visibility) object.visible = *edit.visibility;
    if (edit.locked) object.locked = *edit.locked;
    object.updated_by = actor;
    object.updated_at = later_than_created(object, space_.clock().wall());
    object.last_interacted_at = object.updated_at;
    ++object.interactions;
}

}  // namespace cairn::world
