#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"
#include "core/observe/metrics_store.hpp"
#include "core/observe/system_clock.hpp"
#include "tests/core/durability/fake_store.hpp"

namespace cairn::core::test {

inline constexpr Duration kNever{3600000};

/// The answers of many commits, in the order in which they came.
class Answers {
public:
    Then<Committed> next() {
        const std::lock_guard lock(mutex_);
        const std::size_t index = results_.size();
        results_.emplace_back();
        return [this, index](Result<Committed> result) {
            const std::lock_guard inner(mutex_);
            EXPECT_FALSE(results_[index].has_value()) << "answered twice";
            results_[index] = std::move(result);
            order_.push_back(index);
            changed_.notify_all();
        };
    }
    void wait(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return order_.size() >= count; });
    }
    /// REQUIRES: answered.
    Result<Committed> operator[](std::size_t index) const {
        const std::lock_guard lock(mutex_);
        return *results_[index];
    }
    std::size_t answered() const {
        const std::lock_guard lock(mutex_);
        return order_.size();
    }
    std::vector<std::size_t> order() const {
        const std::lock_guard lock(mutex_);
        return order_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::optional<Result<Committed>>> results_;
    std::vector<std::size_t> order_;
};

/// An engine on a store in memory and a real journal, which can crash and start again.
class EngineTest : public testing::Test {
protected:
    EngineTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "cairn-engine-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
        folder_ = pattern;
    }
    ~EngineTest() override {
        store_.release();
        queue_.reset();
        journal_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    static CommitQueue::Options ack_store() {
        CommitQueue::Options options;
        options.ack = CommitQueue::Ack::store;
        return options;
    }
    /// Applies nothing until it is asked to.
    static CommitQueue::Options ack_journal() {
        CommitQueue::Options options;
        options.apply_every = kNever;
        options.apply_rows = 0;
        return options;
    }
    std::string journal_folder() const { return folder_ + "/journal"; }
    void open_journal() {
        if (journal_) return;
        Journal::Options options;
        options.folder = journal_folder();
        options.segment_bytes = 1u << 20;
        options.max_bytes = journal_max_bytes_;
        journal_ = std::make_unique<Journal>(options, store_.seq() + 1, store_.seq());
    }
    void make(CommitQueue::Options options) {
        options.journal_folder = journal_folder();
        queue_ = std::make_unique<CommitQueue>(std::move(options), background_, clock_, metrics_);
    }
    void start_made() {
        open_journal();
        const std::vector<const TableSpec*> tables{&items_spec_, &others_spec_};
        queue_->start(store_, *journal_, tables);
    }
    void start(CommitQueue::Options options) {
        make(std::move(options));
        start_made();
    }
    /// What kill -9 leaves: the store as it is, the files of the journal.
    void crash() {
        store_.release();
        queue_.reset();
        journal_.reset();
    }
    template <class Condition>
    static void wait_for(Condition condition) {
        while (!condition()) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    static Commit put(const Table<Item>& table, const std::string& id, std::int64_t value) {
        Commit commit;
        table.put(commit, Item{id, value});
        return commit;
    }
    static Commit erase(const Table<Item>& table, const std::string& id) {
        Commit commit;
        table.erase(commit, Item{id, 0});
        return commit;
    }
    /// Submits and waits for the answer.
    Result<Committed> commit(Commit commit) {
        std::promise<Result<Committed>> promise;
        queue_->commit(std::move(commit), [&](Result<Committed> result) { promise.set_value(std::move(result)); });
        return promise.get_future().get();
    }

    std::string folder_;
    std::uint64_t journal_max_bytes_ = 1u << 30;
    TableSpec items_spec_ = item_table("items");
    TableSpec others_spec_ = item_table("others");
    Table<Item> items_{items_spec_};
    Table<Item> others_{others_spec_};
    FakeStore store_;
    InlineBackground background_;
    SystemClock clock_;
    MetricsStore metrics_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<CommitQueue> queue_;
};

}  // namespace cairn::core::test
