#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cairn/services/store.hpp>
#include <cairn/storage.hpp>

namespace cairn::core::test {

struct Item {
    std::string id;
    std::int64_t value = 0;
};
inline void describe(Fields<Item>& f) {
    f(&Item::id, "id", "the key");
    f(&Item::value, "value", "what it holds; negative values are refused by the store");
}

inline TableSpec item_table(const std::string& name) {
    return {name, {"id"}, &struct_type<Item>(), "test"};
}

/// A store in memory: checks what it is handed, refuses rows with negative values, fails on demand, and can be held.
class FakeStore final : public services::Store {
public:
    using State = std::map<std::pair<std::string, std::string>, std::string>;  // table and key → row

    std::string_view engine() const noexcept override { return "fake"; }
    void open() override {}
    int migrate(std::span<const services::Migration>) override { return 0; }
    void bind(std::span<const TableSpec* const>, std::span<const std::string>) override {}
    services::Watermark watermark() override {
        const std::lock_guard lock(mutex_);
        return {seq_};
    }
    void bury(std::span<const services::DeadLetter> letters, services::Watermark watermark) override {
        const std::lock_guard lock(mutex_);
        ++calls_;
        if (fail_) fail_(calls_);
        for (const services::DeadLetter& letter : letters) letters_.push_back(letter);
        EXPECT_GT(watermark.seq, seq_);
        seq_ = watermark.seq;
    }
    std::string note(std::string_view name) override {
        const std::lock_guard lock(mutex_);
        if (!notes_kept_) cannot("keep notes");
        const auto found = notes_.find(std::string(name));
        return found == notes_.end() ? std::string() : found->second;
    }
    void set_note(std::string_view name, std::string_view value) override {
        const std::lock_guard lock(mutex_);
        if (!notes_kept_) cannot("keep notes");
        notes_[std::string(name)] = std::string(value);
    }

    void apply(std::span<const services::TableBatch> batch, services::Watermark watermark) override {
        std::unique_lock lock(mutex_);
        ++calls_;
        entered_.notify_all();
        released_.wait(lock, [this] { return !held_; });
        if (fail_) fail_(calls_);
        State next = state_;
        std::size_t rows = 0;
        for (const services::TableBatch& table : batch) {
            for (std::size_t i = 0; i < table.row_actors.size(); ++i) actors_.emplace_back(table.row_actors[i]);
            for (std::size_t i = 0; i < table.erased_actors.size(); ++i) actors_.emplace_back(table.erased_actors[i]);
            EXPECT_TRUE(table.row_actors.empty() || table.row_actors.size() == table.rows.size());
            EXPECT_TRUE(table.erased_actors.empty() || table.erased_actors.size() == table.erased.size());
            std::set<std::string> seen;
            for (const std::string_view key : table.erased) {
                EXPECT_TRUE(seen.emplace(key).second) << "twice in a batch: " << key;
                next.erase({table.table->name, std::string(key)});
            }
            for (const std::string_view row : table.rows) {
                const Document json = Document::parse_json(row);
                Item item{std::string(json["id"].text()), 0};
                std::string key;
                write_key_json(key, *table.table, &item);
                EXPECT_TRUE(seen.emplace(key).second) << "twice in a batch: " << key;
                if (json["value"].integer_or(0) < 0) throw Error(Code::conflict, "value must not be negative");
                next[{table.table->name, key}] = std::string(row);
            }
            rows += table.rows.size() + table.erased.size();
        }
        EXPECT_GE(watermark.seq, seq_);
        state_ = std::move(next);
        commits_.push_back(watermark.seq - seq_);
        rows_.push_back(rows);
        seq_ = watermark.seq;
    }
    void query(const Query& query,
               const std::function<bool(std::span<const std::string> columns, std::span<const Document> values)>& row)
        override {
        {
            const std::lock_guard lock(mutex_);
            seq_at_query_ = seq_;
        }
        if (query.sql == "fail") throw Error(Code::unavailable, "no");
        if (query.sql == "wait") {
            std::unique_lock lock(mutex_);
            ++calls_;
            ++reading_;
            entered_.notify_all();
            released_.wait(lock, [this] { return !held_; });
            --reading_;
        }
        const std::vector<std::string> columns{"id", "value"};
        for (const Document& parameter : query.parameters) {
            const std::vector<Document> values{parameter, 7};
            if (!row(columns, values)) return;
        }
    }
    std::string integrity() override { return {}; }
    void backup(const std::string&) override {}
    void close() noexcept override {}

    /// Keeps apply() from going on until release().
    void hold() {
        const std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release() {
        const std::lock_guard lock(mutex_);
        held_ = false;
        released_.notify_all();
    }
    /// Queries "wait" that have not ended.
    int reading() const {
        const std::lock_guard lock(mutex_);
        return reading_;
    }
    /// Waits until apply(), bury() and queries "wait" have been called `count` times in all.
    void wait_for_calls(int count) {
        std::unique_lock lock(mutex_);
        entered_.wait(lock, [&] { return calls_ >= count; });
    }
    /// Called with the number of the call (from 1), before anything is applied; throws to fail.
    void fail_by(std::function<void(int call)> fail) {
        const std::lock_guard lock(mutex_);
        fail_ = std::move(fail);
    }
    State state() const {
        const std::lock_guard lock(mutex_);
        return state_;
    }
    /// The value of `id` in `table`, or -1.
    std::int64_t value(const std::string& table, const std::string& id) const {
        const std::lock_guard lock(mutex_);
        const auto found = state_.find({table, "{\"id\":\"" + id + "\"}"});
        return found == state_.end() ? -1 : Document::parse_json(found->second)["value"].integer_or(-1);
    }
    /// Commits per transaction, rows per transaction.
    std::vector<std::uint64_t> commits() const {
        const std::lock_guard lock(mutex_);
        return commits_;
    }
    std::vector<std::size_t> rows() const {
        const std::lock_guard lock(mutex_);
        return rows_;
    }
    void begin_at(std::uint64_t seq) { seq_ = seq; }
    /// Who made the audited changes, in the order in which they were applied.
    std::vector<std::string> actors() const {
        const std::lock_guard lock(mutex_);
        return actors_;
    }
    std::vector<services::DeadLetter> letters() const {
        const std::lock_guard lock(mutex_);
        return letters_;
    }
    /// The watermark when the last query came.
    std::uint64_t seq_at_query() const {
        const std::lock_guard lock(mutex_);
        return seq_at_query_;
    }
    void keep_no_notes() { notes_kept_ = false; }
    int calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    std::uint64_t seq() const {
        const std::lock_guard lock(mutex_);
        return seq_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable entered_;
    std::condition_variable released_;
    bool held_ = false;
    int calls_ = 0;
    int reading_ = 0;
    std::function<void(int)> fail_;
    State state_;
    std::vector<std::uint64_t> commits_;
    std::vector<std::size_t> rows_;
    std::uint64_t seq_ = 0;
    std::uint64_t seq_at_query_ = 0;
    std::vector<std::string> actors_;
    std::vector<services::DeadLetter> letters_;
    std::map<std::string, std::string> notes_;
    bool notes_kept_ = true;
};

/// Runs the work at once, on the calling thread.
class InlineBackground final : public Background {
public:
    Task run(Lane, std::string, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override {
        Task task;
        std::exception_ptr failed;
        try {
            work(task);
        } catch (...) {
            failed = std::current_exception();
        }
        done(failed);
        return task;
    }
};

}  // namespace cairn::core::test
