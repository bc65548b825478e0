#include "core/backup/restore.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/backup/backup_maker.hpp"
#include "core/backup/recovery.hpp"
#include "core/backup/replay.hpp"
#include "tests/core/backup/stores.hpp"

namespace cairn::core::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

RestoreTarget at_seq(std::uint64_t seq) {
    return {RestoreTarget::Kind::seq, 0, seq};
}

RestoreTarget at_time(std::int64_t time_us) {
    return {RestoreTarget::Kind::time, time_us, 0};
}

class Restores : public ::testing::TestWithParam<StoreCase> {
protected:
    Restores() : world(GetParam().make) {
        world.kit.migrations = GetParam().migrations;
        world.start();
    }

    /// What every commit left behind, with backups now and then.
    void live(int commits, int every, std::uint64_t seed) {
        std::minstd_rand random(static_cast<unsigned>(seed));
        for (int i = 0; i < commits; ++i) {
            const std::string id = "i" + std::to_string(random() % 20);
            const std::uint64_t seq =
                random() % 5 == 0 ? world.erase(id) : world.put(id, static_cast<int>(random() % 1000));
            hashes[seq] = world.hash();
            times[seq] = world.clock.now * 1000;
            if (i % every == every / 2) back_up();
        }
    }
    Backup back_up() {
        world.clock.now += 1;
        return make_backup(world.kit, "test", world.journal->id());
    }
    Restored beside(const RestoreTarget& target) {
        const RestorePlan plan = plan_restore(world.kit, world.kit.journal_folder, target);
        return restore_beside(world.kit, plan, std::make_unique<ScratchPlace>(world.kit, "restore"));
    }
    std::string refusal(const RestoreTarget& target) {
        try {
            plan_restore(world.kit, world.kit.journal_folder, target);
        } catch (const Unreachable& unreachable) {
            return unreachable.what();
        }
        return "reachable";
    }

    World world;
    std::map<std::uint64_t, std::string> hashes;
    std::map<std::uint64_t, std::int64_t> times;
};

TEST_P(Restores, TwentyPointsGiveTheStatesOfThen) {
    live(200, 45, 7);
    std::minstd_rand random(3);
    for (int i = 0; i < 20; ++i) {
        const std::uint64_t seq = 1 + random() % 200;
        // Half by number, half by a time between two commits.
        const Restored restored = beside(i % 2 == 0 ? at_seq(seq) : at_time(times.at(seq) + 400000));
        EXPECT_EQ(restored.state.watermark, seq);
        EXPECT_EQ(restored.state.hash, hashes.at(seq)) << "commit " << seq;
        EXPECT_EQ(restored.from + restored.replayed, seq);
    }
    EXPECT_EQ(beside({}).state.hash, world.hash());
}

TEST_P(Restores, BeginAtTheNearestBackup) {
    live(30, 10, 1);  // backups behind commits 6, 16, 26
    EXPECT_EQ(beside(at_seq(6)).replayed, 0);
    EXPECT_EQ(beside(at_seq(20)).from, 16);
    EXPECT_EQ(beside(at_seq(5)).from, 0) << "from nothing: the journal reaches back to the first commit";
    EXPECT_EQ(beside(at_seq(0)).state.rows.size(), 0);
}

TEST_P(Restores, ADamagedBackupFallsBackToTheOneBefore) {
    live(30, 10, 2);
    const BackupList list = list_backups(world.kit.backup_folder);
    ASSERT_EQ(list.backups.size(), 3);
    const std::string newest = list.backups[0].path;
    const auto bytes = fs::file_size(newest);

    flip_bytes(newest, bytes / 2);
    Restored restored = beside({});
    EXPECT_EQ(restored.from, 16);
    EXPECT_EQ(restored.state.hash, world.hash());
    EXPECT_THAT(world.log.lines(), HasSubstr("does not fit the checksum"));

    fs::resize_file(newest, bytes / 2);
    EXPECT_EQ(beside({}).from, 16) << "cut short";
    fs::resize_file(newest, 0);
    EXPECT_EQ(beside({}).from, 16) << "empty";
    fs::remove(newest);
    EXPECT_EQ(beside({}).from, 16) << "missing";
    flip_bytes(list.backups[1].manifest_path, 20, 4);
    EXPECT_EQ(beside({}).from, 6) << "a manifest that is damaged";
}

TEST_P(Restores, AGapIsRefusedWithItsRange) {
    world.stop();
    world.store().open();
    world.open_journal(1u << 20);
    live(10, 100, 1);
    back_up();
    live(20, 100, 2);  // commits 11 to 30
    // The journal from before commit 26 is gone: the backup ends with 10.
    const std::uint64_t watermark = world.store().watermark().seq;
    ASSERT_EQ(watermark, 30);
    for (const auto& entry : fs::directory_iterator(world.kit.journal_folder)) {
        if (entry.path().extension() == ".cjl") fs::remove(entry.path());
    }
    world.journal.reset();
    world.open_journal();
    live(5, 100, 3);  // commits 31 to 35 in a new journal
    EXPECT_THAT(refusal({}), HasSubstr("commit 35 cannot be reached"));
    EXPECT_THAT(refusal({}), HasSubstr("commits 1 to 30"));
}

TEST_P(Restores, WhatTheJournalNoLongerHoldsNeedsABackup) {
    live(10, 100, 1);
    world.journal->skip_to(21);  // numbers 11 to 20 are in the store alone
    world.store().apply({}, {20});
    live(5, 100, 2);
    EXPECT_THAT(refusal(at_seq(23)), HasSubstr("commits 11 to 20 are neither in a verified backup nor in the journal"));
    EXPECT_EQ(beside(at_seq(10)).state.hash, hashes.at(10));
    back_up();
    EXPECT_EQ(beside(at_seq(25)).state.hash, hashes.at(25));
}

TEST_P(Restores, MomentsThatAreNotThereAreRefused) {
    live(5, 100, 1);
    EXPECT_THAT(refusal(at_seq(6)), HasSubstr("there is no commit 6; the last one is 5"));
    EXPECT_THAT(refusal(at_time(times.at(1) - 2000000)), HasSubstr("begins with commit 1 at 2026-03-29T"));
}

TEST_P(Restores, NothingAtAllIsSaid) {
    EXPECT_THAT(refusal({}), HasSubstr("nothing to restore from"));
}

TEST_P(Restores, ATimeGoesByTheOrderOfCommits) {
    live(5, 100, 1);
    const std::int64_t before = world.clock.now;
    world.clock.now += 3600 * 1000;   // an hour ahead …
    live(2, 100, 2);                  // 6 and 7
    world.clock.now = before + 2000;  // … and back again
    live(2, 100, 3);                  // 8 and 9
    bool jumped = false;
    const JournalSurvey survey = survey_journal(world.kit.journal_folder);
    EXPECT_EQ(last_commit_until(world.kit.journal_folder, survey, before * 1000, jumped), 5);
    EXPECT_FALSE(jumped);
    EXPECT_EQ(last_commit_until(world.kit.journal_folder, survey, world.clock.now * 1000, jumped), 9);
    EXPECT_TRUE(jumped) << "6 and 7 carry later times and are part of that state";
    const RestorePlan plan = plan_restore(world.kit, world.kit.journal_folder, at_time(world.clock.now * 1000));
    EXPECT_THAT(plan.notes, ::testing::Contains(HasSubstr("the clock was set back")));
}

TEST_P(Restores, RefusedCommitsAreLeftOut) {
    world.put("a", 1);
    const std::uint64_t known = world.put("b", -5, true);
    world.note_refused(known);
    world.store().apply({}, {known});
    world.put("c", 3);
    const std::string hash = world.hash();
    const Restored restored = beside({});
    EXPECT_EQ(restored.state.hash, hash);
    EXPECT_EQ(restored.refused, 1);
    EXPECT_EQ(restored.replayed, 2);
    // Killed before the refusal was noted: it is found now.
    world.put("d", -7, true);
    world.put("e", 5, true);
    const Restored again = beside({});
    EXPECT_EQ(again.refused, 2);
    EXPECT_EQ(again.buried, 1) << "of these";
    EXPECT_EQ(again.state.watermark, 5);
    EXPECT_THAT(world.log.lines(), HasSubstr("cairn_dead_letters"));
}

TEST_P(Restores, ATableOfAPluginThatIsMissingIsNamed) {
    world.put("a", 1);
    world.kit.tables.clear();
    try {
        beside({});
        FAIL() << "restored";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("the table items, which no plugin"));
    }
}

TEST_P(Restores, LeaveNothingBehind) {
    live(12, 5, 1);
    const auto files = [&] {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator(world.folder.path())) {
            if (entry.is_regular_file()) names.push_back(entry.path().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    };
    const auto before = files();
    beside(at_seq(8));
    EXPECT_EQ(verify_backup(world.kit, list_backups(world.kit.backup_folder).backups[0]), "");
    EXPECT_EQ(files(), before);
}

TEST_P(Restores, APlaceThatIsTakenIsLeftAlone) {
    live(3, 2, 1);
    const std::string taken = world.folder.path() + "/precious";
    std::ofstream(taken) << "precious";
    EXPECT_THROW(ScratchPlace(world.kit, "restore", taken), Error);
    EXPECT_TRUE(fs::exists(taken));
}

TEST_P(Restores, PutInPlaceTheServerGoesOnFromThere) {
    live(30, 10, 4);
    const std::string last = world.hash();
    world.stop();
    const RestorePlan plan = plan_restore(world.kit, world.kit.journal_folder, at_seq(20));
    EXPECT_EQ(plan.beyond(), 10);
    Restored restored = restore_beside(world.kit, plan, std::make_unique<ScratchPlace>(world.kit, "restore"));
    const Activated done = activate(world.kit, plan, restored);
    EXPECT_FALSE(done.quarantine.empty());
    ASSERT_TRUE(fs::is_directory(done.journal_aside)) << done.journal_aside;

    finish_interrupted_restore(world.kit);  // as at each start: nothing is left to do
    world.start();
    EXPECT_EQ(world.store().watermark().seq, 20);
    EXPECT_EQ(world.hash(), hashes.at(20)) << "later commits are not applied again";
    EXPECT_EQ(world.put("new", 1), 21) << "numbers go on";
    back_up();
    EXPECT_EQ(beside({}).state.hash, world.hash()) << "backups of the former journal are left out";

    // And to a later moment after all, from the journal that was kept.
    world.stop();
    const RestorePlan later = plan_restore(world.kit, done.journal_aside, at_seq(30));
    Restored again = restore_beside(world.kit, later, std::make_unique<ScratchPlace>(world.kit, "restore"));
    EXPECT_EQ(again.state.hash, last);
    world.clock.now += 1000;
    activate(world.kit, later, again);
    world.start();
    EXPECT_EQ(world.hash(), last);
    EXPECT_EQ(world.journal->last(), 30);
}

/// The disk with the journal is gone, and the folder of backups is what is left.
TEST_P(Restores, WithoutTheJournalTheLatestIsThatOfTheLastHistory) {
    live(30, 10, 4);  // a backup behind commit 26
    world.stop();
    const RestorePlan back = plan_restore(world.kit, world.kit.journal_folder, at_seq(10));
    Restored restored = restore_beside(world.kit, back, std::make_unique<ScratchPlace>(world.kit, "restore"));
    activate(world.kit, back, restored);
    world.start();
    world.put("new", 1);
    back_up();  // ends with commit 11, and is newer than the one that ends with 26
    const std::string last = world.hash();
    world.stop();
    fs::remove_all(world.kit.journal_folder);
    const RestorePlan plan = plan_restore(world.kit, world.kit.journal_folder, {});
    EXPECT_EQ(plan.target, 11);
    EXPECT_THAT(plan.notes, ::testing::Contains(HasSubstr("belong to another journal and are left out")));
    EXPECT_EQ(beside({}).state.hash, last);
    world.start();  // for the end of the test
}

TEST_P(Restores, ATimeBeforeTheJournalIsNotABackupThatHoldsLaterCommits) {
    live(10, 100, 1);
    world.journal->skip_to(21);
    world.store().apply({}, {20});
    world.journal->prune(20);  // it begins with commit 21 now
    const WallTime began = world.clock.now + 500;
    world.put("later", 1);  // 21
    Backup backup = back_up();
    // It had begun before that commit, and looked at the store behind it.
    backup.manifest.started = began;
    put_manifest(backup);
    EXPECT_THAT(refusal(at_time((began + 100) * 1000)), HasSubstr("there was no commit up to"));
}

TEST_P(Restores, TheLatestKeepsItsJournal) {
    live(10, 4, 4);
    const std::string last = world.hash();
    world.stop();
    const RestorePlan plan = plan_restore(world.kit, world.kit.journal_folder, {});
    Restored restored = restore_beside(world.kit, plan, std::make_unique<ScratchPlace>(world.kit, "restore"));
    EXPECT_EQ(activate(world.kit, plan, restored).journal_aside, "");
    world.start();
    EXPECT_EQ(world.hash(), last);
    EXPECT_EQ(world.put("next", 1), 11);
}

INSTANTIATE_TEST_SUITE_P(On, Restores, ::testing::Values(file_store(), sqlite_store(), postgres_store()), case_name);

}  // namespace
}  // namespace cairn::core::test
