// System calls that fail: what sync() promised is there afterwards, what was refused is not.
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/durability/journal_io.hpp"
#include "tests/core/durability/journal_fixture.hpp"

namespace cairn::core::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Which calls fail. Static, because system calls are plain functions.
struct Faults {
    static inline int calls = 0;
    static inline int fail_at = 0;  // 0: none
    static inline bool from_then_on = false;
    static inline int error = 0;
    static inline bool hit = false;
    static inline bool short_writes = false;
    static inline bool only_interruptible = false;
    static inline const char* only = nullptr;  // nullptr: any call

    static void reset() {
        calls = fail_at = error = 0;
        from_then_on = hit = short_writes = only_interruptible = false;
        only = nullptr;
    }
    static bool fails(const char* call, bool interruptible = false) {
        if (only != nullptr && std::string(only) != call) return false;
        if (only_interruptible && !interruptible) return false;
        ++calls;
        if (fail_at == 0 || calls < fail_at || (calls > fail_at && !from_then_on)) return false;
        hit = true;
        errno = error;
        return true;
    }
};

int faulty_open(const char* path, int flags, mode_t mode) {
    return Faults::fails("open", true) ? -1 : system_calls().open(path, flags, mode);
}
ssize_t faulty_pread(int fd, void* data, std::size_t size, off_t at) {
    return Faults::fails("pread", true) ? -1 : ::pread(fd, data, size, at);
}
ssize_t faulty_pwrite(int fd, const void* data, std::size_t size, off_t at) {
    if (Faults::fails("pwrite", true)) return -1;
    // Parts that are no multiple of anything.
    if (Faults::short_writes && size > 1) size = std::min<std::size_t>(size / 2, 77);
    return ::pwrite(fd, data, size, at);
}
int faulty_fdatasync(int fd) {
    return Faults::fails("fdatasync") ? -1 : ::fdatasync(fd);
}
int faulty_fsync(int fd) {
    return Faults::fails("fsync") ? -1 : ::fsync(fd);
}
int faulty_fallocate(int fd, off_t size) {
    return Faults::fails("fallocate", true) ? -1 : system_calls().fallocate(fd, size);
}
int faulty_ftruncate(int fd, off_t size) {
    return Faults::fails("ftruncate") ? -1 : ::ftruncate(fd, size);
}
int faulty_rename(const char* from, const char* to) {
    return Faults::fails("rename") ? -1 : ::rename(from, to);
}
int faulty_link(const char* from, const char* to) {
    return Faults::fails("link") ? -1 : ::link(from, to);
}
int faulty_unlink(const char* path) {
    return Faults::fails("unlink") ? -1 : ::unlink(path);
}
int faulty_mkdir(const char* path, mode_t mode) {
    return Faults::fails("mkdir") ? -1 : ::mkdir(path, mode);
}

constexpr JournalCalls kFaulty{faulty_open,  faulty_pread,     faulty_pwrite,    faulty_fdatasync,
                               faulty_fsync, faulty_fallocate, faulty_ftruncate, faulty_rename,
                               faulty_link,  faulty_unlink,    faulty_mkdir};

int open_files() {
    return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

class JournalFaultsTest : public JournalTest {
protected:
    void SetUp() override {
        JournalTest::SetUp();
        Faults::reset();
        options_.calls = &kFaulty;
        options_.segment_bytes = 8192;
    }
    void TearDown() override {
        Faults::reset();
        JournalTest::TearDown();
    }
    Journal::Options plain() const {
        Journal::Options options = options_;
        options.calls = nullptr;
        return options;
    }

    // A life of a journal, until it is told that the disk failed. What it knows to be durable, and what may be there.
    struct Life {
        std::uint64_t durable = 0;
        std::uint64_t possible = 0;
        std::uint64_t pruned = 0;
        bool failed = false;
    };
    void live(Life& life) {
        // What is pruned counts as held by the store.
        std::uint64_t store_has = 0;
        for (int session = 0; session < 2; ++session) {
            Journal journal(options_, 1, store_has);
            for (int group = 0; group < 4; ++group) {
                const std::uint64_t last = journal.last();
                ASSERT_LE(last, life.possible);
                try {
                    append(journal, last + 1, last + 3, 900);
                    life.possible = last + 3;
                } catch (const JournalError& error) {
                    if (error.kind() != JournalError::Kind::full) {
                        life.possible = last + 3;  // nobody knows
                        throw;
                    }
                    ASSERT_EQ(journal.last(), last);
                    continue;
                }
                journal.sync();
                life.durable = journal.durable();
                ASSERT_EQ(life.durable, last + 3);
                store_has = life.durable / 2;
                journal.prune(store_has);
            }
        }
    }
    void check(const Life& life) {
        Faults::reset();
        const JournalSurvey survey = survey_journal(folder());
        ASSERT_THAT(survey.reasons, IsEmpty());
        const std::uint64_t store_has = survey.segments.empty() ? 0 : survey.first() - 1;
        ASSERT_LE(store_has, life.durable) << "pruned too much";
        Journal journal(plain(), 1, store_has);
        ASSERT_GE(journal.last(), life.durable);
        ASSERT_LE(journal.last(), life.possible);
        if (journal.last() > 0) {
            ASSERT_EQ(read(journal.first()), commits(journal.first(), journal.last(), 900));
        }
        append(journal, journal.last() + 1, journal.last() + 1);
        journal.sync();
    }
    // Fails the first, the second, the third … call until a life passes without a failure.
    void fail_each_call(int error, bool from_then_on, bool short_writes) {
        const int files = open_files();
        for (int n = 1;; ++n) {
            SCOPED_TRACE("call " + std::to_string(n) + " answers " + std::to_string(error));
            std::filesystem::remove_all(folder());
            Faults::reset();
            Faults::fail_at = n;
            Faults::error = error;
            Faults::from_then_on = from_then_on;
            Faults::short_writes = short_writes;
            Life life;
            try {
                live(life);
            } catch (const JournalError&) {
                life.failed = true;
            }
            const bool hit = Faults::hit;
            ASSERT_NO_FATAL_FAILURE(check(life));
            ASSERT_EQ(open_files(), files);
            if (!hit) {
                ASSERT_FALSE(life.failed);
                ASSERT_EQ(life.durable, 24u);
                ASSERT_GT(n, 50);
                return;
            }
            ASSERT_LT(n, 10'000);
        }
    }
};

TEST_F(JournalFaultsTest, EachCallInTurnFailsWithAnErrorOfTheDisk) {
    fail_each_call(EIO, false, false);
    fail_each_call(EIO, true, false);
}

TEST_F(JournalFaultsTest, EachCallInTurnFindsTheDiskFull) {
    fail_each_call(ENOSPC, false, false);
    fail_each_call(ENOSPC, true, false);
}

TEST_F(JournalFaultsTest, EachCallInTurnFailsWithinAPartOfAWrite) {
    fail_each_call(ENOSPC, false, true);
    fail_each_call(EIO, true, true);
}

TEST_F(JournalFaultsTest, InterruptedCallsAreMadeAgain) {
    for (int n = 1; n < 1000; ++n) {
        std::filesystem::remove_all(folder());
        Faults::reset();
        Faults::only_interruptible = true;
        Faults::fail_at = n;
        Faults::error = EINTR;
        Life life;
        ASSERT_NO_THROW(live(life)) << n;
        ASSERT_EQ(life.durable, 24u);
        if (!Faults::hit) {
            EXPECT_GT(n, 30);
            return;
        }
    }
    FAIL() << "calls without end";
}

TEST_F(JournalFaultsTest, AfterAFailedSyncNothingIsWrittenAnyMore) {
    Journal journal(options_, 1, 0);
    append_singly(journal, 1, 1);
    append(journal, 2, 2);
    Faults::reset();
    Faults::only = "fdatasync";
    Faults::fail_at = 1;
    Faults::error = EIO;
    const auto kind = [&](auto call) {
        try {
            call();
        } catch (const JournalError& error) {
            return error.kind();
        }
        return JournalError::Kind::missing;
    };
    EXPECT_EQ(kind([&] { journal.sync(); }), JournalError::Kind::failed);
    EXPECT_EQ(journal.durable(), 1u);
    Faults::reset();
    EXPECT_EQ(kind([&] { journal.sync(); }), JournalError::Kind::failed);
    EXPECT_EQ(kind([&] { append(journal, 3, 3); }), JournalError::Kind::failed);
    EXPECT_EQ(kind([&] { journal.skip_to(9); }), JournalError::Kind::failed);
    EXPECT_EQ(Faults::calls, 0) << "the file was touched again";
    EXPECT_EQ(journal.durable(), 1u);
}

TEST_F(JournalFaultsTest, ASyncThatFindsTheDiskFullHasFailedToo) {
    Journal journal(options_, 1, 0);
    append(journal, 1, 1);
    Faults::reset();
    Faults::only = "fdatasync";
    Faults::fail_at = 1;
    Faults::error = ENOSPC;
    try {
        journal.sync();
        FAIL() << "acknowledged what is not on the disk";
    } catch (const JournalError& error) {
        EXPECT_EQ(error.kind(), JournalError::Kind::failed);
    }
}

TEST_F(JournalFaultsTest, AGroupThatDoesNotFitOnTheDiskLeavesNothingBehind) {
    options_.segment_bytes = 64 * 1024;
    Journal journal(options_, 1, 0);
    append_singly(journal, 1, 2);
    for (int n = 2; n < 30; ++n) {
        Faults::reset();
        Faults::short_writes = true;
        Faults::only = "pwrite";
        Faults::fail_at = n;
        Faults::error = n % 2 == 0 ? ENOSPC : EDQUOT;
        try {
            append(journal, 3, 12, 200);
            FAIL() << "was not refused";
        } catch (const JournalError& error) {
            ASSERT_EQ(error.kind(), JournalError::Kind::full);
        }
        Faults::reset();
        ASSERT_EQ(journal.last(), 2u);
        ASSERT_EQ(read(), commits(1, 2));
        ASSERT_EQ(survey_journal(folder()).torn_bytes, 0u);
    }
    append_singly(journal, 3, 3);
    EXPECT_EQ(read(), commits(1, 3));
}

TEST_F(JournalFaultsTest, ALimitForFilesIsAFullDisk) {
    struct rlimit before {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    Journal journal(plain(), 1, 0);
    append_singly(journal, 1, 2);
    struct rlimit small = before;
    small.rlim_cur = 64 * 1024;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::optional<JournalError> error;
    try {
        append(journal, 3, 3, 100'000);
    } catch (const JournalError& thrown) {
        error = thrown;
    }
    append_singly(journal, 3, 30, 1000);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), JournalError::Kind::full);
    append_singly(journal, 31, 31, 100'000);
    EXPECT_EQ(read().size(), 31u);
    EXPECT_THAT(survey_journal(folder()).reasons, IsEmpty());
}

TEST_F(JournalFaultsTest, LossesThatWereAcceptedAreRepairedWhateverFails) {
    {
        Journal journal(plain(), 1, 0);
        append_singly(journal, 1, 12, 900);
    }
    const std::size_t place = 4096 + 300;  // in the first commit
    flip(segment(1), place);
    const std::filesystem::path copy = scratch_ + "/copy";
    std::filesystem::copy(folder(), copy);
    for (int n = 1; n < 1000; ++n) {
        std::filesystem::remove_all(folder());
        std::filesystem::copy(copy, folder());
        Faults::reset();
        Faults::fail_at = n;
        Faults::error = EIO;
        try {
            const Journal journal(options_, 2, 1);
        } catch (const JournalError&) {
            ASSERT_TRUE(Faults::hit);
        }
        const bool hit = Faults::hit;
        Faults::reset();
        const Journal journal(plain(), 2, 1);
        ASSERT_EQ(journal.last(), 12u);
        ASSERT_EQ(journal.survey().lost.size(), 1u);
        ASSERT_EQ(read(2), commits(2, 12, 900));
        if (!hit) {
            EXPECT_GT(n, 15);
            return;
        }
    }
    FAIL() << "calls without end";
}

}  // namespace
}  // namespace cairn::core::test
