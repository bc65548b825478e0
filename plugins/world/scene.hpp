#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/space.hpp>

#include "plugins/world/collections.hpp"
#include "plugins/world/messages.hpp"
#include "plugins/world/object_index.hpp"
#include "plugins/world/object_loader.hpp"
#include "plugins/world/rows.hpp"
#include "plugins/world/world_config.hpp"

namespace cairn::world {

/// The objects of one space: what players do with them, and how that reaches the disk.
///
/// What lies in memory is what is durable, but for places: those follow each `object.move` at once and, while somebody
/// drags, are written as the collection `positions` says: usually coalesced, at most one row per object and tick;
/// durable: each step is a change like any other; transient: only the place where he lets go. Everything else changes
/// in memory only after its commit; the changes that come meanwhile wait and go together into the next one (so a
/// hundred at once take two commits, P175). Since whole rows are written, a place is not written while a change of the
/// same object is on its way.
///
/// A request with an operation id has a commit of its own and changes nothing in memory, not even the place, before
/// that has said that it is the first of its id: sent again, it is answered and moves nothing. All calls [space].
/// Completions of the storage come back on the strand and not at all after the space has closed.
class Scene {
public:
    struct Settings {
        std::string space_id;
        double bounds = 1000;
        bool anyone_may_edit = true;
        std::size_t max_objects = 1'000'000;
        Limits limits;
        bool has_heap = false;  ///< the store is PostgreSQL (ObjectLoader)
    };
    /// Registers the messages.
    Scene(Space& space, Settings settings, Table<ObjectRow> table, const Collections& kept);
    ~Scene();
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    /// Reads all objects, a page at a time; `done` hears of success or failure. Once.
    void load(std::function<void(Result<Done>)> done);
    ObjectIndex& objects() noexcept { return objects_; }
    /// Sends the places that wait for the next tick: nobody is left to move anything, so the space may close.
    void flush() { write_places(); }
    /// Objects of all scenes of this process; for the health report. [any]
    static std::size_t total() noexcept { return total_.load(std::memory_order_relaxed); }

private:
    struct Creation;
    /// Something durable that somebody asked for, waiting for its commit.
    struct Change {
        enum class Kind : std::uint8_t { step, settle, edit, erase } kind = Kind::settle;
        ObjectUpdate edit;          ///< of kind edit; its p, r, s also where the place waits for the commit
        bool settles = false;       ///< a place was set with it
        std::uint32_t version = 0;  ///< of that place
        std::int64_t ts = 0;
        std::string operation;  ///< the client's id of this request; empty: none
        std::uint32_t n = 0;
        std::string actor;
        SharedReply reply;
    };
    struct Pending {
        std::vector<Change> flying;  ///< in the commit that is on its way; empty: none is
        std::vector<Change> waiting;
        std::uint32_t version = 0;  ///< of the place in that commit
        Transform at;
        std::uint8_t moved = 0;  ///< kMovedP, kMovedR, kMovedS: set in memory since that commit went out
    };
    static constexpr std::uint8_t kMovedP = 1, kMovedR = 2, kMovedS = 4;

    void create(Player& from, const ObjectCreate& wish, Reply reply);
    void created(const std::string& id, Result<Committed> result);
    void ask_operation(const std::string& actor, const std::string& operation, SharedReply reply);
    static void answer_again(Reply& reply, const Committed& before);
    void move(Player& from, const ObjectMove& wish, Reply reply);
    void update(Player& from, const ObjectUpdate& wish, Reply reply);
    void erase(Player& from, const ObjectDelete& wish, Reply reply);
    void list(const ObjectList& wish, Reply reply);

    Object& existing(const std::string& id);
    bool gone(const std::string& id);
    static Error not_there();
    void may_change(const Player& who, const Object& object) const;
    void place(Object& object, const std::optional<Vec3>& p, const std::optional<Vec3>& r, const std::optional<Vec3>& s,
               Player& by, std::int64_t ts);
    void show(const Object& object, std::uint32_t n, std::int64_t ts);
    void mark_dirty(Object& object);
    void write_places();
    void enqueue(Object& object, Change change);
    void fly(Object& object, Pending& pending);
    void landed(std::uint32_t number, Result<Committed> result);
    void set_place(Object& next, const Change& change);
    void catch_up(Object& object, const Pending& flown);
    void succeed(Object& object, Change& change);
    void fail(Object& object, Change& change, const Error& why);
    void settled(std::uint32_t number, std::uint32_t version, const Transform& at);
    void forget(Object& object);
    void edit(Object& object, const ObjectUpdate& edit, std::uint32_t actor) const;
    bool same_creation(const Object& there, std::uint32_t actor, const ObjectCreate& wish) const;
    static Error refusal(const Error& why);

    Space& space_;
    const Settings settings_;
    const Table<ObjectRow> table_;
    const Collections kept_;
    std::optional<ObjectLoader> loader_;
    ObjectIndex objects_;
    Actors actors_;
    Stream<ObjectMoved> moved_;
    std::unordered_map<std::string, std::unique_ptr<Creation>> creating_;
    std::unordered_map<std::uint32_t, Pending> pending_;
    /// The durable place of each object whose place in memory is newer.
    std::unordered_map<std::uint32_t, Transform> durable_;
    std::vector<std::uint32_t> dirty_;
    std::chrono::steady_clock::time_point write_not_before_{};
    bool had_failure_ = false;  ///< the store has refused something since this space opened
    /// Who deleted what lately: the same request once more (after a lost connection) gets the same answer.
    std::unordered_map<std::string, std::string> deleted_;
    std::vector<std::string> deleted_order_;
    std::size_t deleted_next_ = 0;
    std::string scratch_;
    static inline std::atomic<std::size_t> total_{0};
};

}  // namespace cairn::world
