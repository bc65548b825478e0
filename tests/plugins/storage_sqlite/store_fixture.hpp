#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/log.hpp>

#include "plugins/storage_sqlite/sqlite_store.hpp"

namespace cairn::storage_sqlite::test {

namespace fs = std::filesystem;

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

struct Thing {
    std::string room{};
    std::string id{};
    std::optional<std::string> label = std::nullopt;
    std::int64_t count = 0;
    double weight = 0;
    bool visible = true;
    Vec3 position{};  // with initialisers, so that tests may leave the last ones out
    std::vector<std::string> tags{};
    Document extra{};
};
inline void describe(Fields<Thing>& f) {
    f(&Thing::room, "room", "where it is");
    f(&Thing::id, "id", "its id there");
    f(&Thing::label, "label", "unique in all rooms");
    f(&Thing::count, "count", "how many");
    f(&Thing::weight, "weight", "in kg");
    f(&Thing::visible, "visible", "can be seen");
    f(&Thing::position, "position", "where in the room");
    f(&Thing::tags, "tags", "words");
    f(&Thing::extra, "extra", "anything");
}

struct Room {
    std::string id;
};
inline void describe(Fields<Room>& f) {
    f(&Room::id, "id", "its name");
}

inline const char* const kThings =
    "CREATE TABLE rooms (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;\n"
    "CREATE TABLE things (\n"
    "  room TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,\n"
    "  id TEXT NOT NULL, label TEXT UNIQUE, count INTEGER NOT NULL CHECK (count >= 0), weight REAL NOT NULL,\n"
    "  visible INTEGER NOT NULL, position TEXT NOT NULL CHECK (json_valid(position)), tags TEXT CHECK "
    "(json_valid(tags)),\n"
    "  extra TEXT CHECK (json_valid(extra)), PRIMARY KEY (room, id)) STRICT, WITHOUT ROWID;\n";

inline services::Migration migration(int number, std::string sql, std::string plugin = "test") {
    const std::string checksum = "sum-of-" + std::to_string(std::hash<std::string>()(sql));
    return {std::move(plugin), number, "step", checksum, std::move(sql), {}};
}

/// What a batch refers to.
class Rows {
public:
    explicit Rows(const TableSpec& spec) : spec_(&spec) {}
    template <class Row>
    Rows& put(const Row& row) {
        Commit commit;
        Table<Row>(*spec_).put(commit, row);
        rows_.push_back(commit.changes().front().row);
        return *this;
    }
    template <class Row>
    Rows& erase(const Row& row) {
        Commit commit;
        Table<Row>(*spec_).erase(commit, row);
        erased_.push_back(commit.changes().front().key);
        return *this;
    }
    Rows& put_text(std::string row) {
        rows_.push_back(std::move(row));
        return *this;
    }
    services::TableBatch batch() const {
        services::TableBatch batch;
        batch.table = spec_;
        batch.rows.assign(rows_.begin(), rows_.end());
        batch.erased.assign(erased_.begin(), erased_.end());
        return batch;
    }

private:
    const TableSpec* spec_;
    std::vector<std::string> rows_;
    std::vector<std::string> erased_;
};

class StoreTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "cairn-sqlite-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        options_.file = folder_ + "/cairn.db";
    }
    void TearDown() override {
        store_.reset();
        fs::remove_all(folder_);
    }
    SqliteStore& make() {
        store_.reset();
        store_ = std::make_unique<SqliteStore>();
        store_->configure(options_, log_);
        return *store_;
    }
    /// Opens with the tables rooms and things; the room "r" is there.
    SqliteStore& open() {
        SqliteStore& store = make();
        store.open();
        const std::vector<services::Migration> migrations{migration(1, kThings)};
        store.migrate(migrations);
        const std::vector<const TableSpec*> tables{&rooms_, &things_};
        store.bind(tables, {});
        if (store.watermark().seq == 0) apply({Rows(rooms_).put(Room{"r"})});
        return store;
    }
    void apply(const std::vector<Rows>& rows) {
        std::vector<services::TableBatch> batch;
        for (const Rows& table : rows) batch.push_back(table.batch());
        store_->apply(batch, {store_->watermark().seq + 1});
    }
    std::vector<std::vector<Document>> ask(const std::string& sql, std::vector<Document> parameters = {}) {
        std::vector<std::vector<Document>> rows;
        store_->query({sql, std::move(parameters)},
                      [&](std::span<const std::string>, std::span<const Document> values) {
                          rows.emplace_back(values.begin(), values.end());
                          return true;
                      });
        return rows;
    }
    Document one(const std::string& sql, std::vector<Document> parameters = {}) {
        const auto rows = ask(sql, std::move(parameters));
        return rows.empty() ? Document() : rows.front().front();
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
    static std::string read(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::string folder_;
    CollectedLog log_;
    SqliteStore::Options options_;
    TableSpec rooms_{"rooms", {"id"}, &struct_type<Room>(), "test"};
    TableSpec things_{"things", {"room", "id"}, &struct_type<Thing>(), "test"};
    std::unique_ptr<SqliteStore> store_;
};

}  // namespace cairn::storage_sqlite::test
