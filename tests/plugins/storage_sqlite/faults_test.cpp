// What disks do: fail, fill up, lie about fsync; and processes: die at any moment.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <thread>
#include <tuple>

#include "tests/plugins/storage_sqlite/fault_vfs.hpp"
#include "tests/plugins/storage_sqlite/store_fixture.hpp"

namespace cairn::storage_sqlite::test {
namespace {

using testing::HasSubstr;

class FaultTest : public StoreTest {
protected:
    /// Applies commit `seq`: a row of its own. True when the store says that it has it.
    bool add(std::uint64_t seq) {
        return applied(Rows(things_).put(Thing{"r", std::to_string(seq), {}, static_cast<std::int64_t>(seq)}), seq);
    }
    bool applied(const Rows& rows, std::uint64_t seq) {
        const services::TableBatch batch = rows.batch();
        try {
            store_->apply(std::span(&batch, 1), {seq});
            return true;
        } catch (const Error& error) {
            error_ = error;
            return false;
        }
    }

    std::optional<Error> error_;
};

/// The n-th call fails, n = 1, 2, … until a run has no failure (as SQLite's own tests do it).
class NthCall : public FaultTest, public testing::WithParamInterface<std::tuple<FaultVfs::Call, FaultVfs::How, int>> {
protected:
    void SetUp() override {
        FaultTest::SetUp();
        // Hundreds of small databases, and the faults are ours: memory will do, where there is some.
        std::string pattern = "/dev/shm/cairn-sqlite-XXXXXX";
        if (mkdtemp(pattern.data()) == nullptr) return;
        fs::remove_all(folder_);
        folder_ = pattern;
    }
};

TEST_P(NthCall, NeverMakesAWrongAnswer) {
    const auto [call, how, code] = GetParam();
    bool hit = true;
    int failures = 0;
    for (int nth = 1; hit; ++nth) {
        ASSERT_LT(nth, 500);
        const FaultVfs faults;
        options_.file = folder_ + "/" + std::to_string(nth) + ".db";
        open();
        std::map<std::uint64_t, bool> answers;
        FaultVfs::arm(call, nth, how, code);
        std::uint64_t seq = store_->watermark().seq;
        for (int i = 0; i < 8; ++i) {
            const bool there = add(++seq);
            answers[seq] = there;
            if (!there) {
                EXPECT_EQ(error_->code(), Code::unavailable) << error_->what();
                ++failures;
            }
            if (i % 4 == 3) store_->maintain(true);
        }
        hit = FaultVfs::hits() > 0;
        FaultVfs::disarm();
        EXPECT_TRUE(add(++seq)) << "the store goes on after one fault: " << error_->what();
        answers[seq] = true;
        EXPECT_TRUE(store_->health().ok);
        // Looked at by this process and, as after a crash, by a fresh connection on a copy of the files.
        fs::create_directory(folder_ + "/crash");
        for (const char* ending : {"", "-wal"}) {
            fs::copy_file(options_.file + ending, folder_ + "/crash/cairn.db" + ending,
                          fs::copy_options::overwrite_existing);
        }
        for (const bool crashed : {false, true}) {
            if (crashed) options_.file = folder_ + "/crash/cairn.db";
            open();
            for (const auto& [number, there] : answers) {
                EXPECT_EQ(one("SELECT count(*) FROM things WHERE count = $1", {number}), Document(there ? 1 : 0))
                    << "commit " << number << ", fault at call " << nth << (crashed ? ", after a crash" : "");
            }
            EXPECT_EQ(store_->watermark().seq, seq);
            EXPECT_EQ(store_->integrity(), "");
        }
        store_.reset();
        fs::remove_all(folder_ + "/crash");
    }
    // What was written but could not be synced is found again in this life, and then moved to where it can be.
    if (call == FaultVfs::Call::write && how == FaultVfs::How::undone) {
        EXPECT_GT(failures, 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Calls, NthCall,
                         testing::Values(std::tuple(FaultVfs::Call::sync, FaultVfs::How::undone, SQLITE_IOERR_FSYNC),
                                         std::tuple(FaultVfs::Call::sync, FaultVfs::How::done, SQLITE_IOERR_FSYNC),
                                         std::tuple(FaultVfs::Call::write, FaultVfs::How::undone, SQLITE_IOERR_WRITE),
                                         std::tuple(FaultVfs::Call::write, FaultVfs::How::done, SQLITE_IOERR_WRITE),
                                         std::tuple(FaultVfs::Call::write, FaultVfs::How::undone, SQLITE_FULL)));

TEST_F(FaultTest, ACommitThatReportsAnErrorButIsThereCounts) {
    const FaultVfs faults;
    open();
    FaultVfs::arm(FaultVfs::Call::sync, 1, FaultVfs::How::done, SQLITE_IOERR_FSYNC);
    const std::uint64_t seq = store_->watermark().seq + 1;
    EXPECT_TRUE(add(seq));
    EXPECT_EQ(FaultVfs::hits(), 1);
    EXPECT_EQ(one("SELECT count FROM things"), Document(seq));
    EXPECT_THAT(log_.lines(), HasSubstr("the commit is there"));
}

TEST_F(FaultTest, ARunningQueryIsEndedWhenTheFileIsReadAnew) {
    const FaultVfs faults;
    open();
    const std::uint64_t seq = store_->watermark().seq + 1;
    std::atomic<bool> running{false};
    std::optional<Code> ended;
    std::thread reader([&] {
        try {
            store_->query({"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", {}},
                          [&](auto, auto) {
                              running = true;
                              return true;
                          });
        } catch (const Error& error) {
            ended = error.code();
        }
    });
    while (!running) std::this_thread::yield();
    FaultVfs::arm(FaultVfs::Call::sync, 1, FaultVfs::How::done, SQLITE_IOERR_FSYNC);
    EXPECT_TRUE(add(seq));
    reader.join();
    EXPECT_EQ(ended, Code::unavailable);
    EXPECT_EQ(one("SELECT count FROM things"), Document(seq)) << "new queries work";
}

TEST_F(FaultTest, ADiskThatFailsTwiceEndsTheWork) {
    const FaultVfs faults;
    open();
    FaultVfs::arm(FaultVfs::Call::sync, 1, FaultVfs::How::undone, SQLITE_IOERR_FSYNC, 1000);
    const std::uint64_t seq = store_->watermark().seq + 1;
    bool done = false;
    for (int i = 0; i < 3 && !done; ++i) {
        EXPECT_FALSE(add(seq));
        done = error_->code() == Code::internal;
    }
    ASSERT_TRUE(done) << error_->what();
    EXPECT_THAT(error_->what(), HasSubstr("crash only"));
    FaultVfs::disarm();
    EXPECT_FALSE(add(seq)) << "and stays so: nothing is acknowledged any more";
    EXPECT_EQ(error_->code(), Code::internal);
    EXPECT_FALSE(store_->health().ok);
}

TEST_F(FaultTest, AFullDiskRefusesAndGoesOnOnceThereIsRoom) {
    open();
    struct rlimit before {};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto ignored = signal(SIGXFSZ, SIG_IGN);
    struct rlimit tight = before;
    tight.rlim_cur = 512 * 1024;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
    std::uint64_t seq = store_->watermark().seq;
    std::uint64_t accepted = 0;
    const auto add_many = [&] {
        Rows rows(things_);
        for (std::uint64_t row = 0; row < 20; ++row) {
            rows.put(Thing{"r", std::to_string(accepted * 20 + row), {}, 1, 0, true, {}, {std::string(500, 'x')}});
        }
        if (!applied(rows, seq + 1)) return false;
        ++seq;
        ++accepted;
        return true;
    };
    while (accepted < 1000 && add_many()) {
    }
    ASSERT_TRUE(error_);
    EXPECT_EQ(error_->code(), Code::unavailable) << error_->what();
    EXPECT_GT(accepted, 5);
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(accepted * 20)) << "reading goes on";
    int refusals = 0;
    for (int i = 0; i < 20; ++i) {
        if (add_many()) continue;  // what the last failure gave back may be enough for some more
        ++refusals;
        EXPECT_EQ(error_->code(), Code::unavailable) << error_->what();
    }
    EXPECT_GT(refusals, 0);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, ignored);
    EXPECT_TRUE(add_many()) << error_->what();
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(accepted * 20));
    EXPECT_EQ(store_->integrity(), "");
}

TEST_F(FaultTest, ADiskThatIsFullAtCommitIsNoDamage) {
    const FaultVfs faults;
    open();
    std::uint64_t seq = store_->watermark().seq;
    ASSERT_TRUE(add(++seq));
    FaultVfs::arm(FaultVfs::Call::write, 1, FaultVfs::How::undone, SQLITE_FULL, 1000000);
    for (int i = 0; i < 4; ++i) {
        EXPECT_FALSE(add(seq + 1));
        EXPECT_EQ(error_->code(), Code::unavailable) << error_->what();
        EXPECT_EQ(one("SELECT count FROM things"), Document(seq)) << "reading goes on";
        EXPECT_EQ(store_->watermark().seq, seq);
    }
    EXPECT_GE(FaultVfs::hits(), 4);
    FaultVfs::disarm();
    EXPECT_TRUE(add(++seq)) << error_->what();
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(2));
    EXPECT_TRUE(store_->health().ok);
    EXPECT_FALSE(fs::exists(options_.file + ".damaged"));
}

TEST_F(FaultTest, WhetherACommitIsThereIsLookedUpOnceThereIsRoom) {
    const FaultVfs faults;
    open();
    const std::uint64_t seq = store_->watermark().seq + 1;
    // The log holds the commit; that it got onto the disk would have to be made sure, and there is no room for it.
    FaultVfs::arm(FaultVfs::Call::sync, 1, FaultVfs::How::done, SQLITE_FULL, 1000000);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(add(seq));
        EXPECT_EQ(error_->code(), Code::unavailable) << error_->what();
        EXPECT_THROW(static_cast<void>(store_->watermark()), Error);
    }
    FaultVfs::disarm();
    EXPECT_EQ(store_->watermark().seq, seq);
    EXPECT_TRUE(add(seq)) << error_->what();
    EXPECT_THAT(log_.lines(), HasSubstr("is there"));
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(1));
    EXPECT_TRUE(add(seq + 1)) << error_->what();
    EXPECT_TRUE(store_->health().ok);
}

// ------------------------------------------------------------------------------------------------------------- kill -9

constexpr const char* kChildFile = "CAIRN_SQLITE_TEST_CHILD";

/// In a child process: writes as fast as it can and says on standard output what was acknowledged, until it is killed.
class WriterChild : public testing::Environment {
public:
    void SetUp() override {
        const char* file = std::getenv(kChildFile);
        if (file == nullptr) return;
        CollectedLog log;
        SqliteStore store;
        SqliteStore::Options options;
        options.file = file;
        store.configure(options, log);
        store.open();
        const TableSpec things{"things", {"room", "id"}, &struct_type<Thing>(), "test"};
        const std::vector<const TableSpec*> tables{&things};
        store.bind(tables, {});
        std::mt19937 random(static_cast<unsigned>(getpid()));
        for (std::uint64_t seq = store.watermark().seq;;) {
            const std::uint64_t count = 1 + random() % 40;
            Rows rows(things);
            for (std::uint64_t i = 0; i < count; ++i) {
                ++seq;
                rows.put(Thing{"r", std::to_string(seq), {}, static_cast<std::int64_t>(seq)});
            }
            const services::TableBatch batch = rows.batch();
            store.apply(std::span(&batch, 1), {seq});
            if (write(STDOUT_FILENO, &seq, sizeof seq) != sizeof seq) _exit(1);
            store.maintain(random() % 2 == 0);
        }
    }
};

testing::Environment* const kWriterChild = testing::AddGlobalTestEnvironment(new WriterChild);

TEST_F(StoreTest, EveryAcknowledgedCommitSurvivesKill9) {
    open();
    store_->close();
    std::mt19937 random(3);
    std::uint64_t total = 0;
    for (int round = 0; round < 12; ++round) {
        int pipe_ends[2];
        ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
        // A new program, not just a fork: threads of this process would be missing in the child.
        const pid_t child = fork();
        if (child == 0) {
            setenv(kChildFile, options_.file.c_str(), 1);
            dup2(pipe_ends[1], STDOUT_FILENO);
            execl("/proc/self/exe", "storage_sqlite_plugin_tests", "--gtest_brief=1", static_cast<char*>(nullptr));
            _exit(127);
        }
        ASSERT_GT(child, 0);
        close(pipe_ends[1]);
        std::string said;
        char buffer[4096];
        // It is at work; then it lives for a moment of random length.
        ssize_t got = ::read(pipe_ends[0], buffer, sizeof buffer);
        if (got > 0) said.append(buffer, static_cast<std::size_t>(got));
        std::thread killer([&, after = random() % 60] {
            std::this_thread::sleep_for(std::chrono::milliseconds(after));
            kill(child, SIGKILL);
        });
        while ((got = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0)
            said.append(buffer, static_cast<std::size_t>(got));
        killer.join();
        close(pipe_ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << said;
        // GoogleTest prints a line before the environment is set up; the numbers are behind it.
        const std::size_t start = said.rfind('\n') == std::string::npos ? 0 : said.size() % sizeof(std::uint64_t);
        std::uint64_t acknowledged = 0;
        if (said.size() - start >= sizeof acknowledged) {
            std::memcpy(&acknowledged, said.data() + said.size() - sizeof acknowledged, sizeof acknowledged);
        }
        ASSERT_GT(acknowledged, 0);
        open();
        const std::uint64_t seq = store_->watermark().seq;
        EXPECT_GE(seq, acknowledged) << "round " << round;
        EXPECT_EQ(one("SELECT count(*) FROM things"), Document(seq - 1))
            << "each commit has one row; the first one made the room";
        EXPECT_EQ(one("SELECT count(*) FROM things WHERE count > $1", {seq}), Document(0));
        EXPECT_EQ(store_->integrity(), "");
        total = seq;
        store_->close();
    }
    EXPECT_GT(total, 100);
}

}  // namespace
}  // namespace cairn::storage_sqlite::test
