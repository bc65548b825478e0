#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using EngineFlush = EngineTest;

TEST_F(EngineFlush, TheJournalAnswersAndTheStoreFollowsInItsTime) {
    CommitQueue::Options options = ack_journal();
    options.apply_every = Duration(20);
    start(options);
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    wait_for([&] { return store_.value("items", "a") == 1; });
}

TEST_F(EngineFlush, EnoughRowsAreWrittenEarlier) {
    CommitQueue::Options options = ack_journal();
    options.apply_rows = 40;
    start(options);
    for (int i = 0; i < 15; ++i) ASSERT_TRUE(commit(put(items_, std::to_string(i), i)));
    EXPECT_THAT(store_.commits(), IsEmpty());
    for (int i = 15; i < 45; ++i) ASSERT_TRUE(commit(put(items_, std::to_string(i), i)));
    wait_for([&] { return !store_.commits().empty(); });
    EXPECT_GE(store_.commits().front(), 19);
}

TEST_F(EngineFlush, ManyUpdatesOfFewRowsCostFewStatements) {
    start(ack_journal());
    for (int i = 0; i < 2000; ++i) queue_->commit(put(items_, "k" + std::to_string(i % 10), i), {});
    queue_->flush_and_wait();
    std::size_t rows = 0;
    for (const std::size_t count : store_.rows()) rows += count;
    EXPECT_LE(rows, 200) << "90 % fewer than updates";
    for (int i = 0; i < 10; ++i) EXPECT_EQ(store_.value("items", "k" + std::to_string(i)), 1990 + i);
}

TEST_F(EngineFlush, FlushBringsEverythingAdmittedIncludingCoalescedRows) {
    CommitQueue::Options options = ack_journal();
    options.coalesce = kNever;
    start(options);
    for (int i = 0; i < 100; ++i) queue_->commit(put(items_, "d" + std::to_string(i), i), {});
    for (int i = 0; i < 100; ++i) queue_->commit(std::move(put(others_, std::to_string(i), i).coalesced()), {});
    queue_->flush_and_wait();
    EXPECT_THAT(store_.state(), SizeIs(200));
    queue_->flush_and_wait();  // with nothing to do
    EXPECT_EQ(queue_->statistics()["queued"].integer_or(-1), 0);
}

TEST_F(EngineFlush, OneTableAlone) {
    CommitQueue::Options options = ack_journal();
    options.coalesce = kNever;
    start(options);
    queue_->commit(std::move(put(items_, "a", 1).coalesced()), {});
    queue_->commit(std::move(put(others_, "b", 1).coalesced()), {});
    const auto queued = [&](const char* table) {
        return queue_->statistics()["queues"][table]["queued"].integer_or(-1);
    };
    EXPECT_EQ(queued("items"), 1);
    EXPECT_EQ(queued("others"), 1);
    std::promise<Result<Done>> done;
    queue_->flush("items", [&](Result<Done> result) { done.set_value(std::move(result)); });
    EXPECT_TRUE(done.get_future().get());
    EXPECT_EQ(store_.value("items", "a"), 1);
    EXPECT_EQ(store_.value("others", "b"), -1) << "it may wait";
    EXPECT_EQ(queued("items"), 0);
    EXPECT_EQ(queued("others"), 1);
    EXPECT_EQ(queue_->statistics()["queues"]["items"]["processed"].integer_or(0), 1);
}

TEST_F(EngineFlush, FlushBeforeTheStartAndAfterTheEndIsRefused) {
    make(ack_journal());
    EXPECT_THROW(queue_->flush_and_wait(), Error);
    start_made();
    queue_->flush_and_wait();
    queue_->stop();
    EXPECT_THROW(queue_->flush_and_wait(), Error);
}

TEST_F(EngineFlush, AQuestionSeesWhatWasAcknowledgedBefore) {
    start(ack_journal());
    for (int round = 1; round <= 50; ++round) {
        ASSERT_TRUE(commit(put(items_, "a", round)));
        std::promise<std::uint64_t> seen;
        queue_->query({"ask", {"a"}}, [&](Result<Rows> rows) {
            EXPECT_TRUE(rows);
            seen.set_value(store_.seq_at_query());
        });
        EXPECT_EQ(seen.get_future().get(), static_cast<std::uint64_t>(round)) << "an early flush, not in an hour";
    }
    std::promise<Result<std::vector<Item>>> items;
    ASSERT_TRUE(commit(put(items_, "a", 99)));
    queue_->load<Item>({"ask", {"a", "b"}},
                       [&](Result<std::vector<Item>> result) { items.set_value(std::move(result)); });
    EXPECT_EQ(items.get_future().get().value().size(), 2);
    EXPECT_EQ(store_.seq_at_query(), 51);
}

TEST_F(EngineFlush, AReportFromACopyDoesNotWait) {
    start(ack_journal());
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    bool answered = false;
    Query report{"ask", {"a"}};
    report.replica = true;
    queue_->query(std::move(report), [&](Result<Rows> rows) { answered = rows.ok(); });
    EXPECT_TRUE(answered);
    EXPECT_EQ(store_.seq_at_query(), 0);
}

TEST_F(EngineFlush, AQuestionThatWaitsAtTheEndIsAnswered) {
    start(ack_journal());
    store_.hold();
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    std::promise<bool> answered;
    queue_->query({"ask", {"a"}}, [&](Result<Rows> rows) { answered.set_value(rows.ok()); });
    store_.wait_for_calls(1);
    std::thread stopper([&] { queue_->stop(); });
    store_.release();
    static_cast<void>(answered.get_future().get());
    stopper.join();
    EXPECT_EQ(store_.value("items", "a"), 1);
}

TEST_F(EngineFlush, AuditedTablesSayWhoMadeTheLastChangeOfEachKey) {
    CommitQueue::Options options = ack_journal();
    options.audit = {"items"};
    options.coalesce = kNever;
    start(options);
    queue_->commit(std::move(put(items_, "a", 1).by("ann")), {});
    queue_->commit(std::move(put(items_, "a", 2).by("bob")), {});
    queue_->commit(std::move(put(others_, "x", 2).by("nobody asks")), {});
    queue_->commit(std::move(erase(items_, "b").by("cem")), {});
    queue_->commit(std::move(put(items_, "moving", 1).by("dan").coalesced()), {});
    queue_->commit(std::move(put(items_, "moving", 2).by("eve").coalesced()), {});
    queue_->flush_and_wait();
    EXPECT_THAT(store_.actors(), Contains("bob"));
    EXPECT_THAT(store_.actors(), Contains("cem"));
    EXPECT_THAT(store_.actors(), Contains("eve"));
    EXPECT_THAT(store_.actors(), testing::Not(Contains("nobody asks")));
    EXPECT_THAT(store_.actors(), testing::Not(Contains("dan")));
}

TEST_F(EngineFlush, WorkBetweenBatchesRunsOnTheThreadThatWrites) {
    start(ack_store());
    std::promise<Result<Done>> done;
    queue_->between_batches([&](services::Store& store) { EXPECT_EQ(&store, &store_); },
                            [&](Result<Done> result) { done.set_value(std::move(result)); });
    EXPECT_TRUE(done.get_future().get());
    std::promise<Result<Done>> failed;
    queue_->between_batches([](services::Store&) { throw Error(Code::unavailable, "busy"); },
                            [&](Result<Done> result) { failed.set_value(std::move(result)); });
    EXPECT_EQ(failed.get_future().get().error().code(), Code::unavailable);
    EXPECT_TRUE(commit(put(items_, "a", 1)));
    queue_->stop();
    bool refused = false;
    queue_->between_batches([](services::Store&) {}, [&](Result<Done> result) { refused = !result.ok(); });
    EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace cairn::core::test
