// The engine without threads: nothing happens by itself, turn() does it.
#include <optional>

#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

/// A clock that stands still until it is turned.
class StillClock final : public Clock {
public:
    WallTime wall() const noexcept override { return 1'800'000'000'000 + passed.count(); }
    std::chrono::steady_clock::time_point steady() const noexcept override {
        return std::chrono::steady_clock::time_point(std::chrono::hours(1)) + passed;
    }
    Duration passed{0};
};

class EngineTurnTest : public EngineTest {
protected:
    EngineTurnTest() {
        open_journal();
        CommitQueue::Options options;
        options.threads = false;
        options.wait = Duration(0);
        options.journal_folder = journal_folder();
        queue_ = std::make_unique<CommitQueue>(std::move(options), background_, still_, metrics_);
        start_made();
    }
    /// Before the clock and the answers below, which it uses to its end.
    ~EngineTurnTest() override { queue_.reset(); }
    /// "none", "ok" or the code of the refusal.
    std::string answer(std::size_t index) const {
        const auto& one = answers_.at(index);
        return !one ? "none" : one->ok() ? "ok" : std::string(code_name(one->error().code()));
    }
    void submit(Commit commit) {
        answers_.emplace_back();
        const std::size_t index = answers_.size() - 1;
        queue_->commit(std::move(commit), [this, index](Result<Committed> result) { answers_[index] = std::move(result); });
    }
    int turns() {
        int count = 0;
        while (queue_->turn()) ++count;
        return count;
    }

    StillClock still_;
    std::deque<std::optional<Result<Committed>>> answers_;
};

TEST_F(EngineTurnTest, AnswersComeInTurnsAndTheStoreFollowsInItsTime) {
    submit(put(items_, "a", 1));
    EXPECT_EQ(answer(0), "none");
    EXPECT_GT(turns(), 0);
    EXPECT_EQ(answer(0), "ok");
    EXPECT_EQ(store_.value("items", "a"), -1) << "apply_every has not passed";
    EXPECT_EQ(turns(), 0);
    still_.passed += Duration(100);
    EXPECT_GT(turns(), 0);
    EXPECT_EQ(store_.value("items", "a"), 1);
}

TEST_F(EngineTurnTest, CoalescedRowsWaitForTheClock) {
    Commit commit = put(items_, "a", 1);
    commit.coalesced();
    submit(std::move(commit));
    EXPECT_EQ(turns(), 0);
    still_.passed += Duration(100);
    EXPECT_GT(turns(), 0);
    EXPECT_EQ(answer(0), "ok");
}

TEST_F(EngineTurnTest, AStoreThatIsAwayIsTriedAgainAndNobodyWaitsMeanwhile) {
    bool away = true;
    store_.fail_by([&](int) {
        if (away) throw Error(Code::unavailable, "away");
    });
    submit(put(items_, "a", 1));
    for (int i = 0; i < 100; ++i) {
        still_.passed += Duration(100);
        turns();
    }
    EXPECT_EQ(answer(0), "ok");
    EXPECT_NE(queue_->trouble(), "");
    std::optional<Result<Rows>> rows;
    queue_->query({"x", {}}, [&](Result<Rows> result) { rows = std::move(result); });
    turns();
    ASSERT_TRUE(rows.has_value());
    EXPECT_EQ(rows->error().code(), Code::unavailable);
    away = false;
    for (int i = 0; i < 100; ++i) {
        still_.passed += Duration(100);
        turns();
    }
    EXPECT_EQ(queue_->trouble(), "");
    EXPECT_EQ(store_.value("items", "a"), 1);
}

TEST_F(EngineTurnTest, WhatTheStoreRefusesIsBuriedAndItsNeighboursStay) {
    submit(put(items_, "a", 1));
    submit(put(items_, "bad", -1));
    submit(put(items_, "c", 3));
    turns();
    still_.passed += Duration(100);
    turns();
    EXPECT_EQ(store_.value("items", "a"), 1);
    EXPECT_EQ(store_.value("items", "c"), 3);
    ASSERT_EQ(store_.letters().size(), 1U);
    EXPECT_EQ(store_.letters()[0].seq, 2U);
}

TEST_F(EngineTurnTest, AFlushAndAStopBringEverythingToTheStore) {
    submit(put(items_, "a", 1));
    queue_->flush_and_wait();
    EXPECT_EQ(store_.value("items", "a"), 1);
    Commit commit = put(items_, "b", 2);
    commit.coalesced();
    submit(std::move(commit));
    queue_->stop();
    EXPECT_EQ(answer(1), "ok");
    EXPECT_EQ(store_.value("items", "b"), 2);
    submit(put(items_, "c", 3));
    EXPECT_EQ(answer(2), "unavailable");
    EXPECT_FALSE(queue_->turn());
}

TEST_F(EngineTurnTest, WhatWasAcknowledgedIsThereAfterACrash) {
    submit(put(items_, "a", 1));
    turns();
    EXPECT_EQ(answer(0), "ok");
    submit(put(items_, "b", 2));
    crash();
    EXPECT_EQ(answer(1), "unavailable");
    start(ack_journal());
    queue_->flush_and_wait();
    EXPECT_EQ(store_.value("items", "a"), 1);
    EXPECT_EQ(store_.value("items", "b"), -1);
}

}  // namespace
}  // namespace cairn::core::test
