#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "core/durability/catch_up.hpp"
#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EngineRecovery : public EngineTest {
protected:
    /// What start() says; empty: it went well.
    std::string refusal(CommitQueue::Options options) {
        try {
            start(std::move(options));
        } catch (const Error& error) {
            queue_.reset();
            return error.what();
        }
        return {};
    }
    void journal_and_crash(int commits) {
        start(ack_journal());
        for (int i = 0; i < commits; ++i) ASSERT_TRUE(commit(put(items_, "k" + std::to_string(i), i)));
        crash();
    }
};

TEST_F(EngineRecovery, WhatWasAcknowledgedIsInTheStoreAfterACrash) {
    journal_and_crash(100);
    EXPECT_THAT(store_.state(), IsEmpty()) << "it was in the journal alone";
    start(ack_journal());
    for (int i = 0; i < 100; ++i) EXPECT_EQ(store_.value("items", "k" + std::to_string(i)), i);
    EXPECT_EQ(store_.seq(), 100);
    EXPECT_EQ(commit(put(items_, "next", 1)).value().seq, 101);
    crash();
    start(ack_journal());
    EXPECT_EQ(store_.seq(), 101);
}

TEST_F(EngineRecovery, ARestartAfterACleanEndReplaysNothing) {
    start(ack_journal());
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    EXPECT_EQ(store_.note("clean"), "no");
    queue_->stop();
    EXPECT_EQ(store_.note("clean"), "yes");
    EXPECT_EQ(store_.value("items", "a"), 1);
    crash();
    const int calls = store_.calls();
    start(ack_journal());
    EXPECT_EQ(store_.calls(), calls);
    EXPECT_EQ(store_.note("clean"), "no");
}

TEST_F(EngineRecovery, WhatWasRefusedIsBuriedAndNotAppliedAgain) {
    // The crash comes between the note in the journal and the dead letter.
    std::atomic<bool> down{false};
    std::atomic<int> tries{0};
    store_.fail_by([&](int) {
        if (down && ++tries > 1) throw Error(Code::unavailable, "gone");
    });
    CommitQueue::Options options = ack_store();
    options.on_storage_failure = CommitQueue::OnStorageFailure::spool;
    options.retry_min = options.retry_max = Duration(1);
    start(options);
    ASSERT_TRUE(commit(put(items_, "good", 1)));
    down = true;
    EXPECT_TRUE(commit(put(items_, "bad", -1))) << "answered from the journal, as the store is away";
    EXPECT_TRUE(commit(put(items_, "after", 2)));
    crash();
    EXPECT_THAT(store_.letters(), IsEmpty());
    down = false;
    int applied = 0;
    store_.fail_by([&](int) { ++applied; });
    start(options);
    ASSERT_EQ(store_.letters().size(), 1);
    EXPECT_EQ(store_.letters()[0].seq, 2);
    EXPECT_EQ(store_.letters()[0].reason, "value must not be negative") << "the journal kept the reason";
    EXPECT_EQ(store_.value("items", "after"), 2);
    EXPECT_EQ(store_.value("items", "bad"), -1);
    store_.fail_by({});
    crash();
    start(options);
    EXPECT_EQ(store_.letters().size(), 1) << "not again";
}

TEST_F(EngineRecovery, AConstraintMayRefuseDuringTheReplayToo) {
    start(ack_journal());
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(commit(put(items_, "k" + std::to_string(i), i == 3 ? -1 : i)));
    crash();
    start(ack_journal());
    EXPECT_EQ(store_.letters().size(), 1);
    EXPECT_EQ(store_.state().size(), 9);
    EXPECT_EQ(store_.seq(), 10);
}

TEST_F(EngineRecovery, AStoreThatIsAwayAtTheStartIsAClearRefusalAndNothingIsLost) {
    journal_and_crash(5);
    store_.fail_by([](int) { throw Error(Code::unavailable, "no connection to db.example"); });
    CommitQueue::Options options = ack_journal();
    options.retry_min = options.retry_max = Duration(1);
    EXPECT_THAT(refusal(options), HasSubstr("no connection to db.example"));
    store_.fail_by({});
    journal_.reset();
    EXPECT_EQ(refusal(ack_journal()), "");
    EXPECT_EQ(store_.state().size(), 5);
}

TEST_F(EngineRecovery, AStoreThatFailsAtAnyCallOfAReplayIsReplayedWhole) {
    for (int fails_at = 1; fails_at <= 8; ++fails_at) {
        start(ack_journal());
        const std::string round = std::to_string(fails_at) + "-";
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(commit(put(items_, round + std::to_string(i), i == 6 ? -1 : i)));
        crash();
        const std::size_t letters = store_.letters().size();
        int calls = 0;
        store_.fail_by([&](int) {
            if (++calls == fails_at) throw Error(Code::internal, "power cut");
        });
        static_cast<void>(refusal(ack_journal()));
        store_.fail_by({});
        crash();
        EXPECT_EQ(refusal(ack_journal()), "");
        for (int i = 0; i < 10; ++i) EXPECT_EQ(store_.value("items", round + std::to_string(i)), i == 6 ? -1 : i);
        EXPECT_EQ(store_.letters().size(), letters + 1);
        queue_->stop();
        crash();
    }
}

TEST_F(EngineRecovery, ATableThatNobodyDeclaresIsNamedWithTheCure) {
    start(ack_journal());
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    ASSERT_TRUE(commit(put(others_, "b", 1)));
    ASSERT_TRUE(commit(put(others_, "c", 1)));
    crash();
    open_journal();
    make(ack_journal());
    const std::vector<const TableSpec*> tables{&items_spec_};
    try {
        queue_->start(store_, *journal_, tables);
        FAIL() << "started without a plugin for table others";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("2 changes of table others"), HasSubstr("Load its plugin")));
    }
    EXPECT_THAT(store_.state(), IsEmpty()) << "nothing was applied";
    crash();
    EXPECT_EQ(refusal(ack_journal()), "");
    EXPECT_EQ(store_.value("others", "c"), 1);
}

TEST_F(EngineRecovery, AStoreAheadOfItsJournalGoesOnWithItsOwnNumbers) {
    start(ack_store());
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    queue_->stop();
    queue_.reset();
    store_.begin_at(50);
    open_journal();
    EXPECT_EQ(refusal(ack_store()), "");
    EXPECT_EQ(commit(put(items_, "b", 1)).value().seq, 51);
}

TEST_F(EngineRecovery, CommitsThatNobodyHasAreNamed) {
    journal_and_crash(20);
    start(ack_store());
    queue_->stop();
    queue_.reset();
    journal_.reset();
    std::filesystem::remove_all(journal_folder());
    store_.set_note("journal", "");
    open_journal();  // begins with 21
    make(ack_store());
    start_made();
    ASSERT_TRUE(commit(put(items_, "later", 1)));
    queue_->stop();
    queue_.reset();
    store_.begin_at(10);  // an older copy of the database was put in place
    EXPECT_THAT(refusal(ack_store()), AllOf(HasSubstr("11 to 20"), HasSubstr("allow_loss")));
    CommitQueue::Options options = ack_store();
    options.allow_loss = true;
    EXPECT_EQ(refusal(options), "");
    EXPECT_EQ(store_.seq(), 21);
}

TEST_F(EngineRecovery, AJournalThatIsGoneIsMissedUnlessTheEndWasClean) {
    journal_and_crash(3);
    std::filesystem::rename(journal_folder(), folder_ + "/elsewhere");
    const std::string missed = refusal(ack_journal());
    EXPECT_THAT(missed, AllOf(HasSubstr("is not in " + journal_folder()), HasSubstr("after commit 0")));
    journal_.reset();
    std::filesystem::remove_all(journal_folder());
    std::filesystem::rename(folder_ + "/elsewhere", journal_folder());
    EXPECT_EQ(refusal(ack_journal()), "");
    EXPECT_EQ(store_.state().size(), 3);
    queue_->stop();
    crash();
    std::filesystem::remove_all(journal_folder());
    EXPECT_EQ(refusal(ack_journal()), "") << "the end was clean: it held nothing more";
    EXPECT_EQ(commit(put(items_, "b", 1)).value().seq, 4);
}

TEST_F(EngineRecovery, AnotherDatabasesJournalIsRefused) {
    start(ack_journal());
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    queue_->stop();
    crash();
    store_.set_note("journal", "of somebody else");
    EXPECT_THAT(refusal(ack_journal()), AllOf(HasSubstr("of somebody else"), HasSubstr("another one")));
    CommitQueue::Options options = ack_journal();
    options.allow_loss = true;
    EXPECT_EQ(refusal(options), "");
    EXPECT_EQ(store_.note("journal"), journal_->id());
}

TEST_F(EngineRecovery, AStoreWithoutNotesWorksToo) {
    store_.keep_no_notes();
    journal_and_crash(3);
    start(ack_journal());
    EXPECT_EQ(store_.state().size(), 3);
}

struct Grown {
    std::string id;
    std::int64_t value = 0;
    std::string colour = "green";
    std::vector<std::int64_t> marks{1, 2};
    Vec3 at{0, 1.5, 0};
};
void describe(Fields<Grown>& f) {
    f(&Grown::id, "id", "the key");
    f(&Grown::value, "value", "what it holds");
    f(&Grown::colour, "colour", "came later");
    f(&Grown::marks, "marks", "came later");
    f(&Grown::at, "at", "came later");
}

TEST_F(EngineRecovery, RowsOfAnOlderPluginGetTheDefaultsOfNewColumns) {
    journal_and_crash(1);
    TableSpec grown{"items", {"id"}, &struct_type<Grown>(), "test"};
    open_journal();
    make(ack_journal());
    const std::vector<const TableSpec*> tables{&grown};
    queue_->start(store_, *journal_, tables);
    ASSERT_EQ(store_.state().size(), 1);
    const Document row = Document::parse_json(store_.state().begin()->second);
    EXPECT_EQ(row["value"].integer_or(-1), 0);
    EXPECT_EQ(row["colour"].text(), "green");
    EXPECT_EQ(row["marks"].size(), 2);
    EXPECT_EQ(row["at"].to_json(), Document::parse_json(to_json(Grown{}))["at"].to_json());
}

TEST(CompleteRow, AddsWhatIsMissingAndLeavesTheRestAsItIs) {
    std::string whole = R"({"id":"a","value":3,"colour":"red","marks":[],"at":[1,2,3]})";
    const std::string before = whole;
    complete_row(struct_type<Grown>(), whole);
    EXPECT_EQ(whole, before);
    std::string empty = "{}";
    complete_row(struct_type<Grown>(), empty);
    EXPECT_EQ(Document::parse_json(empty)["colour"].text(), "green");
    EXPECT_EQ(Document::parse_json(empty).size(), 5);
    std::string dropped = R"({"id":"a","gone":{"x":"}"}})";
    complete_row(struct_type<Grown>(), dropped);
    EXPECT_EQ(Document::parse_json(dropped)["gone"]["x"].text(), "}");
    EXPECT_EQ(Document::parse_json(dropped)["marks"].size(), 2);
    std::string wrong = "[1]";
    EXPECT_THROW(complete_row(struct_type<Grown>(), wrong), Error);
}

}  // namespace
}  // namespace cairn::core::test
