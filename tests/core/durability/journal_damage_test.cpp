// Torn tails, flipped bits, lost and foreign files: what was acknowledged is never cut in silence, what was not never
// keeps a journal from opening, and nothing that was not written is ever read.
#include "core/durability/journal_format.hpp"

#include <cstring>

#include "tests/core/durability/journal_fixture.hpp"

namespace cairn::core::test {
namespace {

using journal_format::kBlock;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

MATCHER_P2(Range, first, last, "") {
    return arg.first == static_cast<std::uint64_t>(first) && arg.last == static_cast<std::uint64_t>(last);
}

class JournalDamageTest : public JournalTest {
protected:
    static std::uint32_t size_at(const std::vector<char>& file, std::size_t at) {
        std::uint32_t size = 0;
        std::memcpy(&size, file.data() + at, 4);
        return size;
    }
    // Where the first `count` entries of a segment begin, and where they end.
    static std::vector<std::size_t> begins_of(const std::vector<char>& file, std::size_t count) {
        std::vector<std::size_t> begins{kBlock};
        while (begins.size() <= count) {
            begins.push_back(begins.back() + journal_format::padded(size_at(file, begins.back())));
        }
        return begins;
    }
    // The padding behind an entry is no part of it.
    static bool same_entry(const std::vector<char>& whole, const std::vector<char>& other, std::size_t at) {
        return std::memcmp(whole.data() + at, other.data() + at, size_at(whole, at)) == 0;
    }
    // The error with which opening is refused.
    std::optional<JournalError> refusal(std::uint64_t store_has = 0, std::uint64_t next = 1) {
        try {
            const Journal journal(options_, next, store_has);
        } catch (const JournalError& error) {
            return error;
        }
        return std::nullopt;
    }
    // Three segments or more of 200-byte commits, each synced alone; returns them.
    std::vector<JournalSurvey::Segment> several_segments() {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 120, 200);
        return survey_journal(folder()).segments;
    }
    // Everything that a reader delivers, and the ranges it says are lost.
    std::pair<std::vector<std::uint64_t>, std::vector<SeqRange>> read_over_gaps(std::uint64_t from = 1) const {
        std::pair<std::vector<std::uint64_t>, std::vector<SeqRange>> result;
        JournalReader reader(folder(), from);
        while (true) {
            try {
                const JournalEntry* entry = reader.next();
                if (entry == nullptr) return result;
                EXPECT_EQ(own_of(*entry).row, commit_entry(entry->seq, row_bytes_).row);
                result.first.push_back(entry->seq);
            } catch (const JournalError& error) {
                for (const SeqRange& lost : error.lost()) result.second.push_back(lost);
                if (result.second.size() > 100) throw;
            }
        }
    }
    std::size_t row_bytes_ = 200;
};

TEST_F(JournalDamageTest, ATornTailIsCutAtEveryByte) {
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 3);
        append(journal, 4, 6);  // not synced
    }
    const std::vector<char> whole = bytes_of(segment(1));
    const std::vector<std::size_t> begins = begins_of(whole, 6);
    const std::size_t end = begins.back();
    for (const bool garbage : {false, true}) {
        for (std::size_t at = begins[3]; at <= end; ++at) {
            std::vector<char> torn = whole;
            for (std::size_t i = at; i < end; ++i) torn[i] = garbage ? static_cast<char>(~whole[i]) : '\0';
            write_bytes(segment(1), torn);
            std::uint64_t whole_ones = 3;
            while (whole_ones < 6 && same_entry(whole, torn, begins[whole_ones])) ++whole_ones;
            Journal journal(options_, 1, 0);
            ASSERT_EQ(journal.last(), whole_ones) << "torn at " << at;
            ASSERT_THAT(journal.survey().lost, IsEmpty());
            ASSERT_EQ(journal.survey().torn_bytes > 0, whole_ones < 6 && torn[begins[whole_ones]] != 0);
            append(journal, whole_ones + 1, whole_ones + 2);
            journal.sync();
            ASSERT_EQ(read(), commits(1, whole_ones + 2)) << "torn at " << at;
        }
    }
}

// The disk may write the sectors of a group in any order.
TEST_F(JournalDamageTest, WhatLiesBehindATornPlaceDoesNotComeBack) {
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 3);
        append(journal, 4, 6);  // not synced
    }
    flip(segment(1), place_of(segment(1), 4));
    {
        Journal journal(options_, 1, 0);
        EXPECT_EQ(journal.last(), 3u);
        EXPECT_GT(journal.survey().torn_bytes, 0u);
        append(journal, 4, 4);  // as long as the one that was cut: 5 and 6 stood right behind it
        journal.sync();
        EXPECT_EQ(read(), commits(1, 4));
    }
    EXPECT_EQ(Journal(options_, 1, 0).last(), 4u);
}

TEST_F(JournalDamageTest, FlippedBitsAreFoundAtEveryByte) {
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 1);
        append(journal, 2, 3);
        journal.sync();
        append_singly(journal, 4, 5);
    }
    const std::vector<char> whole = bytes_of(segment(1));
    const std::vector<std::size_t> begins = begins_of(whole, 5);
    for (std::size_t at = 0; at < begins.back(); ++at) {
        for (const char mask : {'\x01', '\x80'}) {
            std::vector<char> bent = whole;
            bent[at] = static_cast<char>(bent[at] ^ mask);
            write_bytes(segment(1), bent);
            const JournalSurvey survey = survey_journal(folder());
            if (at < kBlock) {
                ASSERT_THAT(survey.lost, IsEmpty()) << at;
                ASSERT_EQ(survey.last(), 5u) << at;
                continue;
            }
            const auto seq =
                static_cast<std::uint64_t>(std::upper_bound(begins.begin(), begins.end(), at) - begins.begin());
            if (same_entry(whole, bent, begins[seq - 1])) {
                ASSERT_EQ(survey.last(), 5u) << "padding";
            } else if (seq == 5) {
                // Nothing behind it says that it was durable: it may be torn.
                ASSERT_THAT(survey.lost, IsEmpty()) << at;
                ASSERT_EQ(survey.last(), 4u) << at;
                ASSERT_GT(survey.torn_bytes, 0u) << at;
                ASSERT_EQ(read(), commits(1, 4));
            } else {
                ASSERT_THAT(survey.lost, ElementsAre(Range(seq, seq))) << at;
                ASSERT_EQ(survey.last(), 5u) << at;
                ASSERT_THAT(survey.reasons, ElementsAre(HasSubstr("offset " + std::to_string(begins[seq - 1]))));
                row_bytes_ = 40;
                const auto [delivered, lost] = read_over_gaps();
                ASSERT_THAT(lost, ElementsAre(Range(seq, seq))) << at;
                ASSERT_THAT(delivered, SizeIs(4)) << at;
            }
            ASSERT_TRUE(survey.lost.empty() || refusal());
        }
    }
}

TEST_F(JournalDamageTest, DamageIsRefusedWithFilePlaceCommitsAndCure) {
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 9);
    }
    flip(segment(1), place_of(segment(1), 4));
    flip(segment(1), place_of(segment(1), 5));
    const std::vector<char> before = bytes_of(segment(1));
    for (const std::uint64_t store_has : {0u, 4u}) {
        const auto error = refusal(store_has);
        ASSERT_TRUE(error);
        EXPECT_EQ(error->kind(), JournalError::Kind::damaged);
        EXPECT_THAT(error->lost(), ElementsAre(Range(4, 5)));
        EXPECT_THAT(error->what(), AllOf(HasSubstr(segment(1)), HasSubstr("offset"), HasSubstr("commits 4 to 5"),
                                         HasSubstr("cairn restore"), HasSubstr("durability.allow_loss")));
    }
    EXPECT_EQ(bytes_of(segment(1)), before) << "a refusal changes nothing";
}

TEST_F(JournalDamageTest, WhatTheStoreHoldsMayBeDamaged) {
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 9, row_bytes_);
    }
    flip(segment(1), place_of(segment(1), 4));
    const std::vector<char> damaged = bytes_of(segment(1));
    {
        Journal journal(options_, 6, 5);
        EXPECT_THAT(journal.survey().lost, ElementsAre(Range(4, 4)));
        EXPECT_EQ(journal.last(), 9u);
        append_singly(journal, 10, 10, row_bytes_);
    }
    EXPECT_EQ(bytes_of(folder() + "/damaged/segment-00000000000000000001.cjl"), damaged);
    const auto [delivered, lost] = read_over_gaps();
    EXPECT_THAT(delivered, ElementsAre(1, 2, 3, 5, 6, 7, 8, 9, 10));
    EXPECT_THAT(lost, ElementsAre(Range(4, 4)));
    EXPECT_THAT(read_over_gaps(5).second, IsEmpty());
    // It stays known, and is not repaired again.
    EXPECT_THAT(survey_journal(folder()).lost, ElementsAre(Range(4, 4)));
    EXPECT_TRUE(refusal(3));
    EXPECT_FALSE(refusal(4));
    EXPECT_THAT(std::distance(std::filesystem::directory_iterator(folder() + "/damaged"), {}), 1);
}

TEST_F(JournalDamageTest, AllowLossGoesOnWithTheRestAndSaysWhatIsMissing) {
    const auto segments = several_segments();
    ASSERT_GE(segments.size(), 3u);
    const std::uint64_t in_first = segments[0].last;
    const std::uint64_t in_second = segments[1].first;  // its first commit
    flip(segment(1), place_of(segment(1), in_first));
    flip(segment(segments[1].first), place_of(segment(segments[1].first), in_second));
    const auto error = refusal();
    ASSERT_TRUE(error);
    EXPECT_THAT(error->lost(), ElementsAre(Range(in_first, in_first), Range(in_second, in_second)));
    options_.allow_loss = true;
    {
        Journal journal(options_, 1, 0);
        EXPECT_THAT(journal.survey().lost, SizeIs(2));
        EXPECT_EQ(journal.last(), 120u);
        append_singly(journal, 121, 121, row_bytes_);
    }
    const auto [delivered, lost] = read_over_gaps();
    EXPECT_THAT(delivered, SizeIs(119));
    ASSERT_THAT(lost, SizeIs(2));
    EXPECT_THAT(lost, ElementsAre(Range(in_first, in_first), Range(in_second, in_second)));
    EXPECT_THAT(survey_journal(folder()).lost, SizeIs(2));
    options_.allow_loss = false;
    EXPECT_TRUE(refusal());
    EXPECT_FALSE(refusal(in_second));
}

TEST_F(JournalDamageTest, AMissingSegmentInTheMiddleIsNamed) {
    const auto segments = several_segments();
    std::filesystem::remove(segment(segments[1].first));
    const auto error = refusal();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), JournalError::Kind::missing);
    EXPECT_THAT(error->lost(), ElementsAre(Range(segments[1].first, segments[1].last)));
    EXPECT_THAT(error->what(), AllOf(HasSubstr(segments[0].file), HasSubstr(segments[2].file)));
    EXPECT_TRUE(refusal(segments[1].last - 1));
    EXPECT_FALSE(refusal(segments[1].last));
    const auto [delivered, lost] = read_over_gaps();
    EXPECT_THAT(lost, ElementsAre(Range(segments[1].first, segments[1].last)));
    EXPECT_THAT(delivered, SizeIs(120 - (segments[1].last - segments[1].first + 1)));
}

TEST_F(JournalDamageTest, AMissingBeginningIsOnlyFineWhenTheStoreHoldsIt) {
    const auto segments = several_segments();
    std::filesystem::remove(segment(1));
    const auto error = refusal(3, 4);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), JournalError::Kind::missing);
    EXPECT_THAT(error->lost(), ElementsAre(Range(4, segments[0].last)));
    EXPECT_FALSE(refusal(segments[0].last));
}

TEST_F(JournalDamageTest, ASegmentOfAnotherJournalIsNotRead) {
    const auto segments = several_segments();
    auto other = options_;
    other.folder = scratch_ + "/other";
    {
        Journal journal(other, segments[1].first, segments[1].first - 1);
        append_singly(journal, segments[1].first, segments[1].last, 200);
    }
    const std::string name = segments[1].file;
    std::filesystem::copy_file(other.folder + "/" + name, folder() + "/" + name,
                               std::filesystem::copy_options::overwrite_existing);
    const auto error = refusal();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), JournalError::Kind::missing);
    EXPECT_THAT(error->lost(), Contains(Range(segments[1].first, segments[1].last)));
    EXPECT_THAT(error->what(), HasSubstr("another journal"));
    Journal journal(options_, 121, 120);
    EXPECT_TRUE(std::filesystem::exists(folder() + "/damaged/" + name));
    EXPECT_FALSE(std::filesystem::exists(folder() + "/" + name));
    EXPECT_EQ(journal.last(), 120u);
}

TEST_F(JournalDamageTest, AForeignNewestSegmentIsNeverCoveredByTheStore) {
    const auto segments = several_segments();
    auto other = options_;
    other.folder = scratch_ + "/other";
    { const Journal journal(other, 500, 499); }
    std::filesystem::copy_file(other.folder + "/segment-00000000000000000500.cjl", segment(500));
    const auto error = refusal(120, 121);
    ASSERT_TRUE(error);
    EXPECT_THAT(error->lost(), Contains(Range(500, 0)));
    options_.allow_loss = true;
    Journal journal(options_, 121, 120);
    EXPECT_EQ(journal.last(), 120u);
}

TEST_F(JournalDamageTest, AnOlderCopyOfASegmentIsNotTakenForIt) {
    std::vector<char> old;
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 5, 200);
        old = bytes_of(segment(1));
        append_singly(journal, 6, 120, 200);
    }
    const auto segments = survey_journal(folder()).segments;
    write_bytes(segment(1), old);
    const auto error = refusal();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), JournalError::Kind::damaged);
    EXPECT_THAT(error->lost(), ElementsAre(Range(6, segments[0].last)));
    options_.allow_loss = true;
    { const Journal journal(options_, 1, 0); }
    const auto [delivered, lost] = read_over_gaps();
    EXPECT_THAT(lost, ElementsAre(Range(6, segments[0].last)));
    EXPECT_THAT(delivered, SizeIs(120 - (segments[0].last - 5)));
}

TEST_F(JournalDamageTest, ASegmentWithAnotherHistoryIsNotTakenForIt) {
    std::filesystem::path fork = scratch_ + "/fork";
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 5, 200);
    }
    std::filesystem::copy(folder(), fork);
    auto other = options_;
    other.folder = fork;
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 6, 120, 200);
        Journal forked(other, 1, 0);
        for (std::uint64_t seq = 6; seq <= 120; ++seq) {
            OwnEntry own = commit_entry(seq, 200);
            own.time_us += 1;
            const JournalEntry entry = view_of(own);
            forked.append({&entry, 1});
        }
    }
    std::filesystem::copy_file(fork / "segment-00000000000000000001.cjl", segment(1),
                               std::filesystem::copy_options::overwrite_existing);
    const auto segments = survey_journal(fork).segments;
    const auto error = refusal();
    ASSERT_TRUE(error);
    EXPECT_THAT(error->lost(), ElementsAre(Range(1, segments[0].last)));
}

TEST_F(JournalDamageTest, OneCopyOfTheHeaderIsEnough) {
    several_segments();
    for (const auto& each : survey_journal(folder()).segments) {
        std::vector<char> bytes = bytes_of(folder() + "/" + each.file);
        std::fill(bytes.begin(), bytes.begin() + 512, '\0');
        write_bytes(folder() + "/" + each.file, bytes);
    }
    EXPECT_FALSE(refusal());
    EXPECT_EQ(read().size(), 120u);
}

TEST_F(JournalDamageTest, WithoutAHeaderTheEntriesAreStillFound) {
    const auto segments = several_segments();
    std::vector<char> bytes = bytes_of(segment(segments[1].first));
    std::fill(bytes.begin(), bytes.begin() + kBlock, 'x');
    write_bytes(segment(segments[1].first), bytes);
    EXPECT_THAT(survey_journal(folder()).lost, IsEmpty());
    EXPECT_EQ(read().size(), 120u);
    Journal journal(options_, 1, 0);
    EXPECT_EQ(journal.last(), 120u);
    EXPECT_TRUE(std::filesystem::exists(folder() + "/damaged/" + segments[1].file));
    EXPECT_EQ(read().size(), 120u);
}

TEST_F(JournalDamageTest, AnEmptiedNewestSegmentIsALossThatNobodyCanMeasure) {
    const auto segments = several_segments();
    const std::string newest = segment(segments.back().first);
    write_bytes(newest, std::vector<char>(16384));
    const auto error = refusal(120, 121);
    ASSERT_TRUE(error);
    EXPECT_THAT(error->lost(), ElementsAre(Range(segments.back().first, 0)));
    EXPECT_THAT(error->what(), HasSubstr("all commits from " + std::to_string(segments.back().first) + " on"));
    options_.allow_loss = true;
    Journal journal(options_, 121, 120);
    EXPECT_EQ(journal.last(), segments.back().first - 1);
}

TEST_F(JournalDamageTest, ANameThatLiesIsNotBelieved) {
    const auto segments = several_segments();
    std::filesystem::rename(segment(segments.back().first), segment(1000));
    const auto error = refusal();
    ASSERT_TRUE(error);
    EXPECT_THAT(error->what(), HasSubstr("not what its name says"));
}

TEST_F(JournalDamageTest, ALostMarkOfARefusedCommitIsALossOfTheCommitBeforeIt) {
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 2);
        refuse(journal, 1);
        journal.sync();
        append_singly(journal, 3, 4);
    }
    flip(segment(1), begins_of(bytes_of(segment(1)), 2).back() + 44);
    EXPECT_THAT(survey_journal(folder()).lost, ElementsAre(Range(2, 2)));
    EXPECT_TRUE(refusal(1));
    EXPECT_FALSE(refusal(2));
}

// Entries that somebody hides in the text of a commit are not taken for entries.
TEST_F(JournalDamageTest, EntriesInsideARowStayText) {
    options_.segment_bytes = 64 * 1024;
    std::string inner;
    {
        auto other = options_;
        other.folder = scratch_ + "/other";
        Journal journal(other, 1, 0);
        append_singly(journal, 1, 9);
        const std::vector<char> bytes = bytes_of(other.folder + "/segment-00000000000000000001.cjl");
        inner.assign(bytes.begin() + kBlock, bytes.begin() + kBlock + 2000);
    }
    {
        Journal journal(options_, 1, 0);
        append_singly(journal, 1, 2);
        for (std::size_t shift = 0; shift < 8; ++shift) {
            OwnEntry own = commit_entry(3 + shift);
            own.row = std::string(shift, ' ') + inner;
            const JournalEntry entry = view_of(own);
            journal.append({&entry, 1});
        }
    }
    // The head of the third is torn: all behind it is looked through for entries.
    flip(segment(1), begins_of(bytes_of(segment(1)), 2).back() + 40);
    const JournalSurvey survey = survey_journal(folder());
    EXPECT_EQ(survey.last(), 2u);
    EXPECT_THAT(survey.lost, IsEmpty());
    EXPECT_EQ(read(), commits(1, 2));
}

TEST_F(JournalDamageTest, OnlyHeadersAreReadOfWhatTheStoreHolds) {
    const auto segments = several_segments();
    flip(segment(1), place_of(segment(1), 2));
    EXPECT_THAT(survey_journal(folder(), 120).lost, IsEmpty());
    EXPECT_THAT(survey_journal(folder()).lost, ElementsAre(Range(2, 2)));
    EXPECT_FALSE(refusal(120));
    EXPECT_FALSE(std::filesystem::exists(folder() + "/damaged")) << "nobody looked";
    EXPECT_EQ(survey_journal(folder(), 120).last(), 120u);
}

}  // namespace
}  // namespace cairn::core::test
