// The power of the whole engine is cut, not only that of the journal: writes that were not synced, of the journal and of
// SQLite's files alike, reach the disk or do not, sector by sector, and so do names of new, renamed and removed files.
// tests/support/power_cut.cpp says how. CAIRN_POWER_CUTS says how often for each `ack` (5 unless said otherwise).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/faults/torture_run.hpp"

namespace cairn::test {
namespace {

class PowerCut : public TortureRun {
protected:
    std::vector<std::string> cuts(int times, const std::string& ack) const {
        return {"--kills", "0", "--ack", ack, "--wrapped", std::to_string(times), "--wrap",
                CAIRN_POWER_CUT " " CAIRN_POWER_CUT_SHIM " " + folder_.path().string() + " {n}"};
    }
    void survives(const std::string& ack) {
        const int times = number_of("CAIRN_POWER_CUTS", 5);
        const Document verdict = passes(cuts(times, ack), std::chrono::seconds(60 + 10 * times));
        EXPECT_EQ(verdict["wrapped"].integer_or(0), times);
        EXPECT_EQ(verdict["wrapped_ended"].integer_or(-1), 0) << "the shim is in the way of the engine";
        EXPECT_GT(verdict["acknowledged"].integer_or(0), 100);
    }
};

TEST_F(PowerCut, WhatWasAnsweredFromTheJournalIsThere) {
    survives("journal");
}

TEST_F(PowerCut, WhatTheStoreAnsweredIsThere) {
    survives("store");
}

/// Were nothing ever lost here, the tests above would show nothing.
TEST_F(PowerCut, ADiskThatLiesIsFoundOut) {
    ::setenv("CAIRN_POWER_CUT_DISK_LIES", "1", 1);
    const Verdict verdict = run(cuts(8, "journal"), std::chrono::seconds(120));
    ::unsetenv("CAIRN_POWER_CUT_DISK_LIES");
    EXPECT_EQ(verdict.finished.exit_code, 1) << verdict.finished.output;
    EXPECT_FALSE(verdict.document["ok"].boolean_or(true));
    EXPECT_GT(verdict.document["faults"].size(), 0u);
}

}  // namespace
}  // namespace cairn::test
