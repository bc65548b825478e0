// Readers beside the writer.
#include <atomic>
#include <thread>

#include "tests/core/durability/journal_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::IsEmpty;

constexpr std::uint64_t kCommits = 6000;

/// A thread that is waited for, also when the test has failed.
class Beside {
public:
    template <class Work>
    explicit Beside(Work work) : thread_(std::move(work)) {}
    ~Beside() { join(); }
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    std::thread thread_;
};

/// Set at the end of a scope.
struct AtEnd {
    std::atomic<bool>& flag;
    ~AtEnd() { flag = true; }
};

class JournalReaderTest : public JournalTest {
protected:
    // Appends kCommits in groups of changing size.
    static void write_all(Journal& journal) {
        for (std::uint64_t seq = 1; seq <= kCommits;) {
            const std::uint64_t last = std::min(kCommits, seq + seq % 37);
            append(journal, seq, last, 60 + seq % 300);
            journal.sync();
            seq = last + 1;
        }
    }
};

TEST_F(JournalReaderTest, SeesWhatIsDurableInOrderWhileOthersWriteAndPrune) {
    Journal journal(options_, 1, 0);
    std::atomic<std::uint64_t> read_to{0};
    std::atomic<bool> ended{false};
    Beside writer([&] { write_all(journal); });
    Beside pruner([&] {
        while (!ended && read_to < kCommits) {
            journal.prune(read_to);
            static_cast<void>(journal.first() + journal.bytes());
            std::this_thread::yield();
        }
    });
    const AtEnd end{ended};
    JournalReader reader(folder(), 1);
    std::uint64_t expected = 1;
    while (expected <= kCommits) {
        const std::uint64_t limit = journal.durable();
        while (const JournalEntry* entry = reader.next(limit)) {
            ASSERT_LE(entry->seq, limit);
            ASSERT_EQ(entry->seq, expected);
            ASSERT_EQ(entry->actor, "player-" + std::to_string(expected));
            ++expected;
        }
        ASSERT_GT(expected, limit) << "what is durable can be read at once";
        read_to = expected - 1;
    }
    writer.join();
    pruner.join();
    journal.prune(kCommits);
    EXPECT_GT(journal.first(), 1u);
}

TEST_F(JournalReaderTest, AnotherProcessMayReadAndCheckAsFarAsItIsWritten) {
    Journal journal(options_, 1, 0);
    Beside writer([&] { write_all(journal); });
    JournalReader reader(folder(), 1);
    std::uint64_t expected = 1;
    std::uint64_t surveys = 0;
    while (expected <= kCommits) {
        while (const JournalEntry* entry = reader.next()) {
            ASSERT_EQ(entry->seq, expected);
            ASSERT_LE(entry->changes.size(), 2u);
            ++expected;
        }
        const JournalSurvey survey = survey_journal(folder());
        ASSERT_THAT(survey.reasons, IsEmpty());
        ASSERT_THAT(survey.lost, IsEmpty());
        ++surveys;
    }
    writer.join();
    EXPECT_GT(surveys, 0u);
    EXPECT_EQ(survey_journal(folder()).last(), kCommits);
}

TEST_F(JournalReaderTest, SaysSoWhenTheJournalWasPrunedAheadOfIt) {
    Journal journal(options_, 1, 0);
    append_singly(journal, 1, 100, 500);
    JournalReader reader(folder(), 1);
    EXPECT_EQ(reader.next()->seq, 1u);
    const auto segments = survey_journal(folder()).segments;
    ASSERT_GT(segments.size(), 3u);
    journal.prune(segments[1].last);
    // The open segment can be read to its end.
    std::uint64_t last = 1;
    try {
        while (const JournalEntry* entry = reader.next()) last = entry->seq;
        FAIL() << "a segment is missing";
    } catch (const JournalError& error) {
        EXPECT_EQ(error.kind(), JournalError::Kind::missing);
        ASSERT_EQ(error.lost().size(), 1u);
        EXPECT_EQ(error.lost()[0].first, segments[1].first);
        EXPECT_EQ(error.lost()[0].last, segments[1].last);
    }
    EXPECT_EQ(last, segments[0].last);
    EXPECT_EQ(reader.next()->seq, segments[2].first);
}

TEST_F(JournalReaderTest, IsMovable) {
    Journal journal(options_, 1, 0);
    append(journal, 1, 2);
    JournalReader one(folder(), 1);
    EXPECT_EQ(one.next()->seq, 1u);
    JournalReader two(std::move(one));
    EXPECT_EQ(two.next()->seq, 2u);
}

}  // namespace
}  // namespace cairn::core::test
