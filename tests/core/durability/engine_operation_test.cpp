#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/durability/operation_memory.hpp"
#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::HasSubstr;

class EngineOperation : public EngineTest {
protected:
    Commit operation(const std::string& actor, const std::string& id, std::int64_t value,
                     const std::string& answer = {}) {
        Commit made = put(items_, "k", value);
        made.by(actor).operation(id).answer(answer);
        return made;
    }
};

TEST_F(EngineOperation, ARepeatChangesNothingAndIsAnsweredAsTheFirst) {
    for (const CommitQueue::Options& options : {ack_store(), ack_journal()}) {
        start(options);
        const std::string name = options.ack == CommitQueue::Ack::store ? "store" : "journal";
        const Result<Committed> first = commit(operation("ann", name, 1, R"({"id":7})"));
        ASSERT_TRUE(first);
        EXPECT_FALSE(first.value().repeated);
        ASSERT_TRUE(commit(put(items_, "k", 2)));
        const Result<Committed> again = commit(operation("ann", name, 1, R"({"id":8})"));
        ASSERT_TRUE(again);
        EXPECT_TRUE(again.value().repeated);
        EXPECT_EQ(again.value().seq, first.value().seq);
        EXPECT_EQ(again.value().answer, R"({"id":7})");
        const Result<Committed> other = commit(operation("bob", name, 3));
        ASSERT_TRUE(other);
        EXPECT_FALSE(other.value().repeated) << "of another player it is another operation";
        queue_->flush_and_wait();
        EXPECT_EQ(store_.value("items", "k"), 3);
        queue_->stop();
        crash();
    }
}

TEST_F(EngineOperation, ARepeatWhileTheFirstIsInFlightSharesItsFate) {
    start(ack_store());
    store_.hold();
    Answers answers;
    queue_->commit(operation("ann", "good", 1, "\"x\""), answers.next());
    queue_->commit(operation("ann", "good", 1), answers.next());
    queue_->commit(operation("ann", "bad", -1), answers.next());
    queue_->commit(operation("ann", "bad", -1), answers.next());
    EXPECT_EQ(answers.answered(), 0);
    store_.release();
    answers.wait(4);
    ASSERT_TRUE(answers[0] && answers[1]);
    EXPECT_FALSE(answers[0].value().repeated);
    EXPECT_TRUE(answers[1].value().repeated);
    EXPECT_EQ(answers[1].value().seq, answers[0].value().seq);
    EXPECT_EQ(answers[1].value().answer, "\"x\"");
    EXPECT_EQ(answers[2].error().code(), Code::conflict);
    EXPECT_EQ(answers[3].error().code(), Code::conflict);
    const Result<Committed> mended = commit(operation("ann", "bad", 5));
    ASSERT_TRUE(mended) << "what was refused may be tried again";
    EXPECT_FALSE(mended.value().repeated);
    EXPECT_EQ(store_.value("items", "k"), 5);
}

TEST_F(EngineOperation, OperationsAreKnownAfterARestart) {
    start(ack_journal());
    const std::uint64_t seq = commit(operation("ann", "once", 1, "\"first\"")).value().seq;
    ASSERT_TRUE(commit(operation("ann", "bad", -1)));
    crash();
    start(ack_journal());
    const Result<Committed> again = commit(operation("ann", "once", 9));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again.value().repeated);
    EXPECT_EQ(again.value().seq, seq);
    EXPECT_EQ(again.value().answer, "\"first\"");
    queue_->stop();
    crash();
    start(ack_journal());
    EXPECT_FALSE(commit(operation("ann", "bad", 3)).value().repeated) << "it was refused in the end";
    EXPECT_TRUE(commit(operation("ann", "once", 9)).value().repeated);
}

TEST_F(EngineOperation, CoalescedCommitsAreRememberedWhileTheServerRuns) {
    CommitQueue::Options options = ack_journal();
    options.coalesce = Duration(1);
    start(options);
    ASSERT_TRUE(commit(std::move(operation("ann", "drag", 1).coalesced())));
    const Result<Committed> again = commit(std::move(operation("ann", "drag", 2).coalesced()));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again.value().repeated);
}

TEST_F(EngineOperation, LongIdsAndAnswersAreRefused) {
    start(ack_journal());
    const Result<Committed> id = commit(operation("ann", std::string(129, 'x'), 1));
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code(), Code::invalid_field);
    EXPECT_EQ(commit(operation("ann", "a", 1, std::string(1025, '1'))).error().code(), Code::invalid_field);
    EXPECT_TRUE(commit(operation("ann", std::string(128, 'x'), 1, std::string(1024, '1'))));
}

TEST_F(EngineOperation, TransientCommitsAreAnsweredAtOnceAndNeverWritten) {
    start(ack_store());
    Collection presence{"test", "presence", "who is here", Durability::transient};
    bool answered = false;
    queue_->commit(std::move(put(items_, "a", 1).of(presence)),
                   [&](Result<Committed> result) { answered = result.ok(); });
    EXPECT_TRUE(answered);
    queue_->flush_and_wait();
    EXPECT_EQ(store_.seq(), 0);
}

TEST(OperationMemory, IsBoundedInTimeAndBytes) {
    OperationMemory memory(Duration(1000), 10 * OperationMemory::weight(""));
    const OperationMemory::Instant start{std::chrono::seconds(100)};
    Committed known;
    for (int i = 0; i < 25; ++i) {
        const OperationKey key = memory.key("ann", std::to_string(i));
        memory.begin(key);
        EXPECT_EQ(memory.look(key, known), OperationMemory::Seen::in_flight);
        memory.commit(key, static_cast<std::uint64_t>(i), {}, start);
    }
    EXPECT_EQ(memory.size(), 10);
    EXPECT_EQ(memory.take_forgotten_early(), 15);
    EXPECT_EQ(memory.look(memory.key("ann", "14"), known), OperationMemory::Seen::never);
    EXPECT_EQ(memory.look(memory.key("ann", "15"), known), OperationMemory::Seen::committed);
    EXPECT_EQ(known.seq, 15);
    const OperationKey late = memory.key("ann", "late");
    memory.commit(late, 99, {}, start + std::chrono::milliseconds(1001));
    EXPECT_EQ(memory.size(), 1);
    EXPECT_EQ(memory.take_forgotten_early(), 0) << "their time was over";
}

TEST(OperationMemory, KeysTellActorsAndIdsApart) {
    OperationMemory memory(Duration(1000), 1000);
    EXPECT_EQ(memory.key("ann", "x"), memory.key("ann", "x"));
    EXPECT_FALSE(memory.key("ann", "x") == memory.key("an", "nx"));
    EXPECT_FALSE(memory.key("", "annx") == memory.key("annx", ""));
    const OperationMemory other(Duration(1000), 1000);
    EXPECT_FALSE(memory.key("ann", "x") == other.key("ann", "x")) << "nobody can compute them beforehand";
}

}  // namespace
}  // namespace cairn::core::test
