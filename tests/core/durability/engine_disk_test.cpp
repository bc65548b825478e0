#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>

#include "tests/core/durability/engine_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A disk that is full or broken when a test says so.
class EngineDisk : public EngineTest {
protected:
    CommitQueue::Options on_this_disk(CommitQueue::Options options) {
        options.retry_full = Duration(20);
        options.look_at_disk = Duration(5);
        options.before_journal = [this](const char* call) {
            if (full_ && std::string_view(call) == "append") {
                throw JournalError(JournalError::Kind::full, "no space left in /secret/journal");
            }
            if (broken_ == call) throw JournalError(JournalError::Kind::failed, "fdatasync: Input/output error");
        };
        options.disk_space = [this]() -> std::optional<DiskSpace> { return DiskSpace{1000 * kMiB, free_ * kMiB}; };
        options.on_damage = [this](const std::string& why) {
            why_ = why;
            ++damages_;
        };
        return options;
    }
    static constexpr std::uint64_t kMiB = 1u << 20;
    std::atomic<bool> full_{false};
    std::atomic<std::uint64_t> free_{500};
    std::string broken_;  // set before the commit that meets it
    std::string why_;
    std::atomic<int> damages_{0};
};

TEST_F(EngineDisk, AFullDiskRefusesAndRecoversByItself) {
    CommitQueue::Options options = on_this_disk(ack_journal());
    options.coalesce = Duration(1);
    start(options);
    ASSERT_TRUE(commit(put(items_, "before", 1)));
    full_ = true;
    const Result<Committed> refused = commit(put(items_, "lost", 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::unavailable);
    EXPECT_THAT(refused.error().what(), HasSubstr("the disk is full"));
    EXPECT_THAT(refused.error().what(), Not(HasSubstr("/secret")));
    EXPECT_GT(refused.error().retry_after().count(), 0);
    EXPECT_THAT(queue_->trouble(), HasSubstr("/secret/journal"));
    EXPECT_FALSE(commit(put(items_, "lost", 2)));
    Answers answers;
    queue_->commit(std::move(put(items_, "moving", 1).coalesced()), answers.next());
    queue_->commit(std::move(put(items_, "moving", 2).coalesced()), answers.next());
    EXPECT_THROW(queue_->flush_and_wait(), Error);
    Collection presence{"test", "presence", "who is here", Durability::transient};
    EXPECT_TRUE(commit(std::move(put(items_, "here", 1).of(presence)))) << "needs no disk";
    EXPECT_EQ(answers.answered(), 0) << "positions wait";
    full_ = false;
    wait_for([&] { return queue_->trouble().empty(); });  // nobody has to try
    EXPECT_TRUE(commit(put(items_, "after", 1)));
    answers.wait(2);
    EXPECT_TRUE(answers[0]);
    queue_->flush_and_wait();
    EXPECT_EQ(store_.value("items", "moving"), 2);
    EXPECT_EQ(store_.value("items", "lost"), -1);
    EXPECT_EQ(store_.value("items", "after"), 1);
}

TEST_F(EngineDisk, AFullDiskIsTriedAgainWhenNothingWaits) {
    start(on_this_disk(ack_journal()));
    full_ = true;
    EXPECT_FALSE(commit(put(items_, "a", 1)));
    full_ = false;
    wait_for([&] { return queue_->trouble().empty(); });
    EXPECT_TRUE(commit(put(items_, "a", 1)));
    queue_->stop();
    EXPECT_EQ(store_.note("clean"), "yes");
}

TEST_F(EngineDisk, StopWithAFullDiskAnswersEverybody) {
    CommitQueue::Options options = on_this_disk(ack_journal());
    options.coalesce = kNever;
    start(options);
    ASSERT_TRUE(commit(put(items_, "kept", 1)));
    full_ = true;
    Answers answers;
    queue_->commit(std::move(put(items_, "a", 1).coalesced()), answers.next());
    queue_->stop();
    ASSERT_EQ(answers.answered(), 1);
    EXPECT_FALSE(answers[0]);
    EXPECT_EQ(store_.value("items", "kept"), 1) << "what was in the journal is applied all the same";
}

TEST_F(EngineDisk, AnAlmostFullDiskRefusesBeforeItIsTooLate) {
    start(on_this_disk(ack_journal()));
    ASSERT_TRUE(commit(put(items_, "a", 1)));
    free_ = 140;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ASSERT_TRUE(commit(put(items_, "a", 2))) << "a warning, no more";
    free_ = 15;
    wait_for([&] { return !queue_->trouble().empty(); });
    const Result<Committed> refused = commit(put(items_, "a", 3));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what(), HasSubstr("almost full"));
    free_ = 500;
    wait_for([&] { return queue_->trouble().empty(); });
    EXPECT_TRUE(commit(put(items_, "a", 4)));
}

/// Somebody drags an object for hours.
TEST_F(EngineDisk, WhoWaitsForRowsThatCannotBeWrittenIsBounded) {
    CommitQueue::Options options = on_this_disk(ack_journal());
    options.queue_bytes = 100000;
    start(options);
    free_ = 15;
    wait_for([&] { return !queue_->trouble().empty(); });
    Answers answers;
    constexpr int kMany = 5000;
    for (int i = 0; i < kMany; ++i) queue_->commit(std::move(put(items_, "moving", i).coalesced()), answers.next());
    EXPECT_GT(answers.answered(), kMany / 2) << "refused at once, to come again later";
    EXPECT_LT(answers.answered(), kMany);
    free_ = 500;
    answers.wait(kMany);
    int kept = 0;
    for (int i = 0; i < kMany; ++i) kept += answers[static_cast<std::size_t>(i)] ? 1 : 0;
    EXPECT_GT(kept, 0);
    EXPECT_TRUE(commit(put(items_, "moving", kMany)));
    queue_->flush_and_wait();
    EXPECT_EQ(store_.value("items", "moving"), kMany);
}

TEST_F(EngineDisk, AfterAFailedSyncNothingIsAcknowledgedAndTheHostIsTold) {
    for (const std::string call : {"append", "sync"}) {
        for (const CommitQueue::Options& base : {ack_journal(), ack_store()}) {
            damages_ = 0;
            broken_.clear();
            start(on_this_disk(base));
            const std::uint64_t before = commit(put(items_, "before " + call, 1)).value().seq;
            broken_ = call;
            const Result<Committed> unknown = commit(put(items_, "unknown", 1));
            ASSERT_FALSE(unknown);
            EXPECT_EQ(unknown.error().code(), Code::internal);
            EXPECT_THAT(unknown.error().what(), Not(HasSubstr("fdatasync"))) << "players may see this";
            wait_for([&] { return damages_ == 1; });
            EXPECT_THAT(why_, HasSubstr("fdatasync: Input/output error"));
            EXPECT_THAT(queue_->trouble(), HasSubstr("fdatasync"));
            broken_.clear();
            EXPECT_FALSE(commit(put(items_, "after", 1)));
            EXPECT_FALSE(commit(std::move(put(items_, "after", 1).coalesced())));
            EXPECT_THROW(queue_->flush_and_wait(), Error);
            queue_->stop();
            EXPECT_EQ(damages_, 1);
            EXPECT_EQ(store_.note("clean"), "no") << "crash only: the next start looks";
            crash();
            start(on_this_disk(base));
            EXPECT_GE(store_.seq(), before);
            EXPECT_EQ(store_.value("items", "before " + call), 1);
            EXPECT_EQ(store_.value("items", "after"), -1);
            EXPECT_TRUE(commit(put(items_, "mended", 1)));
            queue_->stop();
            crash();
        }
    }
}

TEST_F(EngineDisk, ARefusalWaitsForRoomInTheJournalBeforeItIsBuried) {
    CommitQueue::Options options = on_this_disk(ack_journal());
    options.apply_every = Duration(1);
    std::atomic<int> appends{0};
    const auto inner = options.before_journal;
    options.before_journal = [&, inner](const char* call) {
        if (std::string_view(call) == "append" && ++appends == 2) full_ = true;  // the note of the refusal
        inner(call);
    };
    start(options);
    ASSERT_TRUE(commit(put(items_, "bad", -1)));
    wait_for([&] { return !queue_->trouble().empty(); });
    EXPECT_TRUE(store_.letters().empty());
    full_ = false;
    wait_for([&] { return store_.letters().size() == 1; });
    EXPECT_TRUE(commit(put(items_, "good", 1)));
}

TEST_F(EngineDisk, TheJournalStaysWithinItsLimitAsLongAsTheStoreFollows) {
    journal_max_bytes_ = 4 * kMiB;
    CommitQueue::Options options = ack_store();
    options.journal_max_bytes = journal_max_bytes_;
    start(options);
    const std::string padding(2000, 'x');
    Answers answers;
    for (std::size_t round = 0; round < 20; ++round) {
        for (int i = 0; i < 150; ++i) queue_->commit(put(items_, padding + std::to_string(i), 1), answers.next());
        answers.wait((round + 1) * 150);
    }
    for (std::size_t i = 0; i < 20 * 150; ++i) ASSERT_TRUE(answers[i]) << i << ": " << answers[i].error().what();
    EXPECT_LE(journal_->bytes(), journal_max_bytes_);
    EXPECT_GT(journal_->first(), 1);
    // What the store does not hold is never given up.
    store_.fail_by([](int) { throw Error(Code::unavailable, "gone"); });
    bool refused = false;
    const std::uint64_t held = store_.seq();
    for (int i = 0; i < 5000 && !refused; ++i) refused = !commit(put(items_, padding + std::to_string(i), 2));
    EXPECT_TRUE(refused);
    EXPECT_LE(journal_->first(), held + 1);
    store_.fail_by({});
}

TEST_F(EngineDisk, AJumpOfTheClockBackwardsDisturbsNothing) {
    class JumpingClock final : public Clock {
    public:
        WallTime wall() const noexcept override { return now.load(); }
        std::chrono::steady_clock::time_point steady() const noexcept override {
            return std::chrono::steady_clock::now();
        }
        std::atomic<WallTime> now{1700000000000};
    };
    JumpingClock clock;
    CommitQueue::Options options = ack_journal();
    options.journal_folder = journal_folder();
    open_journal();
    const std::vector<const TableSpec*> tables{&items_spec_, &others_spec_};
    queue_ = std::make_unique<CommitQueue>(options, background_, clock, metrics_);
    queue_->start(store_, *journal_, tables);
    ASSERT_TRUE(commit(std::move(put(items_, "a", 1).by("ann").operation("one"))));
    clock.now -= 86400000;
    EXPECT_EQ(commit(put(items_, "a", 2)).value().seq, 2);
    EXPECT_TRUE(commit(std::move(put(items_, "a", 3).by("ann").operation("one"))).value().repeated);
    crash();
    start(ack_journal());
    EXPECT_EQ(store_.value("items", "a"), 2) << "numbers order, not times";
}

}  // namespace
}  // namespace cairn::core::test
