#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <cairn/document.hpp>
#include <cairn/json.hpp>
#include <cairn/storage.hpp>

namespace cairn::test {

/// Tables in memory, for tests of what uses Storage. Completions come at once, or, after hold(), when release() is
/// called. Not for several threads.
class MemoryStorage final : public Storage {
public:
    void commit(Commit commit, Then<Committed> then) override {
        commits.push_back(commit);
        answer([this, commit = std::move(commit), then = std::move(then)] {
            if (!fail_with.empty()) {
                if (then) then(Error(Code::unavailable, fail_with));
                return;
            }
            for (const Change& change : commit.changes()) {
                auto& table = tables[change.table->name];
                if (change.row.empty())
                    table.erase(change.key);
                else
                    table[change.key] = change.row;
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
