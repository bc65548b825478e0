#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A store that can be taken away and given back.
class EngineOutage : public EngineTest {
protected:
    EngineOutage() {
        store_.fail_by([this](int) {
            if (down_) throw Error(Code::unavailable, "host db.example at /secret/path is gone");
        });
    }
    static CommitQueue::Options quick(CommitQueue::Options options) {
        options.retry_min = Duration(1);
        options.retry_max = Duration(4);
        options.apply_every = Duration(1);
        return options;
    }
    void take_away() {
        down_ = true;
        if (queue_->trouble().empty()) {
            queue_->commit(put(items_, "lost connection", 1), {});
            wait_for([this] { return !queue_->trouble().empty(); });
        }
    }
    void give_back() {
        down_ = false;
        wait_for([this] { return queue_->trouble().empty(); });
    }
    void TearDown() override { down_ = false; }

    std::atomic<bool> down_{false};
};

TEST_F(EngineOutage, SpoolGoesOnAnsweringFromTheJournalAndTheStoreGetsItAllLater) {
    for (const CommitQueue::Options& options : {quick(ack_journal()), quick(ack_store())}) {
        start(options);
        take_away();
        EXPECT_THAT(queue_->trouble(), HasSubstr("/secret/path is gone")) << "the admin wants to know";
        for (int i = 0; i < 100; ++i) ASSERT_TRUE(commit(put(items_, std::to_string(i), i)));
        EXPECT_EQ(store_.value("items", "99"), -1);
        EXPECT_EQ(queue_->statistics()["store"]["behind"].integer_or(0), 101);
        EXPECT_THAT(metrics_.text(), HasSubstr("cairn_storage_available 0"));
        give_back();
        queue_->flush_and_wait();
        for (int i = 0; i < 100; ++i) EXPECT_EQ(store_.value("items", std::to_string(i)), i);
        EXPECT_EQ(queue_->statistics()["store"]["behind"].integer_or(-1), 0);
        queue_->stop();
        crash();
        store_.apply({}, services::Watermark{store_.seq()});
        for (int i = 0; i < 100; ++i) {
            const Change gone{&items_spec_, "{\"id\":\"" + std::to_string(i) + "\"}", ""};
            services::TableBatch batch;
            batch.table = &items_spec_;
            batch.erased.push_back(gone.key);
            store_.apply(std::span(&batch, 1), services::Watermark{store_.seq()});
        }
    }
}

TEST_F(EngineOutage, WhoWaitsForTheStoreIsAnsweredFromTheJournalOnceItIsAway) {
    CommitQueue::Options options = quick(ack_store());
    start(options);
    store_.hold();
    down_ = true;
    Answers answers;
    for (int i = 0; i < 50; ++i) queue_->commit(put(items_, std::to_string(i), i), answers.next());
    EXPECT_EQ(answers.answered(), 0);
    store_.release();
    answers.wait(50);
    for (std::size_t i = 0; i < 50; ++i) {
        ASSERT_TRUE(answers[i]);
        EXPECT_EQ(answers[i].value().seq, i + 1);
    }
    EXPECT_EQ(queue_->statistics()["queued"].integer_or(-1), 0);
    give_back();
    queue_->flush_and_wait();
    EXPECT_EQ(store_.state().size(), 50);
}

TEST_F(EngineOutage, AMomentOfTroubleIsNotToldToAnybody) {
    CommitQueue::Options options = quick(ack_store());
    options.on_storage_failure = CommitQueue::OnStorageFailure::readonly;
    std::atomic<int> failures{2};
    store_.fail_by([&](int) {
        if (failures-- > 0) throw Error(Code::unavailable, "busy");
    });
    start(options);
    EXPECT_TRUE(commit(put(items_, "a", 1)));
    EXPECT_EQ(store_.value("items", "a"), 1);
    EXPECT_EQ(queue_->trouble(), "");
    store_.fail_by({});
}

TEST_F(EngineOutage, ReadonlyRefusesDurableCommitsAndKeepsWhatIsInTheJournal) {
    CommitQueue::Options options = quick(ack_store());
    options.on_storage_failure = CommitQueue::OnStorageFailure::readonly;
    options.coalesce = Duration(1);
    start(options);
    down_ = true;
    ASSERT_TRUE(commit(put(items_, "in the journal", 1))) << "when it came nobody knew";
    const Result<Committed> refused = commit(put(items_, "too late", 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::unavailable);
    EXPECT_GT(refused.error().retry_after().count(), 0);
    EXPECT_THAT(refused.error().what(), Not(HasSubstr("/secret"))) << "players may see this";
    EXPECT_TRUE(commit(std::move(put(items_, "moving", 7).coalesced())));
    give_back();
    EXPECT_TRUE(commit(put(items_, "after", 1)));
    EXPECT_EQ(store_.value("items", "in the journal"), 1);
    EXPECT_EQ(store_.value("items", "too late"), -1);
    EXPECT_EQ(store_.value("items", "moving"), 7);
}

TEST_F(EngineOutage, StopTellsTheHostOnce) {
    CommitQueue::Options options = quick(ack_journal());
    options.on_storage_failure = CommitQueue::OnStorageFailure::stop;
    std::atomic<int> told{0};
    options.on_stop = [&](const std::string& why) {
        EXPECT_THAT(why, HasSubstr("is gone"));
        ++told;
    };
    start(options);
    take_away();
    wait_for([&] { return told == 1; });
    EXPECT_FALSE(commit(put(items_, "b", 1)));
    queue_->stop();
    EXPECT_EQ(told, 1);
    EXPECT_EQ(store_.note("clean"), "no") << "the journal holds more";
    down_ = false;
    crash();
    start(quick(ack_journal()));
    EXPECT_EQ(store_.value("items", "lost connection"), 1);
}

TEST_F(EngineOutage, BeyondTheBacklogCommitsAreReadBackInOrder) {
    for (const auto ack : {CommitQueue::Ack::journal, CommitQueue::Ack::store}) {
        CommitQueue::Options options = quick(ack_journal());
        options.ack = ack;
        options.backlog_bytes = 20000;
        start(options);
        take_away();
        Answers answers;
        for (int i = 0; i < 3000; ++i) {
            queue_->commit(put(i % 3 == 0 ? others_ : items_, "k" + std::to_string(i % 7), i), answers.next());
        }
        answers.wait(3000);
        for (std::size_t i = 0; i < 3000; ++i) ASSERT_TRUE(answers[i]);
        EXPECT_THAT(metrics_.text(), HasSubstr("cairn_storage_backlog_bytes 0")) << "memory is bounded";
        give_back();
        // While it catches up more comes in.
        for (int i = 3000; i < 4000; ++i) {
            queue_->commit(put(i % 3 == 0 ? others_ : items_, "k" + std::to_string(i % 7), i), answers.next());
        }
        answers.wait(4000);
        queue_->flush_and_wait();
        std::map<std::pair<std::string, std::string>, int> newest;
        for (int i = 0; i < 4000; ++i) newest[{i % 3 == 0 ? "others" : "items", "k" + std::to_string(i % 7)}] = i;
        for (const auto& [key, value] : newest) EXPECT_EQ(store_.value(key.first, key.second), value);
        EXPECT_TRUE(commit(put(items_, "caught up", 1)));
        queue_->stop();
        EXPECT_EQ(store_.note("clean"), "yes");
        crash();
    }
}

TEST_F(EngineOutage, PoisonInTheSpoolIsFoundWhenItIsReadBack) {
    CommitQueue::Options options = quick(ack_journal());
    options.backlog_bytes = 5000;
    start(options);
    take_away();
    for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(commit(std::move(put(items_, "k" + std::to_string(i), i == 77 || i == 400 ? -1 : i)
                                         .by("bob")
                                         .operation("op" + std::to_string(i)))));
    }
    give_back();
    queue_->flush_and_wait();
    EXPECT_EQ(store_.state().size(), 499);
    const std::vector<services::DeadLetter> letters = store_.letters();
    ASSERT_EQ(letters.size(), 2);
    EXPECT_EQ(letters[0].actor, "bob");
    EXPECT_EQ(letters[0].operation, "op77");
    EXPECT_EQ(letters[1].operation, "op400");
    EXPECT_GT(letters[0].at, 0);
}

TEST_F(EngineOutage, QueriesAndFlushesAreRefusedAtOnceWhileTheStoreIsAway) {
    start(quick(ack_journal()));
    take_away();
    std::optional<Result<Rows>> rows;
    queue_->query({"ask", {"a"}}, [&](Result<Rows> result) { rows = std::move(result); });
    ASSERT_TRUE(rows.has_value()) << "at once";
    ASSERT_FALSE(*rows);
    EXPECT_EQ(rows->error().code(), Code::unavailable);
    EXPECT_THROW(queue_->flush_and_wait(), Error);
    Query report{"ask", {"a"}};
    report.replica = true;
    queue_->query(std::move(report), [&](Result<Rows> result) { rows = std::move(result); });
    EXPECT_TRUE(*rows) << "a copy may be a little behind";
    give_back();
    queue_->query({"ask", {"a"}}, [&](Result<Rows> result) { rows = std::move(result); });
    EXPECT_TRUE(*rows);
}

TEST_F(EngineOutage, StopDuringAnOutageAnswersEverybodyAndTheNextStartBringsItBack) {
    CommitQueue::Options options = quick(ack_store());
    options.coalesce = kNever;
    options.retry_min = kNever;
    options.retry_max = kNever;
    start(options);
    down_ = true;
    Answers answers;
    queue_->commit(put(items_, "a", 1), answers.next());
    queue_->commit(std::move(put(items_, "b", 1).coalesced()), answers.next());
    queue_->stop();
    ASSERT_EQ(answers.answered(), 2);
    EXPECT_TRUE(answers[0]);
    EXPECT_TRUE(answers[1]);
    EXPECT_THAT(store_.state(), IsEmpty());
    down_ = false;
    crash();
    start(quick(ack_store()));
    EXPECT_EQ(store_.value("items", "a"), 1);
    EXPECT_EQ(store_.value("items", "b"), 1);
}

TEST_F(EngineOutage, AStoreThatFailsAtAnyCallLosesAndDoublesNothing) {
    for (int fails_at = 1; fails_at <= 14; ++fails_at) {
        std::atomic<int> calls{0};
        store_.fail_by([&](int) {
            if (++calls == fails_at) throw Error(Code::unavailable, "once");
        });
        CommitQueue::Options options = quick(ack_store());
        options.ack = fails_at % 2 == 0 ? CommitQueue::Ack::store : CommitQueue::Ack::journal;
        start(options);
        const std::size_t letters = store_.letters().size();
        const std::string round = std::to_string(fails_at) + "-";
        for (int i = 0; i < 10; ++i) {
            const Result<Committed> answer = commit(put(items_, round + std::to_string(i), i == 4 ? -1 : i));
            EXPECT_EQ(answer.ok(), i != 4 || options.ack == CommitQueue::Ack::journal);
        }
        queue_->flush_and_wait();
        EXPECT_EQ(store_.letters().size(), letters + 1) << "fails at call " << fails_at;
        for (int i = 0; i < 10; ++i) EXPECT_EQ(store_.value("items", round + std::to_string(i)), i == 4 ? -1 : i);
        queue_->stop();
        crash();
    }
}

}  // namespace
}  // namespace cairn::core::test
