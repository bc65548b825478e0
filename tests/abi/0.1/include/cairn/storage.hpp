#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/export.hpp>
#include <cairn/fields.hpp>
#include <cairn/task.hpp>

namespace cairn {

/// How hard a commit is held on to (architecture section 6).
enum class Durability : std::uint8_t {
    durable,    ///< answered once it survives kill -9 and power loss
    coalesced,  ///< latest row per key, on disk at most 100 ms later; not answered before
    transient,  ///< never on disk: a commit of it is answered at once
};

/// Something that a plugin keeps, as an admin thinks of it: "objects", "positions". `cairn check` says what a crash can
/// lose of it, and `durability.classes` in the YAML may choose another class than the plugin's.
struct Collection {
    std::string plugin;
    std::string name;     ///< an identifier, unique within the plugin
    std::string meaning;  ///< for people: "where somebody drags an object to, until he lets go"
    Durability durability = Durability::durable;  ///< settled before `start`
};

/// A table that a plugin owns: its name, its key columns and its described row. Its SQL lives in sql/<plugin>/.
struct TableSpec {
    std::string name;
    std::vector<std::string> key;
    const StructType* row = nullptr;
    std::string plugin;  ///< filled in by the host
};

/// One row put or erased. `row` is a JSON object with every column; `key` a JSON object with the key columns.
struct Change {
    const TableSpec* table = nullptr;
    std::string key;
    std::string row;  ///< empty: the row is erased
};

/// Rows changed together: all of them are there afterwards, or none.
class CAIRN_API Commit {
public:
    Commit() = default;
    /// Who caused it (a player id); for the audit.
    Commit& by(std::string actor);
    /// The client's own id of this operation; of the same actor the same id within 24 h is applied once: the second
    /// commit changes nothing and is answered with what the first was answered (Committed::repeated).
    Commit& operation(std::string op_id);
    /// What a repeated operation is to be answered with, kept with the operation id; short JSON, at most 1 KiB.
    Commit& answer(std::string json);
    /// Takes the durability of what it changes.
    Commit& of(const Collection& collection) noexcept {
        durability_ = collection.durability;
        return *this;
    }
    Commit& coalesced() noexcept {
        durability_ = Durability::coalesced;
        return *this;
    }

    const std::vector<Change>& changes() const noexcept { return changes_; }
    std::vector<Change>& changes() noexcept { return changes_; }
    const std::string& actor() const noexcept { return actor_; }
    const std::string& operation() const noexcept { return operation_; }
    const std::string& answer() const noexcept { return answer_; }
    Durability durability() const noexcept { return durability_; }
    bool empty() const noexcept { return changes_.empty(); }

private:
    std::vector<Change> changes_;
    std::string actor_;
    std::string operation_;
    std::string answer_;
    Durability durability_ = Durability::durable;
};

/// What a successful commit says.
struct Committed {
    std::uint64_t seq = 0;  ///< grows by one per commit of this host
    bool repeated = false;  ///< the operation had been committed before; nothing was changed now
    std::string answer{};   ///< of the first time, when `repeated`
};

/// A question to the store: parameterised SQL (`$1`, `$2`, …), never text put together from input.
struct Query {
    std::string sql;
    std::vector<Document> parameters;
    /// May be answered from a copy that is a little behind (a read replica), for figures and reports (P039).
    bool replica = false;
};

/// Handle to a declared table. Cheap to copy.
template <class Row>
class Table {
public:
    Table() = default;
    explicit Table(const TableSpec& spec) noexcept : spec_(&spec) {}

    /// Inserts or replaces the whole row.
    void put(Commit& commit, const Row& row) const {
        Change change;
        change.table = spec_;
        write_key(change.key, row);
        write_json(change.row, struct_type<Row>(), &row);
        commit.changes().push_back(std::move(change));
    }
    /// Erases the row with the key of `row`; other columns do not matter.
    void erase(Commit& commit, const Row& row) const {
        Change change;
        change.table = spec_;
        write_key(change.key, row);
        commit.changes().push_back(std::move(change));
    }
    const TableSpec& spec() const noexcept { return *spec_; }

private:
    void write_key(std::string& out, const Row& row) const { write_key_json(out, *spec_, &row); }
    const TableSpec* spec_ = nullptr;
};

/// Appends the key columns of a row as a JSON object. [any]
CAIRN_API void write_key_json(std::string& out, const TableSpec& table, const void* row);

/// Rows as they come from a query, in the order of the query.
using Rows = std::vector<Document>;

/// Reads and writes for one space or one plugin. Completions come back on the caller's strand.
class CAIRN_API Storage {
public:
    virtual ~Storage();
    /// Applies `commit`. Commits of one caller keep their order. `then` hears Error(unavailable) when the store cannot
    /// take it (nothing of it is applied), Error(conflict) when a constraint of the table forbids it. [space] [any]
    virtual void commit(Commit commit, Then<Committed> then = {}) = 0;
    /// Runs a read in the storage lane. Rows are maps from column to value. [space] [any]
    virtual void query(Query query, Then<Rows> then) = 0;
    /// Runs a read and decodes each row into `Row` objects off the loop. JSON columns become the described type.
    template <class Row>
    void load(Query query, Then<std::vector<Row>> then) {
        auto rows = std::make_shared<std::vector<Row>>();
        load_erased(
            std::move(query), struct_type<Row>(), [rows](void) -> void* { return &rows->emplace_back(); },
            [rows, then = std::move(then)](Result<Done> done) {
                if (done) then(Result<std::vector<Row>>(std::move(*rows)));
                else then(Result<std::vector<Row>>(done.error()));
            });
    }

    /// The type-erased side of load(): `append` makes the next row (in the lane), `then` is called on the strand.
    virtual void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) = 0;
};

}  // namespace cairn
