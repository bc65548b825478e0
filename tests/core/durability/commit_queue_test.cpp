#include "core/durability/commit_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "core/durability/dead_letter.hpp"
#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;

using CommitQueueTest = EngineTest;

TEST_F(CommitQueueTest, AnswersOnceTheStoreHasIt) {
    store_.begin_at(41);
    start(ack_store());
    const Result<Committed> first = commit(put(items_, "a", 1));
    ASSERT_TRUE(first);
    EXPECT_EQ(first.value().seq, 42);
    EXPECT_EQ(store_.value("items", "a"), 1);
    EXPECT_EQ(commit(erase(items_, "a")).value().seq, 43);
    EXPECT_THAT(store_.state(), IsEmpty());
    EXPECT_EQ(queue_->trouble(), "");
}

TEST_F(CommitQueueTest, ACommitWithoutChangesIsAnsweredInItsTurn) {
    start(ack_store());
    EXPECT_EQ(commit(Commit()).value().seq, 1);
    Commit coalesced;
    coalesced.coalesced();
    EXPECT_EQ(commit(std::move(coalesced)).value().seq, 2);
}

TEST_F(CommitQueueTest, GroupsWhatHasComeMeanwhileAndAnswersInOrder) {
    CommitQueue::Options options = ack_store();
    options.group = 64;
    start(options);
    store_.hold();
    Answers answers;
    queue_->commit(put(items_, "first", 1), answers.next());
    store_.wait_for_calls(1);
    for (int i = 0; i < 1000; ++i) queue_->commit(put(items_, "k" + std::to_string(i), i), answers.next());
    EXPECT_EQ(answers.answered(), 0);
    store_.release();
    answers.wait(1001);
    for (std::size_t i = 0; i < 1001; ++i) {
        EXPECT_EQ(answers.order()[i], i);
        EXPECT_EQ(answers[i].value().seq, i + 1);
    }
    EXPECT_LE(store_.commits().size(), 40) << "what has come meanwhile is written together";
}

TEST_F(CommitQueueTest, AGroupIsBoundedInCommitsAndBytesButTakesOneLargeCommit) {
    CommitQueue::Options options = ack_journal();
    options.group = 16;
    options.group_bytes = 8000;
    std::atomic<int> syncs{0};
    std::promise<void> go;
    std::shared_future<void> gone = go.get_future().share();
    options.before_journal = [&](const char* call) {
        if (std::string_view(call) == "sync") ++syncs;
        if (std::string_view(call) == "append" && syncs == 0) gone.wait();
    };
    start(options);
    Answers answers;
    queue_->commit(put(items_, "first", 1), answers.next());
    wait_for([&] { return queue_->statistics()["queued"].integer_or(0) == 1; });
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // the first is on its way alone
    for (int i = 0; i < 3; ++i) {
        Commit large;
        for (int row = 0; row < 100; ++row) items_.put(large, Item{"k" + std::to_string(row), i});
        queue_->commit(std::move(large), answers.next());
    }
    for (int i = 0; i < 32; ++i) queue_->commit(put(items_, "s" + std::to_string(i), 1), answers.next());
    go.set_value();
    answers.wait(36);
    EXPECT_GE(syncs, 1 + 3 + 2);
    EXPECT_LE(syncs, 1 + 3 + 4);
}

TEST_F(CommitQueueTest, OfEachKeyOnlyTheLastRowOfAGroupIsWritten) {
    start(ack_store());
    store_.hold();
    Answers answers;
    queue_->commit(put(items_, "first", 1), answers.next());
    store_.wait_for_calls(1);
    for (int i = 0; i < 50; ++i) queue_->commit(put(items_, "k", i), answers.next());
    queue_->commit(put(others_, "k", 1), answers.next());
    queue_->commit(put(items_, "gone", 1), answers.next());
    queue_->commit(erase(items_, "gone"), answers.next());
    store_.release();
    answers.wait(54);
    EXPECT_LE(store_.commits().size(), 5);
    const std::vector<std::size_t> rows = store_.rows();
    EXPECT_LE(std::accumulate(rows.begin(), rows.end(), std::size_t{0}), 10) << "54 changes of 4 keys";
    EXPECT_EQ(store_.value("items", "k"), 49);
    EXPECT_EQ(store_.value("items", "gone"), -1);
}

TEST_F(CommitQueueTest, OnlyTheGuiltyCommitsOfAGroupAreRefused) {
    start(ack_store());
    store_.hold();
    Answers answers;
    queue_->commit(put(items_, "first", 1), answers.next());
    store_.wait_for_calls(1);
    for (int i = 0; i < 200; ++i) {
        Commit commit;
        items_.put(commit, Item{"k" + std::to_string(i), 1});
        others_.put(commit, Item{"k" + std::to_string(i), i == 37 || i == 38 || i == 199 ? -1 : 1});
        queue_->commit(std::move(commit), answers.next());
    }
    store_.release();
    answers.wait(201);
    for (int i = 0; i < 200; ++i) {
        const Result<Committed> answer = answers[static_cast<std::size_t>(i) + 1];
        const std::string id = "k" + std::to_string(i);
        if (i == 37 || i == 38 || i == 199) {
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().code(), Code::conflict);
            EXPECT_STREQ(answer.error().what(), "value must not be negative");
            EXPECT_EQ(store_.value("items", id), -1) << "a refused commit left a row behind";
        } else {
            ASSERT_TRUE(answer) << i;
            EXPECT_EQ(answer.value().seq, static_cast<std::uint64_t>(i) + 2);
            EXPECT_EQ(store_.value("others", id), 1);
        }
    }
    EXPECT_EQ(store_.seq(), 201);
    ASSERT_EQ(store_.letters().size(), 3);
    EXPECT_EQ(store_.letters()[0].seq, 39);
    EXPECT_EQ(store_.letters()[0].reason, "value must not be negative");
    const Document changes = Document::parse_json(store_.letters()[0].changes);
    ASSERT_EQ(changes.size(), 2);
    EXPECT_EQ(changes.items()[1]["table"].text(), "others");
    EXPECT_EQ(changes.items()[1]["row"]["value"].integer_or(0), -1);
    EXPECT_THAT(metrics_.text(), HasSubstr("cairn_storage_dead_letters_total 3"));
    EXPECT_THAT(answers.order(), testing::WhenSorted(testing::ContainerEq(answers.order()))) << "answered in order";
    EXPECT_EQ(queue_->trouble(), "") << "a refused row is no trouble of the store";
}

TEST_F(CommitQueueTest, CoalescedRowsAreWrittenOnceWithTheNewestValue) {
    CommitQueue::Options options = ack_store();
    options.coalesce = kNever;
    start(options);
    for (int i = 0; i < 1000; ++i)
        queue_->commit(std::move(put(items_, "k" + std::to_string(i % 10), i).coalesced()), {});
    EXPECT_THAT(store_.commits(), IsEmpty());
    EXPECT_EQ(queue_->statistics()["queued"].integer_or(0), 10);
    queue_->stop();
    EXPECT_THAT(store_.rows(), ElementsAre(10));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(store_.value("items", "k" + std::to_string(i)), 990 + i);
}

TEST_F(CommitQueueTest, CoalescedRowsAreFlushedByThemselvesAndThenAnswered) {
    CommitQueue::Options options = ack_store();
    options.coalesce = Duration(5);
    start(options);
    Answers answers;
    Commit pair = put(items_, "a", 1);
    others_.put(pair, Item{"b", 2});
    queue_->commit(std::move(pair.coalesced()), answers.next());
    queue_->commit(std::move(put(items_, "a", 3).coalesced()), answers.next());
    answers.wait(2);
    EXPECT_TRUE(answers[0]);
    EXPECT_TRUE(answers[1]);
    EXPECT_EQ(store_.value("items", "a"), 3);
    EXPECT_EQ(store_.value("others", "b"), 2);
}

TEST_F(CommitQueueTest, RowsOfOneCoalescedCommitComeTogether) {
    CommitQueue::Options options = ack_store();
    options.coalesce = kNever;
    start(options);
    Commit pair = put(items_, "a", 1);
    others_.put(pair, Item{"b", -1});  // refused, and so its companion
    Answers answers;
    queue_->commit(std::move(pair.coalesced()), answers.next());
    queue_->commit(std::move(put(items_, "alone", 5).coalesced()), answers.next());
    queue_->stop();
    ASSERT_EQ(answers.answered(), 2);
    EXPECT_FALSE(answers[0]);
    EXPECT_TRUE(answers[1]);
    EXPECT_EQ(store_.value("items", "a"), -1);
    EXPECT_EQ(store_.value("items", "alone"), 5);
}

TEST_F(CommitQueueTest, ADurableCommitTakesThePlaceOfAWaitingRow) {
    CommitQueue::Options options = ack_store();
    options.coalesce = kNever;
    start(options);
    queue_->commit(std::move(put(items_, "a", 1).coalesced()), {});
    ASSERT_TRUE(commit(put(items_, "a", 2)));
    EXPECT_EQ(store_.value("items", "a"), 2);
    queue_->commit(std::move(put(items_, "a", 3).coalesced()), {});
    queue_->stop();
    EXPECT_EQ(store_.value("items", "a"), 3) << "what came later wins";
}

TEST_F(CommitQueueTest, ARefusedDurableCommitDoesNotTakeAWaitingRowAlong) {
    CommitQueue::Options options = ack_store();
    options.coalesce = kNever;
    start(options);
    queue_->commit(std::move(put(items_, "a", 1).coalesced()), {});
    EXPECT_FALSE(commit(put(items_, "a", -2)));
    EXPECT_EQ(store_.value("items", "a"), 1);
}

TEST_F(CommitQueueTest, DamageEndsTheWorkAndIsToldOnce) {
    store_.fail_by([](int) { throw Error(Code::internal, "page 7 is not what it was"); });
    std::atomic<int> told{0};
    CommitQueue::Options options = ack_store();
    options.on_damage = [&](const std::string& why) {
        EXPECT_THAT(why, HasSubstr("page 7 is not what it was"));
        ++told;
    };
    start(options);
    EXPECT_TRUE(commit(put(items_, "a", 1))) << "the journal has it, and the next start brings it back";
    wait_for([&] { return told == 1; });
    EXPECT_THAT(queue_->trouble(), HasSubstr("page 7"));
    store_.fail_by({});
    EXPECT_FALSE(commit(put(items_, "b", 1)));
    EXPECT_FALSE(commit(std::move(put(items_, "c", 1).coalesced())));
    queue_->stop();
    EXPECT_EQ(told, 1);
    EXPECT_THAT(store_.state(), IsEmpty());
    EXPECT_EQ(store_.note("clean"), "no");
    crash();
    start(ack_store());
    EXPECT_EQ(store_.value("items", "a"), 1);
    EXPECT_EQ(store_.value("items", "b"), -1);
}

TEST_F(CommitQueueTest, ADeadLetterThatTheStoreRefusesIsInNobodysWay) {
    // Call 1 is the row that it refuses, call 2 the letter.
    store_.fail_by([](int call) {
        if (call == 2) throw Error(Code::conflict, "a row is too large");
    });
    start(ack_store());
    EXPECT_EQ(commit(put(items_, "bad", -1)).error().code(), Code::conflict);
    EXPECT_EQ(queue_->trouble(), "");
    EXPECT_TRUE(commit(put(items_, "good", 1)));
    EXPECT_EQ(store_.seq(), 2);
    EXPECT_THAT(store_.letters(), IsEmpty());
}

TEST(DeadLetters, OfVeryManyChangesTheFirstAreKept) {
    const TableSpec table = item_table("items");
    PendingCommit commit;
    commit.seq = 7;
    const std::string row = "\"" + std::string(6u << 20U, 'x') + "\"";
    for (int i = 0; i < 4; ++i) commit.changes.push_back({&table, "{\"id\":" + std::to_string(i) + "}", row});
    const services::DeadLetter letter = dead_letter(commit, "no");
    EXPECT_LT(letter.changes.size(), 16u << 20U);
    EXPECT_EQ(Document::parse_json(letter.changes).size(), 2);
    EXPECT_THAT(letter.reason, HasSubstr("the first 2 of 4 changes"));
    EXPECT_THAT(letter.reason, HasSubstr("--seq 7"));
    commit.changes.resize(2);
    EXPECT_EQ(dead_letter(commit, "no").reason, "no");
}

TEST_F(CommitQueueTest, AnUnknownExceptionOfTheStoreCountsAsDamage) {
    store_.fail_by([](int) { throw std::logic_error("oops"); });
    start(ack_store());
    EXPECT_TRUE(commit(put(items_, "a", 1)));
    wait_for([&] { return !queue_->trouble().empty(); });
    EXPECT_THAT(queue_->trouble(), HasSubstr("oops"));
}

TEST_F(CommitQueueTest, AFullQueueRefusesAtOnceButReplacesCoalescedRows) {
    CommitQueue::Options options = ack_store();
    options.queue_commits = 10;
    options.coalesce = kNever;
    start(options);
    queue_->commit(std::move(put(items_, "moving", 0).coalesced()), {});
    store_.hold();
    Answers answers;
    for (int i = 0; i < 9; ++i) queue_->commit(put(items_, std::to_string(i), 1), answers.next());
    bool refused = false;
    queue_->commit(put(items_, "too much", 1),
                   [&](Result<Committed> result) { refused = !result && result.error().code() == Code::unavailable; });
    EXPECT_TRUE(refused);
    refused = false;
    queue_->commit(std::move(put(items_, "new", 1).coalesced()), [&](Result<Committed> result) { refused = !result; });
    EXPECT_TRUE(refused);
    queue_->commit(std::move(put(items_, "moving", 77).coalesced()), {});
    store_.release();
    answers.wait(9);
    queue_->stop();
    EXPECT_EQ(store_.value("items", "moving"), 77);
}

TEST_F(CommitQueueTest, TheBytesOfTheQueueAreBounded) {
    CommitQueue::Options options = ack_store();
    options.queue_bytes = 10000;
    start(options);
    store_.hold();
    Answers answers;
    queue_->commit(put(items_, std::string(3000, 'x'), 1), answers.next());
    queue_->commit(put(items_, std::string(3000, 'y'), 1), answers.next());
    ASSERT_EQ(answers.answered(), 1);
    EXPECT_FALSE(answers[1]);
    store_.release();
    answers.wait(2);
    EXPECT_TRUE(answers[0]);
}

TEST_F(CommitQueueTest, WhatWouldNeverGetInIsNotToldToComeAgain) {
    CommitQueue::Options options = ack_store();
    options.queue_bytes = 10000;
    start(options);
    EXPECT_EQ(commit(put(items_, std::string(12000, 'x'), 1)).error().code(), Code::too_large);
    EXPECT_EQ(commit(std::move(put(items_, std::string(12000, 'x'), 1).coalesced())).error().code(), Code::too_large);
    EXPECT_TRUE(commit(put(items_, "a", 1)));
}

TEST_F(CommitQueueTest, WhatTheJournalCannotTakeAsOneIsRefusedAndTheJournalGoesOn) {
    CommitQueue::Options options = ack_store();
    options.queue_bytes = 4ull << 30;
    start(options);
    Commit huge = put(items_, "huge", 1);
    huge.changes().front().row.assign((1u << 30U) + 1, ' ');
    EXPECT_EQ(commit(std::move(huge)).error().code(), Code::too_large);
    EXPECT_EQ(queue_->trouble(), "");
    EXPECT_TRUE(commit(put(items_, "a", 1)));
}

TEST_F(CommitQueueTest, RefusesBeforeTheStartAndAfterTheEnd) {
    make(ack_store());
    EXPECT_THAT(queue_->trouble(), HasSubstr("not been opened"));
    EXPECT_EQ(commit(put(items_, "a", 1)).error().code(), Code::unavailable);
    start_made();
    EXPECT_TRUE(commit(put(items_, "a", 1)));
    queue_->stop();
    EXPECT_EQ(commit(put(items_, "a", 2)).error().code(), Code::unavailable);
    EXPECT_THAT(queue_->trouble(), HasSubstr("closed"));
    queue_->stop();
    EXPECT_EQ(store_.value("items", "a"), 1);
}

/// Whoever stops the engine closes the store next.
TEST_F(CommitQueueTest, StopWaitsForWhoReadsAndGivesNobodyAPart) {
    start(ack_store());
    store_.hold();
    Result<Rows> rows = Error(Code::internal, "not answered");
    std::thread reader([&] {
        queue_->query({"wait", {Document("a"), Document("b")}}, [&](Result<Rows> result) { rows = std::move(result); });
    });
    store_.wait_for_calls(1);
    std::atomic<bool> stopped{false};
    std::thread stopper([&] {
        queue_->stop();
        stopped = true;
    });
    wait_for([&] { return queue_->trouble() == "the store has been closed"; });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(stopped) << "somebody still reads";
    EXPECT_EQ(store_.reading(), 1);
    store_.release();
    stopper.join();
    EXPECT_EQ(store_.reading(), 0);
    reader.join();
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code(), Code::unavailable);
}

TEST_F(CommitQueueTest, StopWritesAllThatWasTaken) {
    start(ack_store());
    store_.hold();
    Answers answers;
    for (int i = 0; i < 3000; ++i) queue_->commit(put(items_, std::to_string(i), i), answers.next());
    std::thread stopper([&] { queue_->stop(); });
    store_.release();
    stopper.join();
    EXPECT_EQ(answers.answered(), 3000);
    EXPECT_EQ(store_.state().size(), 3000);
}

TEST_F(CommitQueueTest, ACompletionThatThrowsHurtsNobodyElse) {
    start(ack_store());
    queue_->commit(put(items_, "a", 1), [](Result<Committed>) { throw std::runtime_error("mine"); });
    queue_->commit(put(items_, "b", 1), [](Result<Committed>) { throw 7; });
    EXPECT_TRUE(commit(put(items_, "c", 1)));
}

TEST_F(CommitQueueTest, CompletionsMayCommitAgain) {
    start(ack_store());
    std::promise<std::uint64_t> done;
    queue_->commit(put(items_, "a", 1), [&](Result<Committed>) {
        queue_->commit(put(items_, "a", 2), [&](Result<Committed> second) { done.set_value(second.value().seq); });
    });
    EXPECT_EQ(done.get_future().get(), 2);
}

TEST_F(CommitQueueTest, CountsWhatItDoes) {
    start(ack_store());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(commit(put(items_, "a", i)));
    EXPECT_FALSE(commit(put(items_, "a", -1)));
    const Document statistics = queue_->statistics();
    EXPECT_EQ(statistics["processed"].integer_or(0), 5);
    EXPECT_EQ(statistics["queued"].integer_or(-1), 0);
    EXPECT_GT(statistics["averageLatency"].number_or(0), 0);
    EXPECT_THAT(metrics_.text(), HasSubstr("cairn_storage_commits_total{result=\"committed\"} 5"));
    EXPECT_THAT(metrics_.text(), HasSubstr("cairn_storage_commits_total{result=\"refused\"} 1"));
}

TEST_F(CommitQueueTest, QueriesGiveRowsAsMapsOrDecoded) {
    make(ack_store());
    std::optional<Result<Rows>> rows;
    queue_->query({"ask", {"a"}}, [&](Result<Rows> result) { rows = std::move(result); });
    ASSERT_TRUE(rows && !*rows) << "not before the start";
    EXPECT_EQ(rows->error().code(), Code::unavailable);
    start_made();
    queue_->query({"ask", {"a", "b"}}, [&](Result<Rows> result) { rows = std::move(result); });
    ASSERT_TRUE(*rows);
    EXPECT_THAT(rows->value(), ElementsAre(Document{{"id", "a"}, {"value", 7}}, Document{{"id", "b"}, {"value", 7}}));

    std::optional<Result<std::vector<Item>>> items;
    queue_->load<Item>({"ask", {"a", "b"}}, [&](Result<std::vector<Item>> result) { items = std::move(result); });
    ASSERT_TRUE(*items);
    ASSERT_EQ(items->value().size(), 2);
    EXPECT_EQ(items->value()[1].id, "b");
    EXPECT_EQ(items->value()[1].value, 7);

    queue_->load<Item>({"fail", {}}, [&](Result<std::vector<Item>> result) { items = std::move(result); });
    EXPECT_EQ(items->error().code(), Code::unavailable);
    queue_->load<Item>({"ask", {1}}, [&](Result<std::vector<Item>> result) { items = std::move(result); });
    EXPECT_THAT(items->error().what(), HasSubstr("column id"));
}

/// Whatever comes in whatever order, with refusals and with a store that fails at some call: what is in the store is
/// what the accepted commits make, one after the other.
class CommitQueueProperty : public EngineTest, public testing::WithParamInterface<unsigned> {};

TEST_P(CommitQueueProperty, TheStoreHoldsWhatTheAcceptedCommitsMake) {
    std::mt19937 random(GetParam());
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    const int fails_at = pick(20);
    store_.fail_by([&](int call) {
        if (call == fails_at) throw Error(Code::unavailable, "once");
    });
    CommitQueue::Options options;
    options.ack = pick(2) == 0 ? CommitQueue::Ack::store : CommitQueue::Ack::journal;
    options.apply_every = Duration(pick(10));
    options.apply_rows = static_cast<std::size_t>(pick(200));
    options.backlog_bytes = static_cast<std::size_t>(2000 + pick(60000));
    options.group = static_cast<std::size_t>(1 + pick(40));
    options.coalesce = Duration(pick(3));
    options.retry_min = Duration(1);
    start(options);
    struct Sent {
        std::vector<Change> changes;
        bool coalesced = false;
        bool bad = false;
    };
    std::vector<Sent> sent;
    Answers answers;
    for (int i = 0; i < 600; ++i) {
        Sent entry;
        Commit commit;
        entry.coalesced = pick(2) == 0;
        for (int change = pick(5) == 0 ? 2 : 0; change >= 0; --change) {
            const Table<Item>& table = pick(2) == 0 ? items_ : others_;
            const std::string id(1, static_cast<char>('a' + pick(6)));
            const bool bad = !entry.coalesced && pick(15) == 0;
            if (pick(4) == 0)
                table.erase(commit, Item{id, 0});
            else
                table.put(commit, Item{id, bad ? -1 : i});
            entry.bad = entry.bad || bad;
        }
        entry.changes = commit.changes();
        if (entry.coalesced) commit.coalesced();
        queue_->commit(std::move(commit), answers.next());
        sent.push_back(std::move(entry));
        if (pick(50) == 0) store_.hold();
        if (pick(10) == 0) store_.release();
        if (pick(100) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    store_.release();
    if (pick(2) == 0) {
        queue_->stop();
    } else {
        answers.wait(sent.size());
        crash();
        start(options);
    }
    ASSERT_EQ(answers.answered(), sent.size());
    std::set<std::uint64_t> buried;
    for (const services::DeadLetter& letter : store_.letters()) {
        EXPECT_TRUE(buried.insert(letter.seq).second) << "buried twice";
    }
    FakeStore::State expected;
    std::uint64_t last_seq = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const Result<Committed> answer = answers[i];
        if (!answer) {
            EXPECT_TRUE(answer.error().code() == Code::unavailable ||
                        (answer.error().code() == Code::conflict && sent[i].bad));
            continue;
        }
        if (!sent[i].coalesced) {
            EXPECT_GT(answer.value().seq, last_seq) << "numbers follow the order of the commits";
            last_seq = answer.value().seq;
        }
        if (!sent[i].coalesced && buried.contains(answer.value().seq)) {
            EXPECT_TRUE(sent[i].bad);
            continue;
        }
        for (const Change& change : sent[i].changes) {
            if (change.row.empty())
                expected.erase({change.table->name, change.key});
            else
                expected[{change.table->name, change.key}] = change.row;
        }
    }
    EXPECT_EQ(store_.state(), expected) << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Seeds, CommitQueueProperty, testing::Range(1U, 61U));

TEST_F(CommitQueueTest, ManyThreadsAtOnce) {
    start(ack_store());
    constexpr int kThreads = 8;
    constexpr int kEach = 300;
    std::atomic<int> accepted{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kEach; ++i) {
                const std::string id = std::to_string(t) + "-" + std::to_string(i);
                queue_->commit(std::move(put(others_, std::to_string(t), i).coalesced()), {});
                if (i % 3 == 0) {
                    accepted += commit(put(items_, id, i)).ok() ? 1 : 0;
                } else {
                    queue_->commit(put(items_, id, i),
                                   [&](Result<Committed> result) { accepted += result.ok() ? 1 : 0; });
                }
                if (i % 50 == 0) {
                    static_cast<void>(queue_->statistics());
                    static_cast<void>(queue_->trouble());
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    queue_->stop();
    EXPECT_EQ(accepted, kThreads * kEach);
    EXPECT_EQ(store_.state().size(), kThreads * kEach + kThreads);
    for (int t = 0; t < kThreads; ++t) EXPECT_EQ(store_.value("others", std::to_string(t)), kEach - 1);
}

}  // namespace
}  // namespace cairn::core::test
