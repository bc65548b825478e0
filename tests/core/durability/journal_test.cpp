#include "core/durability/journal.hpp"

#include <sys/stat.h>

#include "tests/core/durability/journal_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

unsigned mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777u;
}

TEST_F(JournalTest, WhatWasWrittenIsReadBack) {
    Journal journal(options_, 1, 0);
    EXPECT_EQ(journal.last(), 0u);
    EXPECT_EQ(journal.first(), 1u);
    append(journal, 1, 3);
    EXPECT_EQ(journal.last(), 3u);
    EXPECT_EQ(journal.durable(), 0u);
    journal.sync();
    EXPECT_EQ(journal.durable(), 3u);
    refuse(journal, 2);
    append(journal, 4, 4);
    journal.sync();
    std::vector<OwnEntry> expected = commits(1, 3);
    OwnEntry refused;
    refused.seq = 3;
    refused.kind = JournalEntry::Kind::refused;
    refused.refers = 2;
    refused.time_us = 5;
    expected.push_back(refused);
    expected.push_back(commit_entry(4));
    EXPECT_EQ(read(), expected);
}

TEST_F(JournalTest, OneAtATimeHoldsAFolder) {
    {
        const Journal journal(options_, 1, 0);
        try {
            const Journal second(options_, 1, 0);
            FAIL() << "two write to one journal";
        } catch (const JournalError& error) {
            EXPECT_THAT(error.what(), HasSubstr("is in use by another process"));
        }
    }
    const Journal again(options_, 1, 0);
}

TEST_F(JournalTest, EveryPartOfAnEntryComesBack) {
    const std::string binary("a\0b\xff", 4);
    JournalEntry entry;
    entry.seq = 7;
    entry.time_us = -5;
    entry.actor = binary;
    entry.answer = "{\"x\":1}";
    entry.changes = {{"a", "ka", "ra"}, {"b", "kb", ""}, {"a", "", binary}};
    Journal journal(options_, 7, 6);
    journal.append({&entry, 1});
    JournalReader reader(folder(), 7);
    const JournalEntry* got = reader.next();
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(got->seq, 7u);
    EXPECT_EQ(got->time_us, -5);
    EXPECT_EQ(got->actor, binary);
    EXPECT_EQ(got->operation, "");
    EXPECT_EQ(got->answer, "{\"x\":1}");
    ASSERT_EQ(got->changes.size(), 3u);
    EXPECT_EQ(got->changes[0].table, "a");
    EXPECT_EQ(got->changes[0].row, "ra");
    EXPECT_EQ(got->changes[1].table, "b");
    EXPECT_EQ(got->changes[1].key, "kb");
    EXPECT_EQ(got->changes[1].row, "");
    EXPECT_EQ(got->changes[2].table, "a");
    EXPECT_EQ(got->changes[2].row, binary);
    EXPECT_EQ(reader.next(), nullptr);
}

TEST_F(JournalTest, IsPrivateAndPreallocated) {
    Journal journal(options_, 1, 0);
    EXPECT_EQ(mode_of(folder()), 0700u);
    EXPECT_EQ(mode_of(segment(1)), 0600u);
    EXPECT_EQ(std::filesystem::file_size(segment(1)), options_.segment_bytes);
    EXPECT_EQ(journal.bytes(), options_.segment_bytes);
}

TEST_F(JournalTest, GoesOnAfterItWasClosed) {
    std::string id;
    {
        Journal journal(options_, 1, 0);
        id = journal.id();
        append_singly(journal, 1, 5);
    }
    for (std::uint64_t next = 6; next < 10; ++next) {
        Journal journal(options_, 1, 0);
        EXPECT_EQ(journal.id(), id);
        EXPECT_EQ(journal.last(), next - 1);
        EXPECT_EQ(journal.durable(), next - 1);
        EXPECT_THAT(journal.survey().lost, IsEmpty());
        append_singly(journal, next, next);
    }
    EXPECT_EQ(read(), commits(1, 9));
    EXPECT_THAT(files(), ElementsAre("segment-00000000000000000001.cjl"));
}

TEST_F(JournalTest, SegmentsFollowOneAnother) {
    Journal journal(options_, 1, 0);
    for (std::uint64_t seq = 1; seq <= 300; seq += 10) {
        append(journal, seq, seq + 9, 200);
        journal.sync();
    }
    EXPECT_EQ(read(), commits(1, 300, 200));
    EXPECT_EQ(read(150), commits(150, 300, 200));
    const JournalSurvey survey = survey_journal(folder());
    EXPECT_GT(survey.segments.size(), 5u);
    EXPECT_EQ(survey.first(), 1u);
    EXPECT_EQ(survey.last(), 300u);
    EXPECT_EQ(survey.id, journal.id());
    EXPECT_THAT(survey.reasons, IsEmpty());
    std::uint64_t bytes = 0;
    for (const auto& each : survey.segments) bytes += each.bytes;
    EXPECT_EQ(journal.bytes(), bytes);
    EXPECT_EQ(last_after_a_kill(), 300u);
}

TEST_F(JournalTest, AnEntryLargerThanASegmentGetsItsOwn) {
    Journal journal(options_, 1, 0);
    append(journal, 1, 1, 100'000);
    append(journal, 2, 2);
    append(journal, 3, 3, 3'000'000);
    append(journal, 4, 5);
    journal.sync();
    std::vector<OwnEntry> expected{commit_entry(1, 100'000), commit_entry(2), commit_entry(3, 3'000'000),
                                   commit_entry(4), commit_entry(5)};
    EXPECT_EQ(read(), expected);
    EXPECT_EQ(survey_journal(folder()).last(), 5u);
    EXPECT_EQ(last_after_a_kill(), 5u);
}

TEST_F(JournalTest, NumbersMustFollow) {
    Journal journal(options_, 1, 0);
    append(journal, 1, 1);
    EXPECT_THROW(append(journal, 3, 3), std::invalid_argument);
    EXPECT_THROW(append(journal, 1, 1), std::invalid_argument);
    EXPECT_THROW(journal.skip_to(2), std::invalid_argument);
    EXPECT_EQ(journal.last(), 1u);
    append(journal, 2, 2);
    EXPECT_EQ(read(), commits(1, 2));
}

TEST_F(JournalTest, SkippedNumbersAreKnownAsSuch) {
    Journal journal(options_, 1, 0);
    append_singly(journal, 1, 3);
    journal.skip_to(10);
    EXPECT_EQ(journal.last(), 9u);
    append_singly(journal, 10, 11);
    const JournalSurvey survey = survey_journal(folder());
    EXPECT_THAT(survey.lost, IsEmpty());
    ASSERT_EQ(survey.skipped.size(), 1u);
    EXPECT_EQ(survey.skipped[0].first, 4u);
    EXPECT_EQ(survey.skipped[0].last, 9u);
    EXPECT_EQ(read(10), commits(10, 11));

    JournalReader reader(folder(), 3);
    EXPECT_EQ(own_of(*reader.next()), commit_entry(3));
    try {
        reader.next();
        FAIL() << "went over commits that are not there";
    } catch (const JournalError& error) {
        EXPECT_EQ(error.kind(), JournalError::Kind::missing);
        ASSERT_EQ(error.lost().size(), 1u);
        EXPECT_EQ(error.lost()[0].first, 4u);
        EXPECT_EQ(error.lost()[0].last, 9u);
    }
    EXPECT_EQ(own_of(*reader.next()), commit_entry(10));
    EXPECT_EQ(last_after_a_kill(), 11u);
}

TEST_F(JournalTest, SkippingWhenNothingWasWrittenLeavesNoEmptySegment) {
    Journal journal(options_, 1, 0);
    journal.skip_to(10);
    journal.skip_to(20);
    EXPECT_EQ(journal.first(), 20u);
    EXPECT_EQ(journal.bytes(), options_.segment_bytes);
    append_singly(journal, 20, 21);
    EXPECT_EQ(read(20), commits(20, 21));
    EXPECT_EQ(survey_journal(folder()).segments.size(), 1u);
}

TEST_F(JournalTest, PrunesWholeSegmentsThatTheStoreHolds) {
    Journal journal(options_, 1, 0);
    for (std::uint64_t seq = 1; seq <= 300; seq += 10) append(journal, seq, seq + 9, 200);
    const auto segments = survey_journal(folder()).segments;
    ASSERT_GT(segments.size(), 4u);
    EXPECT_EQ(journal.prune(segments[1].last - 1), segments[0].bytes);
    EXPECT_EQ(journal.first(), segments[1].first);
    EXPECT_EQ(journal.prune(segments[1].last - 1), 0u);
    EXPECT_GT(journal.prune(UINT64_MAX), 0u);
    EXPECT_EQ(journal.first(), segments.back().first) << "the one that is being written stays";
    EXPECT_EQ(journal.bytes(), segments.back().bytes);
    EXPECT_EQ(read(segments.back().first), commits(segments.back().first, 300, 200));
    EXPECT_THROW(JournalReader(folder(), 1), JournalError);
    EXPECT_EQ(last_after_a_kill(300, 299), 300u);
}

TEST_F(JournalTest, IsFullAtItsLimitAndGoesOnWhenThereIsSpace) {
    options_.max_bytes = 3 * options_.segment_bytes;
    Journal journal(options_, 1, 0);
    std::uint64_t next = 1;
    try {
        for (;; ++next) append(journal, next, next, 500);
    } catch (const JournalError& error) {
        EXPECT_EQ(error.kind(), JournalError::Kind::full);
        EXPECT_THAT(error.what(), HasSubstr("durability.journal.max_disk"));
    }
    EXPECT_EQ(journal.last(), next - 1);
    EXPECT_LE(journal.bytes(), options_.max_bytes);
    EXPECT_THROW(append(journal, next, next, 500), JournalError);
    journal.sync();
    EXPECT_GT(journal.prune(next / 2), 0u);
    append(journal, next, next, 500);
    const std::uint64_t first = journal.first();
    EXPECT_EQ(read(first), commits(first, next, 500));
}

TEST_F(JournalTest, ReaderStopsAtItsLimitAndGoesOn) {
    Journal journal(options_, 1, 0);
    JournalReader reader(folder(), 1);
    EXPECT_EQ(reader.next(), nullptr);
    append(journal, 1, 4);
    EXPECT_EQ(reader.next(2)->seq, 1u);
    EXPECT_EQ(reader.next(2)->seq, 2u);
    EXPECT_EQ(reader.next(2), nullptr);
    refuse(journal, 4);
    EXPECT_EQ(reader.next(4)->seq, 3u);
    EXPECT_EQ(reader.next(4)->seq, 4u);
    EXPECT_EQ(reader.next(4)->kind, JournalEntry::Kind::refused);
    EXPECT_EQ(reader.next(), nullptr);
    append(journal, 5, 5);
    EXPECT_EQ(reader.next()->seq, 5u);
    EXPECT_EQ(reader.next(), nullptr);
}

TEST_F(JournalTest, ReaderNamesWhatIsNotThere) {
    EXPECT_THROW(JournalReader(folder(), 1), JournalError);
    EXPECT_TRUE(survey_journal(folder()).segments.empty());
    Journal journal(options_, 5, 4);
    append(journal, 5, 6);
    try {
        JournalReader reader(folder(), 3);
        FAIL() << "the journal begins with 5";
    } catch (const JournalError& error) {
        EXPECT_EQ(error.kind(), JournalError::Kind::missing);
        ASSERT_EQ(error.lost().size(), 1u);
        EXPECT_EQ(error.lost()[0].first, 3u);
        EXPECT_EQ(error.lost()[0].last, 4u);
    }
    JournalReader later(folder(), 7);
    EXPECT_EQ(later.next(), nullptr);
    append(journal, 7, 7);
    EXPECT_EQ(later.next()->seq, 7u);
}

}  // namespace
}  // namespace cairn::core::test
