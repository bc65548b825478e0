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

#include "tests/faults/torture_run.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

std::string kills() {
    return std::to_string(number_of("CAIRN_TORTURE_KILLS", 6));
}

class Torture : public TortureRun {
protected:
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

/// CAIRN_TORTURE_EACH says how often (once unless said otherwise).
TEST_F(Torture, PostgresKilledAtEachNamedPoint) {
    const int each = number_of("CAIRN_TORTURE_EACH", 1);
    std::vector<std::string> words = postgres();
    words.insert(words.end(), {"--kills", "0", "--each", std::to_string(each), "--ack", "store", "--failpoints",
                               "journal.before_write,journal.after_write,journal.after_sync,engine.before_answer,"
                               "store.before_commit,store.after_commit"});
    const Document verdict = passes(words, std::chrono::seconds(60 + 60 * each));
    for (const Document::Member& point : verdict["failpoints"].members()) {
        EXPECT_EQ(point.value.integer_or(0), each) << point.key << " was not always reached";
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
