#include "core/backup/keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "core/backup/control_box.hpp"
#include "core/backup/durable_file.hpp"
#include "core/loops/lanes.hpp"
#include "tests/core/backup/stores.hpp"
#include "tests/support/plain_metrics.hpp"

namespace cairn::core::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr WallTime kHour = 3600 * 1000;

class Keepers : public ::testing::Test {
protected:
    Keepers() : world(file_store().make) {
        world.start();
        options.settle = Duration(10000 * kHour);  // nothing by itself unless a test asks for it
        options.poll = Duration(5);
    }
    ~Keepers() override {
        keeper.reset();
        scheduler.stop();
        lanes.stop(Duration(1000));
    }
    Keeper& make() {
        keeper = std::make_unique<Keeper>(world.kit, options, *world.journal, scheduler, metrics, vacuum);
        return *keeper;
    }
    FileStore& file() { return static_cast<FileStore&>(world.store()); }
    std::size_t backups() { return list_backups(world.kit.backup_folder).backups.size(); }
    /// Until something is so, at most half a minute.
    static bool soon(const std::function<bool()>& so) {
        for (int i = 0; i < 6000; ++i) {
            if (so()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return false;
    }

    World world;
    cairn::test::PlainMetrics metrics;
    Lanes lanes{{}, metrics};
    Scheduler scheduler{TimeZone("UTC"), world.clock, lanes, world.log};
    Keeper::Options options;
    std::function<void()> vacuum;
    std::unique_ptr<Keeper> keeper;
};

TEST_F(Keepers, ADrillProvesTheLiveState) {
    for (int i = 0; i < 10; ++i) world.put("i" + std::to_string(i), i);
    make().back_up("manual");
    for (int i = 0; i < 5; ++i) world.put("i" + std::to_string(i), i + 50);
    const Document result = keeper->drill();
    EXPECT_TRUE(result["ok"].boolean_or(false)) << result.to_json();
    EXPECT_EQ(result["commits"].integer_or(0), 5);
    EXPECT_EQ(result["seq"].integer_or(0), 15);
    EXPECT_EQ(metrics.value("cairn_restore_drill_ok"), 1);
    const Keeper::HealthReport health = keeper->health();
    EXPECT_TRUE(health.ok);
    EXPECT_TRUE(health.details["last_restore_drill"]["ok"].boolean_or(false));
    EXPECT_EQ(health.details["count"].integer_or(0), 1);
    EXPECT_TRUE(fs::is_empty(world.kit.data_dir + "/scratch"));
}

TEST_F(Keepers, ADrillFindsWhatTheJournalDoesNotKnow) {
    world.put("a", 1);
    make().back_up("manual");
    world.put("b", 2);
    // A row that came into the database by another way.
    Batch batch;
    const std::vector<Change> stray{{&world.items, "{\"id\":\"stray\"}", "{\"id\":\"stray\",\"value\":1}"}};
    batch.add(stray);
    world.store().apply(batch.tables(), {2});
    const Document result = keeper->drill();
    EXPECT_FALSE(result["ok"].boolean_or(true));
    EXPECT_THAT(std::string(result["reason"].text()), HasSubstr("items has 3 rows and restored 2"));
    EXPECT_THAT(world.log.lines(), HasSubstr("restore drill failed"));
}

/// A value that became another one: no check sees it, and every backup since holds it.
TEST_F(Keepers, ADrillFindsWhatTheNewestBackupHasTakenOver) {
    world.put("a", 1);
    make().back_up("manual");
    EXPECT_TRUE(keeper->drill()["ok"].boolean_or(false));
    Batch batch;
    const std::vector<Change> rot{{&world.items, "{\"id\":\"a\"}", "{\"id\":\"a\",\"value\":99}"}};
    batch.add(rot);
    world.store().apply(batch.tables(), {1});
    world.put("b", 2);
    const Backup spoiled = keeper->back_up("scheduled");
    const Document result = keeper->drill();
    EXPECT_FALSE(result["ok"].boolean_or(true)) << result.to_json();
    EXPECT_EQ(result["backup"].text(), spoiled.manifest.file);
    EXPECT_THAT(std::string(result["reason"].text()), HasSubstr("without a commit"));
    EXPECT_EQ(metrics.value("cairn_restore_drill_ok"), 0);
    // It has been said; the next drill looks at what came since.
    keeper->back_up("scheduled");
    EXPECT_TRUE(keeper->drill()["ok"].boolean_or(false));
}

TEST_F(Keepers, HealthAsksForAProofWithin26Hours) {
    world.put("a", 1);
    make().back_up("manual");
    EXPECT_TRUE(keeper->health().ok) << "a server that has just come up";
    world.clock.now += 25 * kHour;
    EXPECT_TRUE(keeper->health().ok);
    world.clock.now += 2 * kHour;
    EXPECT_FALSE(keeper->health().ok) << "no drill for 27 hours";
    keeper->drill();
    EXPECT_TRUE(keeper->health().ok);
    world.clock.now += 25 * kHour;
    EXPECT_TRUE(keeper->health().ok);
    world.clock.now += 2 * kHour;
    EXPECT_FALSE(keeper->health().ok);
}

TEST_F(Keepers, HealthAsksForBackupsWhileThereIsSomethingToKeep) {
    options.drill.clear();
    make();
    world.clock.now += 30 * kHour;
    EXPECT_TRUE(keeper->health().ok) << "nothing was ever changed";
    world.put("a", 1);
    EXPECT_FALSE(keeper->health().ok);
    keeper->back_up("manual");
    EXPECT_TRUE(keeper->health().ok);
    world.clock.now += 30 * kHour;
    EXPECT_TRUE(keeper->health().ok) << "the backup holds all there is";
    options.enabled = false;
    make();
    world.put("b", 1);
    world.clock.now += 30 * kHour;
    EXPECT_TRUE(keeper->health().ok) << "backups are switched off";
}

TEST_F(Keepers, AClockThatJumpsMakesNobodyIll) {
    world.put("a", 1);
    make().back_up("manual");
    world.clock.now += 48 * kHour;
    world.clock.hidden -= std::chrono::milliseconds(48 * kHour);  // only the wall clock has jumped
    EXPECT_TRUE(keeper->health().ok);
}

TEST_F(Keepers, TheLastDrillIsRemembered) {
    world.put("a", 1);
    make().back_up("manual");
    keeper->drill();
    make().start();
    EXPECT_TRUE(keeper->health().details["last_restore_drill"]["ok"].boolean_or(false));
}

TEST_F(Keepers, TheFirstBackupComesByItself) {
    options.settle = Duration(1);
    world.put("a", 1);
    make().start();
    world.clock.now += 1000;
    EXPECT_TRUE(soon([&] { return keeper->health().details["count"].integer_or(0) == 1; }));
    EXPECT_EQ(list_backups(world.kit.backup_folder).backups.at(0).manifest.why, "first");
}

TEST_F(Keepers, SchedulesMakeBackupsWhenSomethingHasChanged) {
    world.put("a", 1);
    make().start();
    for (int hour = 0; hour < 3; ++hour) {
        world.clock.now += kHour;
        scheduler.look();
        EXPECT_TRUE(soon([&] { return backups() == 1; }));
    }
    world.put("a", 2);
    world.clock.now += kHour;
    // The run of the hour before may not have ended yet; this one then waits for the next look.
    EXPECT_TRUE(soon([&] {
        scheduler.look();
        return backups() == 2;
    }));
    EXPECT_EQ(list_backups(world.kit.backup_folder).backups.at(0).manifest.why, "scheduled");
}

TEST_F(Keepers, VacuumHasItsTime) {
    std::atomic<int> runs{0};
    vacuum = [&runs] { ++runs; };
    make().start();
    world.clock.now += 24 * kHour;
    scheduler.look();
    EXPECT_TRUE(soon([&] { return runs == 1; }));
}

TEST_F(Keepers, TheFinalBackupIsMadeOnlyForSomethingNew) {
    make().start();
    keeper->stop();
    keeper->final_backup();
    EXPECT_EQ(backups(), 0) << "nothing was ever changed";
    world.put("a", 1);
    keeper->final_backup();
    keeper->final_backup();
    EXPECT_EQ(backups(), 1);
    EXPECT_EQ(list_backups(world.kit.backup_folder).backups.at(0).manifest.why, "final");
}

TEST_F(Keepers, AFailureKeepsWhatThereIs) {
    world.put("a", 1);
    make().back_up("manual");
    world.put("a", 2);
    file().fail_backup = true;
    EXPECT_THROW(keeper->back_up("manual"), Error);
    file().fail_backup = false;
    file().tear_backup = true;
    EXPECT_THROW(keeper->back_up("manual"), Error);
    EXPECT_EQ(backups(), 1);
    EXPECT_TRUE(list_backups(world.kit.backup_folder).others.empty()) << "what failed its test is gone";
    EXPECT_EQ(metrics.value("cairn_backup_failures_total"), 2);
    EXPECT_THAT(world.log.lines(), HasSubstr("the backup failed"));
}

TEST_F(Keepers, TheJournalGoesBackToTheOldestBackup) {
    world.journal.reset();
    world.open_journal(1u << 20);
    options.keep = {1, 1};
    make();
    const std::string text(2000, 'x');
    for (int i = 0; i < 4; ++i) {
        for (int n = 0; n < 700; ++n) world.put(text + std::to_string(n), n, true);
        world.store().apply({}, {world.journal->last()});
        keeper->back_up("manual");
    }
    const BackupList list = list_backups(world.kit.backup_folder);
    ASSERT_EQ(list.backups.size(), 3);
    EXPECT_GT(world.journal->first(), 1) << "the journal from before the oldest backup is gone";
    EXPECT_LE(world.journal->first(), static_cast<std::uint64_t>(list.backups.back().manifest.watermark) + 1);
    EXPECT_THAT(world.log.lines(), ::testing::Not(HasSubstr("is its disk mounted?")));

    // The disk with the backups is not there: they still need the journal that leads on from them.
    const std::uint64_t first = world.journal->first();
    fs::rename(world.kit.backup_folder, world.kit.backup_folder + ".away");
    make().start();
    EXPECT_THAT(world.log.lines(), HasSubstr("is its disk mounted?"));
    keeper->back_up("manual");
    EXPECT_EQ(world.journal->first(), first);
}

TEST_F(Keepers, AJournalAtItsLimitGivesUpNoMoreThanItMust) {
    world.journal.reset();
    world.open_journal(1u << 20);
    make().back_up("manual");
    const std::string text(4000, 'x');
    const auto fill = [&](std::uint64_t bytes) {
        while (world.journal->bytes() < bytes) world.put(text + std::to_string(world.journal->last()), 1, true);
        world.store().apply({}, {world.journal->last()});
    };
    fill(10u << 20);
    options.journal_max_bytes = 12u << 20;  // the limit is 9.6 MiB
    make().back_up("manual");
    ASSERT_EQ(world.journal->first(), 1);
    keeper->start();
    ASSERT_TRUE(soon([&] { return world.journal->bytes() < (96u << 20) / 10; }));
    keeper->stop();
    EXPECT_GT(world.journal->bytes(), 8u << 20) << "all of it is in a backup, and all of it is a moment to go back to";
}

TEST_F(Keepers, RequestsAreAnswered) {
    world.put("a", 1);
    make().start();
    ASSERT_TRUE(soon([&] { return fs::is_directory(world.kit.data_dir + "/control"); }));
    const auto ask = [&](const Document& request) {
        return ask_server(world.kit.data_dir, request, Duration(20000), Duration(20000));
    };
    const Document made = ask({{"what", "backup"}});
    EXPECT_EQ(made["commit"].integer_or(0), 1);
    const std::string name(made["file"].text());
    EXPECT_TRUE(ask({{"what", "verify"}, {"file", name}})["ok"].boolean_or(false));
    EXPECT_TRUE(ask({{"what", "drill"}})["ok"].boolean_or(false));
    EXPECT_EQ(ask({{"what", "prune"}})["deleted"].size(), 0);
    flip_bytes(world.kit.backup_folder + "/" + name, 3, 2);
    EXPECT_THAT(std::string(ask({{"what", "verify"}, {"file", name}})["trouble"].text()), HasSubstr("damaged"));
    EXPECT_THROW(ask({{"what", "dance"}}), Error);
    EXPECT_THROW(ask({{"what", "verify"}, {"file", "none"}}), Error);
    EXPECT_TRUE(fs::is_empty(world.kit.data_dir + "/control"));
}

TEST(ControlBoxes, NobodyTakesARequestWhereNobodyIs) {
    const Folder folder;
    EXPECT_THROW(ask_server(folder.path(), {{"what", "backup"}}, Duration(50), Duration(50)), Error);
    ControlBox box(folder.path());
    EXPECT_THROW(ask_server(folder.path(), {{"what", "backup"}}, Duration(50), Duration(50)), Error);
    EXPECT_FALSE(box.serve([](const Document& request) { return request; })) << "it was withdrawn";
    std::ofstream(folder.path() + "/control/1.request") << "{ not JSON";
    EXPECT_TRUE(box.serve([](const Document& request) { return request; }));
    EXPECT_THAT(read_file(folder.path() + "/control/1.answer"), HasSubstr("\"ok\":false"));
    EXPECT_FALSE(data_holder(folder.path()).has_value());
}

}  // namespace
}  // namespace cairn::core::test
