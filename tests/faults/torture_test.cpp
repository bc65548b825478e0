// `cairn torture` as an admin starts it: kills at random and at named points, calls of the system that fail, a clock that
// jumps. CAIRN_TORTURE_KILLS says how often (6 unless said otherwise; the measured promise is 200 for each store).
//
// That it can fail is what tests/core/torture shows: a history for each kind of fault, and the judge finds every one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <cairn/document.hpp>

#include "tests/integration/server_process.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

std::string kills() {
    const char* text = std::getenv("CAIRN_TORTURE_KILLS");
    return text ? text : "6";
}

class Torture : public ::testing::Test {
protected:
    /// Runs it and expects that it passed. Returns the verdict.
    Document passes(std::vector<std::string> words, std::chrono::seconds within = std::chrono::seconds(240)) {
        words.insert(words.begin(), "torture");
        words.insert(words.end(), {"--in", folder_.path().string(), "--seed", "7", "--json"});
        const Finished finished = run_cairn(words, within);
        EXPECT_EQ(finished.exit_code, 0) << finished.output;
        const std::size_t begin = finished.output.find("{\"ok\"");
        if (begin == std::string::npos) return {};
        const std::size_t end = finished.output.find('\n', begin);
        Document verdict = Document::parse_json(std::string_view(finished.output).substr(begin, end - begin));
        EXPECT_TRUE(verdict["ok"].boolean_or(false));
        EXPECT_EQ(verdict["lost"].integer_or(-1), 0);
        EXPECT_EQ(verdict["twice"].integer_or(-1), 0);
        EXPECT_LE(verdict["slowest_start_seconds"].number_or(99), 5.0);
        return verdict;
    }
    /// `rounds` under strace, which makes the n-th of `call` fail with `error`.
    void under_strace(const std::string& call, const std::string& error, const std::string& when, int rounds) {
        const Document verdict = passes({"--kills", "0", "--rate", "500", "--wrapped", std::to_string(rounds), "--wrap",
                                         "strace -f -qq -o /dev/null -e trace=" + call + " -e inject=" + call +
                                             ":error=" + error + ":when=" + when});
        EXPECT_EQ(verdict["wrapped"].integer_or(0), rounds);
    }
    std::vector<std::string> postgres() const {
        ::setenv("DATABASE_URL", PostgresCluster::shared().make_database().c_str(), 1);
        return {CAIRN_SOURCE_DIR "/config/metaverse.yaml", "-c", CAIRN_SOURCE_DIR "/config/postgres.yaml"};
    }
    TemporaryFolder folder_;
};

TEST_F(Torture, SqliteBehindTheJournal) {
    const Document verdict = passes({"--kills", kills(), "--ack", "journal", "--apply-every", "120s"});
    EXPECT_GT(verdict["acknowledged"].integer_or(0), 100);
    EXPECT_GE(verdict["kills"].integer_or(0), 1);
}

TEST_F(Torture, SqliteAnswering) {
    passes({"--kills", kills(), "--ack", "store"});
}

TEST_F(Torture, PostgresBehindTheJournal) {
    std::vector<std::string> words = postgres();
    words.insert(words.end(), {"--kills", kills(), "--ack", "journal"});
    passes(words);
}

TEST_F(Torture, PostgresAnswering) {
    std::vector<std::string> words = postgres();
    words.insert(words.end(), {"--kills", kills(), "--ack", "store"});
    passes(words);
}

TEST_F(Torture, KilledAtEachNamedPoint) {
    const Document verdict = passes({"--kills", "0", "--each", "1", "--failpoints",
                                     "journal.before_write,journal.after_write,journal.after_sync,engine.before_answer,"
                                     "store.before_commit,store.after_commit"});
    for (const Document::Member& point : verdict["failpoints"].members()) {
        EXPECT_EQ(point.value.integer_or(0), 1) << point.key << " was never reached";
    }
    EXPECT_EQ(verdict["failpoints"].size(), 6u);
}

TEST_F(Torture, DisksThatFailToSync) {
    under_strace("fdatasync", "EIO", "{n}", 4);
    under_strace("fdatasync", "EIO", "{n}0+", 2);
}

TEST_F(Torture, WritesThatFail) {
    under_strace("pwrite64", "ENOSPC", "{n}0", 3);
    under_strace("pwrite64", "EIO", "{n}0", 2);
}

TEST_F(Torture, OpeningAndRenamingThatFails) {
    under_strace("openat", "EMFILE", "{n}9", 3);
    under_strace("rename", "EIO", "{n}", 1);  // a start makes one
    under_strace("fallocate", "ENOSPC", "{n}", 1);
    under_strace("ftruncate", "EIO", "{n}", 2);
}

/// Forward by less than the day for which operations are remembered, and back.
TEST_F(Torture, ClocksThatJump) {
    passes({"--kills", "1", "--wrapped", "1", "--wrap", "faketime -f +20h"});
    passes({"--kills", "1", "--wrapped", "2", "--wrap", "faketime -f -{n}h"});
}

}  // namespace
}  // namespace cairn::test
