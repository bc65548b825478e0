#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/log.hpp>

#include "plugins/storage_postgres/postgres_store.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::storage_postgres::test {

namespace fs = std::filesystem;
using cairn::test::PostgresCluster;

/// Keeps the lines.
class CollectedLog final : public Log {
public:
    void write(LogLevel, std::string_view message, const Document& details) override {
        const std::lock_guard lock(mutex_);
        lines_ += std::string(message) + " " + details.to_json() + "\n";
    }
    bool enabled(LogLevel) const noexcept override { return true; }
    std::string lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    std::string lines_;
};

/// One member for each type that the tables of S0 have.
struct Thing {
    std::string id{};
    std::string room{};
    std::optional<std::string> label = std::nullopt;
    std::int64_t count = 0;
    int small = 0;
    double weight = 0;
    bool visible = true;
    Vec3 position{};
    std::vector<std::string> tags{};
    Document extra{};
    std::optional<std::string> address = std::nullopt;
    WallTime made_at = 0;
    std::optional<WallTime> gone_at = std::nullopt;
    Document note{};  ///< JSON in a text column
};
inline void describe(Fields<Thing>& f) {
    f(&Thing::id, "id", "UUID");
    f(&Thing::room, "room", "where it is");
    f(&Thing::label, "label", "unique in all rooms");
    f(&Thing::count, "count", "how many");
    f(&Thing::small, "small", "a number in 16 bits");
    f(&Thing::weight, "weight", "in kg");
    f(&Thing::visible, "visible", "can be seen");
    f(&Thing::position, "position", "where in the room");
    f(&Thing::tags, "tags", "words");
    f(&Thing::extra, "extra", "anything");
    f(&Thing::address, "address", "where it came from");
    f(&Thing::made_at, "made_at", "when");
    f(&Thing::gone_at, "gone_at", "since when it is gone");
    f(&Thing::note, "note", "anything, in a text");
}

struct Room {
    std::string id;
};
inline void describe(Fields<Room>& f) {
    f(&Room::id, "id", "its name");
}

inline const char* const kThings =
    "CREATE TABLE rooms (id text PRIMARY KEY);\n"
    "CREATE TABLE things (\n"
    "  id uuid NOT NULL, room text NOT NULL REFERENCES rooms (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,\n"
    "  label varchar(20) UNIQUE, count bigint NOT NULL CHECK (count >= 0), small smallint NOT NULL,\n"
    "  weight double precision NOT NULL, visible boolean NOT NULL, position jsonb NOT NULL, tags text[], extra jsonb,\n"
    "  address inet, made_at timestamptz NOT NULL, gone_at timestamptz, note text, PRIMARY KEY (room, id));\n";

inline const char* const kAudit =
    "CREATE TABLE audit_log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, table_name text NOT NULL, operation text "
    "NOT NULL, user_id text, old_data jsonb, new_data jsonb, changed_at timestamptz NOT NULL DEFAULT now());";

inline services::Migration migration(int number, std::string sql, std::string plugin = "test", std::string down = {}) {
    const std::string checksum = "sum-of-" + std::to_string(std::hash<std::string>()(sql));
    return {std::move(plugin), number, "step", checksum, std::move(sql), std::move(down)};
}

inline std::string uuid(int number) {
    std::string digits = std::to_string(number);
    return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

/// What a batch refers to.
class Rows {
public:
    explicit Rows(const TableSpec& spec) : spec_(&spec) {}
    template <class Row>
    Rows& put(const Row& row, std::string actor = {}) {
        Commit commit;
        Table<Row>(*spec_).put(commit, row);
        rows_.push_back(commit.changes().front().row);
        row_actors_.push_back(std::move(actor));
        return *this;
    }
    template <class Row>
    Rows& erase(const Row& row, std::string actor = {}) {
        Commit commit;
        Table<Row>(*spec_).erase(commit, row);
        erased_.push_back(commit.changes().front().key);
        erased_actors_.push_back(std::move(actor));
        return *this;
    }
    Rows& put_text(std::string row) {
        rows_.push_back(std::move(row));
        row_actors_.emplace_back();
        return *this;
    }
    services::TableBatch batch() const {
        services::TableBatch batch;
        batch.table = spec_;
        batch.rows.assign(rows_.begin(), rows_.end());
        batch.erased.assign(erased_.begin(), erased_.end());
        batch.row_actors.assign(row_actors_.begin(), row_actors_.end());
        batch.erased_actors.assign(erased_actors_.begin(), erased_actors_.end());
        return batch;
    }

private:
    const TableSpec* spec_;
    std::vector<std::string> rows_;
    std::vector<std::string> erased_;
    std::vector<std::string> row_actors_;
    std::vector<std::string> erased_actors_;
};

inline Thing thing(int number, const std::string& room = "r") {
    Thing made;
    made.id = uuid(number);
    made.room = room;
    made.made_at = 1700000000000 + number;
    return made;
}

class StoreTest : public testing::Test {
protected:
    void SetUp() override {
        url_ = cluster().make_database("store");
        options_.url = parse_url(url_);
    }
    void TearDown() override { store_.reset(); }
    /// Tests that stop or harm the server give one of their own.
    virtual PostgresCluster& cluster() { return PostgresCluster::shared(); }

    PostgresStore& make() {
        store_.reset();
        store_ = std::make_unique<PostgresStore>();
        store_->configure(options_, log_, nullptr);
        return *store_;
    }
    void bind(PostgresStore& store, const std::vector<std::string>& audited = {}) {
        const std::vector<const TableSpec*> tables{&rooms_, &things_};
        store.bind(tables, audited);
    }
    /// Opens with the tables rooms and things; the room "r" is there.
    PostgresStore& open(const std::vector<std::string>& audited = {}) {
        PostgresStore& store = make();
        store.open();
        const std::vector<services::Migration> migrations{migration(1, kThings), migration(2, kAudit)};
        store.migrate(migrations);
        bind(store, audited);
        if (store.watermark().seq == 0) apply({Rows(rooms_).put(Room{"r"})});
        return store;
    }
    void apply_at(std::uint64_t seq, const std::vector<Rows>& rows) {
        std::vector<services::TableBatch> batch;
        for (const Rows& table : rows) batch.push_back(table.batch());
        store_->apply(batch, {seq});
    }
    void apply(const std::vector<Rows>& rows) { apply_at(store_->watermark().seq + 1, rows); }
    std::vector<std::vector<Document>> ask(const std::string& sql, std::vector<Document> parameters = {},
                                           bool replica = false) {
        std::vector<std::vector<Document>> rows;
        store_->query({sql, std::move(parameters), replica},
                      [&](std::span<const std::string>, std::span<const Document> values) {
                          rows.emplace_back(values.begin(), values.end());
                          return true;
                      });
        return rows;
    }
    Document one(const std::string& sql, std::vector<Document> parameters = {}, bool replica = false) {
        const auto rows = ask(sql, std::move(parameters), replica);
        return rows.empty() ? Document() : rows.front().front();
    }
    /// Every row of a snapshot as text, sorted.
    static std::multimap<std::string, std::string> whole(services::Store& store) {
        std::multimap<std::string, std::string> rows;
        store.snapshot([&](std::string_view table, std::span<const std::string> columns, std::span<const Document> values) {
            std::string text;
            for (std::size_t i = 0; i < columns.size(); ++i) text += columns[i] + "=" + values[i].to_json() + " ";
            rows.emplace(table, text);
        });
        std::multimap<std::string, std::string> sorted;
        std::vector<std::pair<std::string, std::string>> all(rows.begin(), rows.end());
        std::sort(all.begin(), all.end());
        for (auto& [table, text] : all) sorted.emplace(table, text);
        return sorted;
    }
    template <class Work>
    static Error refusal(Work&& work) {
        try {
            work();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "was not refused";
        return Error(Code::internal, "was not refused");
    }

    std::string url_;
    CollectedLog log_;
    PostgresStore::Options options_;
    TableSpec rooms_{"rooms", {"id"}, &struct_type<Room>(), "test"};
    TableSpec things_{"things", {"room", "id"}, &struct_type<Thing>(), "test"};
    std::unique_ptr<PostgresStore> store_;
};

}  // namespace cairn::storage_postgres::test
