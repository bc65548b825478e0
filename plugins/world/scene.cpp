#include "plugins/world/scene.hpp"

#include <algorithm>
#include <utility>

#include <cairn/uuid.hpp>

namespace cairn::world {
namespace {

/// Objects that one `object.list` looks at, at most: the rest is for the next page.
constexpr std::size_t kScan = 5000;
/// Kept as the answer of an operation that was refused because its object was not there.
constexpr std::string_view kNotThere = "false";

void check_place(const Vec3& p, double bounds) {
    if (inside(p, bounds)) return;
    throw Error(Code::invalid_field, "outside of this space: each coordinate must lie between -" +
                                         Document(bounds).to_json() + " and " + Document(bounds).to_json())
        .at("d.p");
}

}  // namespace

/// An object whose row is on its way to the disk. Nobody sees it yet.
struct Scene::Creation {
    Object object;
    std::uint32_t n = 0;
    std::vector<SharedReply> replies;
};

Scene::Scene(Space& space, Settings settings, Table<ObjectRow> table, const Collections& kept)
    : space_(space),
      settings_(std::move(settings)),
      table_(table),
      kept_(kept),
      moved_(space.stream<ObjectMoved>("object.moved")) {
    space_
        .on<ObjectCreate>("object.create", [this](Player& from, const ObjectCreate& wish,
                                                  Reply reply) { create(from, wish, std::move(reply)); })
        .limit(settings_.limits.create)
        .meaning("places an object; answered with its id once it is on disk, then `object.created` to all");
    space_
        .on<ObjectMove>("object.move", [this](Player& from, const ObjectMove& wish,
                                              Reply reply) { move(from, wish, std::move(reply)); })
        .limit(settings_.limits.move)
        .meaning("moves, turns or scales an object; others see it with the next tick");
    space_
        .on<ObjectUpdate>("object.update", [this](Player& from, const ObjectUpdate& wish,
                                                  Reply reply) { update(from, wish, std::move(reply)); })
        .limit(settings_.limits.edit)
        .meaning("changes what is named; answered once it is on disk, then `object.updated` to all");
    space_
        .on<ObjectDelete>("object.delete", [this](Player& from, const ObjectDelete& wish,
                                                  Reply reply) { erase(from, wish, std::move(reply)); })
        .limit(settings_.limits.edit)
        .meaning("takes an object away; answered once that is on disk, then `object.deleted` to all");
    space_
        .on<ObjectList>("object.list",
                        [this](Player&, const ObjectList& wish, Reply reply) { list(wish, std::move(reply)); })
        .limit(settings_.limits.list)
        .meaning("a page of the objects in the order of their ids: {objects, next?}");

    space_.on_tick([this](Duration) { write_places(); });
    space_.on_state("objects", [this](Player&) {
        StateSection section;
        section.count = objects_.size();
        section.next = [this, walk = ObjectIndex::Walk(objects_)](JsonWriter& out) mutable {
            const Object* object = walk.next();
            if (!object) return false;
            object->write_open(out, actors_);
            out.end_object();
            return true;
        };
        return section;
    });
}

Scene::~Scene() {
    total_.fetch_sub(objects_.size(), std::memory_order_relaxed);
}

// ---- loading ------------------------------------------------------------------------------------------------------

void Scene::load(std::function<void(Result<Done>)> done) {
    loader_.emplace(
        space_.storage(), settings_.space_id, settings_.has_heap,
        [this](const std::vector<LoadedObject>& rows, bool repeats) {
            std::size_t count = 0;
            for (const LoadedObject& row : rows) {
                if (repeats && objects_.find(row.object_id)) continue;
                objects_.insert(Object::from_row(row, actors_));
                ++count;
            }
            total_.fetch_add(count, std::memory_order_relaxed);
        },
        std::move(done));
    loader_->start();
}

// ---- asking -------------------------------------------------------------------------------------------------------

Object& Scene::existing(const std::string& id) {
    if (Object* object = objects_.find(id)) return *object;
    if (creating_.contains(id)) {
        throw Error(Code::not_ready, "the object is being created: wait for the answer to object.create")
            .at("d.id")
            .retry_after(Duration(50));
    }
    throw not_there();
}

bool Scene::gone(const std::string& id) {
    return !objects_.find(id) && !creating_.contains(id);
}

Error Scene::not_there() {
    return Error(Code::not_found, "there is no object with this id in this space; it may have been deleted").at("d.id");
}

/// Somebody asks, with an operation id, for a change of an object that is not there: perhaps it was made, and his
/// connection broke before the answer. Only the engine's memory knows; it is asked by a commit that erases what cannot
/// be there. From then on a refusal is remembered for this operation.
void Scene::ask_operation(const std::string& actor, const std::string& operation, SharedReply reply) {
    Commit commit;
    commit.by(actor).of(*kept_.objects).operation(operation).answer(std::string(kNotThere));
    ObjectRow nothing;  // its object_id is empty, which no object's is
    nothing.space_id = settings_.space_id;
    table_.erase(commit, nothing);
    space_.storage().commit(std::move(commit), [reply = std::move(reply)](Result<Committed> result) {
        if (!result) return reply->refuse(refusal(result.error()));
        if (result.value().repeated) return answer_again(*reply, result.value());
        reply->refuse(not_there());
    });
}

/// What the same operation was answered the first time.
void Scene::answer_again(Reply& reply, const Committed& before) {
    if (before.answer == kNotThere) return reply.refuse(not_there());
    reply.ok_json(before.answer);
}

void Scene::may_change(const Player& who, const Object& object) const {
    if (actors_.id(object.created_by) == who.id() || who.has_role("admin")) return;
    if (object.locked) throw Error(Code::forbidden, "the object is locked: only its creator and admins may change it");
    if (!settings_.anyone_may_edit) throw Error(Code::forbidden, "only its creator and admins may change this object");
}

/// What the player hears when the store says no: never its own words, which may tell of files and SQL.
Error Scene::refusal(const Error& why) {
    if (why.code() == Code::conflict) {
        return Error(Code::conflict,
                     "the store refuses this: an object with this id exists, or a value is not allowed");
    }
    return Error(Code::unavailable, "this cannot be saved at the moment, so nothing was changed; try again")
        .retry_after(Duration(1000));
}

bool Scene::same_creation(const Object& there, std::uint32_t actor, const ObjectCreate& wish) const {
    // A store may give JSON back in another order.
    const Document properties = there.properties.empty() ? Document::map() : Document::parse_json(there.properties);
    const bool same_properties = wish.properties.is_null() ? properties.size() == 0 : properties == wish.properties;
    const bool untouched = there.version == 0 && there.updated_at == there.created_at;
    return there.created_by == actor && there.name == wish.name && object_type_name(there.type) == wish.type &&
           there.model_url() == wish.model_url.value_or("") && same_properties &&
           (!untouched || there.at == Transform{wish.p, wish.r, wish.s});
}

void Scene::create(Player& from, const ObjectCreate& wish, Reply reply) {
    check_place(wish.p, settings_.bounds);
    const std::uint32_t actor = actors_.number(from.id());
    if (wish.id) {
        // A client that lost its connection sends the same request again: it gets the same answer, not a second object.
        const auto flying = creating_.find(*wish.id);
        const Object* there = flying != creating_.end() ? &flying->second->object : objects_.find(*wish.id);
        if (there) {
            if (!same_creation(*there, actor, wish)) {
                throw Error(Code::conflict, "there is another object with this id: choose a new one").at("d.id");
            }
            if (flying != creating_.end()) {
                flying->second->replies.push_back(std::make_shared<Reply>(std::move(reply)));
            } else {
                reply.ok({{"id", *wish.id}});
            }
            return;
        }
    }
    if (objects_.size() + creating_.size() >= settings_.max_objects) {
        throw Error(Code::full, "this space holds as many objects as it may (" + std::to_string(settings_.max_objects) +
                                    "): delete some first");
    }

    auto creation = std::make_unique<Creation>();
    Object& object = creation->object;
    const std::string row_id = new_uuid();
    object.id = wish.id.value_or(row_id);
    object.set_row_id(row_id);
    object.name = wish.name;
    object.type = object_type(wish.type);
    object.at = {wish.p, wish.r, wish.s};
    object.created_by = object.updated_by = actor;
    object.created_at = object.updated_at = space_.clock().wall();
    object.set_model_url(wish.model_url.value_or(""));
    object.set_properties(wish.properties);
    creation->n = from.n();
    creation->replies.push_back(std::make_shared<Reply>(std::move(reply)));

    Commit commit;
    commit.by(from.id()).of(*kept_.objects);
    const std::string id = object.id;
    if (wish.op) commit.operation(*wish.op).answer(Document{{"id", id}}.to_json());
    table_.put(commit, object.to_row(settings_.space_id, actors_));
    creating_.emplace(id, std::move(creation));
    space_.storage().commit(std::move(commit),
                            [this, id](Result<Committed> result) { created(id, std::move(result)); });
}

void Scene::created(const std::string& id, Result<Committed> result) {
    const auto flying = creating_.extract(id);
    Creation& creation = *flying.mapped();
    if (!result) {
        for (const SharedReply& reply : creation.replies) reply->refuse(refusal(result.error()));
        return;
    }
    if (result.value().repeated) {
        // Placed once already; what it has become since, or that it is gone, is as it should be.
        for (const SharedReply& reply : creation.replies) answer_again(*reply, result.value());
        return;
    }
    const Object& object = objects_.insert(std::move(creation.object));
    total_.fetch_add(1, std::memory_order_relaxed);
    for (const SharedReply& reply : creation.replies) reply->ok({{"id", id}});
    scratch_.clear();
    JsonWriter out(scratch_);
    object.write_open(out, actors_);
    out.key("n").integer(creation.n).key("at").integer(object.created_at).end_object();
    space_.broadcast_json("object.created", scratch_);
}

void Scene::move(Player& from, const ObjectMove& wish, Reply reply) {
    const bool once = wish.final && wish.op;
    if (once && gone(wish.id)) {
        return ask_operation(from.id(), *wish.op, std::make_shared<Reply>(std::move(reply)));
    }
    Object& object = existing(wish.id);
    may_change(from, object);
    if (wish.p) check_place(*wish.p, settings_.bounds);
    if (!once) place(object, wish.p, wish.r, wish.s, from, wish.ts);
    if (!wish.final && kept_.positions->durability != Durability::durable) {
        mark_dirty(object);
        reply.ok();
        return;
    }
    Change change;
    change.kind = wish.final ? Change::Kind::settle : Change::Kind::step;
    if (once) {
        change.edit.p = wish.p;
        change.edit.r = wish.r;
        change.edit.s = wish.s;
        change.ts = wish.ts;
        change.operation = *wish.op;
    } else if (wish.final) {
        ++object.interactions;
        object.last_interacted_at = object.updated_at;
    }
    change.settles = true;
    change.version = object.version;
    change.n = from.n();
    change.actor = from.id();
    change.reply = std::make_shared<Reply>(std::move(reply));
    enqueue(object, std::move(change));
}

void Scene::update(Player& from, const ObjectUpdate& wish, Reply reply) {
    if (wish.op && gone(wish.id)) {
        return ask_operation(from.id(), *wish.op, std::make_shared<Reply>(std::move(reply)));
    }
    Object& object = existing(wish.id);
    may_change(from, object);
    if (wish.locked && actors_.id(object.created_by) != from.id() && !from.has_role("admin")) {
        throw Error(Code::forbidden, "only its creator and admins lock and unlock an object").at("d.locked");
    }
    if (wish.p) check_place(*wish.p, settings_.bounds);
    const bool settles = wish.p || wish.r || wish.s;
    if (!settles && !wish.name && !wish.model_url && wish.properties.is_null() && !wish.visibility && !wish.locked) {
        throw Error(Code::bad_request,
                    "nothing to change: name at least one of name, p, r, s, model_url, properties, "
                    "visibility, locked");
    }
    if (settles && !wish.op) place(object, wish.p, wish.r, wish.s, from, 0);
    Change change;
    change.kind = Change::Kind::edit;
    change.edit = wish;
    change.operation = wish.op.value_or("");
    change.settles = settles;
    change.version = object.version;
    change.n = from.n();
    change.actor = from.id();
    change.reply = std::make_shared<Reply>(std::move(reply));
    enqueue(object, std::move(change));
}

void Scene::erase(Player& from, const ObjectDelete& wish, Reply reply) {
    if (!objects_.find(wish.id)) {
        if (const auto gone = deleted_.find(wish.id); gone != deleted_.end() && gone->second == from.id()) {
            reply.ok();
            return;
        }
    }
    if (wish.op && gone(wish.id)) {
        return ask_operation(from.id(), *wish.op, std::make_shared<Reply>(std::move(reply)));
    }
    Object& object = existing(wish.id);
    may_change(from, object);
    Change change;
    change.kind = Change::Kind::erase;
    change.operation = wish.op.value_or("");
    change.n = from.n();
    change.actor = from.id();
    change.reply = std::make_shared<Reply>(std::move(reply));
    enqueue(object, std::move(change));
}

void Scene::list(const ObjectList& wish, Reply reply) {
    const ObjectFilter& filter = wish.filter;
    scratch_.clear();
    JsonWriter out(scratch_);
    out.begin_object().key("objects").begin_array();
    ObjectIndex::Walk walk(objects_, wish.after);
    std::int64_t found = 0;
    std::size_t seen = 0;
    const Object* last = nullptr;
    while (const Object* object = walk.next()) {
        if (found == wish.limit || seen == kScan) {
            out.end_array().key("next").text(last->id).end_object();
            reply.ok_json(scratch_);
            return;
        }
        ++seen;
        last = object;
        if (filter.type && object_type_name(object->type) != *filter.type) continue;
        if (filter.name && object->name.find(*filter.name) == std::string::npos) continue;
        if (filter.by && actors_.id(object->created_by) != *filter.by) continue;
        object->write_open(out, actors_);
        out.end_object();
        ++found;
    }
    out.end_array().end_object();
    reply.ok_json(scratch_);
}

}  // namespace cairn::world
