#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/json.hpp>
#include <cairn/storage.hpp>

#include "core/durability/addition.hpp"
#include "core/durability/selection_evaluator.hpp"

namespace cairn::test {

/// Tables in memory, for tests of what uses Storage. Completions come at once, or, after hold(), when release() is
/// called. Not for several threads.
class MemoryStorage final : public Storage {
public:
    void commit(Commit commit, Then<Committed> then) override {
        commits.push_back(commit);
        answer([this, commit = std::move(commit), then = std::move(then)] {
            try {
                if (!fail_with.empty()) throw Error(Code::unavailable, fail_with);
                auto changed = tables;
                for (const Change& change : commit.changes()) apply(changed[change.table->name], change);
                tables = std::move(changed);
            } catch (const Error& error) {
                if (then) then(error);
                return;
            }
            if (then) then(Committed{++seq});
        });
    }
    /// Rows are what `answer_query` says; by default there are none.
    void query(Query query, Then<Rows> then) override {
        answer([this, query = std::move(query), then = std::move(then)] {
            if (!fail_with.empty()) return then(Error(Code::unavailable, fail_with));
            then(answer_query ? answer_query(query) : Rows{});
        });
    }
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override {
        answer([this, query = std::move(query), &row, append = std::move(append), then = std::move(then)] {
            if (!fail_with.empty()) return then(Error(Code::unavailable, fail_with));
            const Rows rows = answer_query ? answer_query(query) : Rows{};
            for (const Document& one : rows) decode_json(row, append(), one.to_json());
            then(Done{});
        });
    }
    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override {
        answer([this, selection = std::move(selection), append = std::move(append), then = std::move(then)] {
            try {
                for (const Document& one : chosen(selection)) {
                    decode_json(*selection.table->row, append(), one.to_json());
                }
            } catch (const Error& error) {
                return then(error);
            }
            then(Done{});
        });
    }
    void count(Selection selection, Then<std::int64_t> then) override {
        answer([this, selection = std::move(selection), then = std::move(then)] {
            Rows rows;
            try {
                rows = chosen(selection);
            } catch (const Error& error) {
                return then(error);
            }
            then(static_cast<std::int64_t>(rows.size()));
        });
    }

    void hold() { holding_ = true; }
    void release() {
        holding_ = false;
        for (; !waiting_.empty(); waiting_.pop_front()) waiting_.front()();
    }

    std::vector<Commit> commits;
    std::map<std::string, std::map<std::string, std::string>> tables;  ///< table → key JSON → row JSON
    std::function<Rows(const Query&)> answer_query;
    std::string fail_with;  ///< not empty: everything fails with `unavailable`
    std::uint64_t seq = 0;

private:
    static void apply(std::map<std::string, std::string>& table, const Change& change) {
        if (change.row.empty()) {
            table.erase(change.key);
        } else if (change.adds()) {
            std::string& row = table[change.key];
            row = core::followed_by(*change.table, row, change.row);
        } else {
            table[change.key] = change.row;
        }
    }

    Rows chosen(const Selection& selection) {
        if (!fail_with.empty()) throw Error(Code::unavailable, fail_with);
        check_selection(selection);
        Rows all;
        for (const auto& [key, row] : tables[selection.table->name]) all.push_back(Document::parse_json(row));
        return core::select_rows(selection, all);
    }

    void answer(std::function<void()> job) {
        if (holding_)
            waiting_.push_back(std::move(job));
        else
            job();
    }

    bool holding_ = false;
    std::deque<std::function<void()>> waiting_;
};

}  // namespace cairn::test
