#include "core/backup/recovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <cairn/failpoint.hpp>

#include "core/backup/backup_maker.hpp"
#include "core/backup/restore.hpp"
#include "tests/core/backup/stores.hpp"

namespace cairn::core::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Recoveries : public ::testing::TestWithParam<StoreCase> {
protected:
    Recoveries() : world(GetParam().make) {
        world.kit.migrations = GetParam().migrations;
        world.start();
    }

    void put(int count) {
        for (int i = 0; i < count; ++i) world.put("i" + std::to_string(world.journal->last() % 7), i);
    }
    void back_up() { make_backup(world.kit, "test", world.journal->id()); }
    void damage() {
        const std::string file = world.store().place();
        world.stop();
        std::ofstream(file, std::ios::trunc) << "this is no database any more";
    }
    std::vector<std::string> segments() {
        std::vector<std::string> files;
        for (const auto& entry : fs::directory_iterator(world.kit.journal_folder)) {
            if (entry.path().extension() == ".cjl") files.push_back(entry.path().string());
        }
        std::sort(files.begin(), files.end());
        return files;
    }
    std::string refusal() {
        try {
            recover_store(world.kit, "test", false);
        } catch (const RecoveryRefused& refused) {
            return refused.what();
        }
        return "recovered";
    }

    World world;
};

TEST_P(Recoveries, ADamagedDatabaseIsMadeAnew) {
    put(20);
    back_up();
    put(15);
    const std::string hash = world.hash();
    damage();
    EXPECT_THROW(world.store().open(), Error);
    const RecoveryReport report = recover_store(world.kit, "the database is damaged", false);
    EXPECT_EQ(report.from, 20);
    EXPECT_EQ(report.replayed, 15);
    EXPECT_EQ(report.reached, 35);
    EXPECT_TRUE(report.lost.empty());
    EXPECT_TRUE(fs::exists(report.quarantine)) << "evidence is kept";
    world.start();
    EXPECT_EQ(world.hash(), hash);
    EXPECT_EQ(world.put("next", 1), 36);
    EXPECT_THAT(world.log.lines(), HasSubstr("nothing is lost"));
}

TEST_P(Recoveries, WithoutABackupTheJournalIsEnoughWhenItReachesBack) {
    put(9);
    const std::string hash = world.hash();
    damage();
    const RecoveryReport report = recover_store(world.kit, "test", false);
    EXPECT_EQ(report.backup, "");
    EXPECT_EQ(report.replayed, 9);
    world.start();
    EXPECT_EQ(world.hash(), hash);
}

struct GrownItem {
    std::string id;
    std::int64_t value = 0;
    std::string colour = "green";
};
void describe(Fields<GrownItem>& f) {
    f(&GrownItem::id, "id", "the key");
    f(&GrownItem::value, "value", "what it holds");
    f(&GrownItem::colour, "colour", "came later");
}

/// The journal reaches back to before a column was there. What it holds from then had been acknowledged.
TEST_P(Recoveries, WithoutABackupRowsFromBeforeAColumnGetItsDefault) {
    put(3);
    TableSpec grown{"items", {"id"}, &struct_type<GrownItem>(), "test"};
    world.kit.tables = {&grown};
    if (!world.kit.migrations.empty()) {
        world.kit.migrations.push_back({"test", 2, "colour", "checksum",
                                        "ALTER TABLE items ADD COLUMN colour TEXT NOT NULL DEFAULT 'green';", ""});
    }
    damage();
    const RecoveryReport report = recover_store(world.kit, "test", false);
    EXPECT_EQ(report.buried, 0);
    EXPECT_EQ(report.replayed, 3);
    world.store().open();
    std::vector<std::string> rows;
    world.store().snapshot([&](std::string_view, std::span<const std::string> columns, std::span<const Document> values) {
        std::string row;
        for (std::size_t i = 0; i < columns.size(); ++i) row += columns[i] + "=" + values[i].to_json() + " ";
        rows.push_back(row);
    });
    ASSERT_EQ(rows.size(), 3);
    for (const std::string& row : rows) EXPECT_THAT(row, HasSubstr("colour=\"green\""));
}

TEST_P(Recoveries, WhatTheNewDatabaseRefusesIsNotCalledKept) {
    put(2);
    world.put("bad", -5, true);  // in the journal, killed before the store was asked
    put(1);
    damage();
    const RecoveryReport report = recover_store(world.kit, "test", false);
    EXPECT_EQ(report.buried, 1);
    EXPECT_EQ(report.replayed, 3);
    EXPECT_THAT(world.log.lines(), HasSubstr("cairn_dead_letters"));
    EXPECT_THAT(world.log.lines(), ::testing::Not(HasSubstr("nothing is lost")));
}

TEST_P(Recoveries, AnOlderBackupServesWhenTheNewestIsDamaged) {
    put(5);
    back_up();
    put(5);
    back_up();
    put(5);
    const std::string hash = world.hash();
    flip_bytes(list_backups(world.kit.backup_folder).backups[0].path, 5);
    damage();
    EXPECT_EQ(recover_store(world.kit, "test", false).from, 5);
    world.start();
    EXPECT_EQ(world.hash(), hash);
}

TEST_P(Recoveries, RefuseWhenTheJournalIsGone) {
    put(5);
    back_up();
    put(5);
    damage();
    const std::string file = world.store().place();
    for (const std::string& segment : segments()) fs::remove(segment);
    EXPECT_THAT(refusal(), HasSubstr("is gone: what was changed after the backup"));
    EXPECT_THAT(refusal(), HasSubstr("durability.allow_loss"));
    EXPECT_TRUE(fs::exists(file)) << "nothing was changed";

    const RecoveryReport report = recover_store(world.kit, "test", true);
    EXPECT_EQ(report.reached, 5);
    EXPECT_THAT(world.log.lines(), HasSubstr("given up"));
}

TEST_P(Recoveries, RefuseWhenTheJournalIsDamagedBehindTheBackup) {
    put(5);
    back_up();
    put(400);
    damage();
    // In the middle of what has been acknowledged.
    flip_bytes(segments().front(), 20000, 64);
    const JournalSurvey survey = survey_journal(world.kit.journal_folder);
    ASSERT_FALSE(survey.lost.empty());
    const std::string said = refusal();
    EXPECT_THAT(said, HasSubstr(std::to_string(survey.lost[0].first)));
    EXPECT_THAT(said, HasSubstr("segment-"));

    const RecoveryReport report = recover_store(world.kit, "test", true);
    ASSERT_FALSE(report.lost.empty());
    EXPECT_EQ(report.lost[0].first, survey.lost[0].first);
    EXPECT_THAT(world.log.lines(), HasSubstr("restored with loss"));
}

TEST_P(Recoveries, DamageThatABackupCoversDoesNotMatter) {
    put(400);
    back_up();
    put(5);
    const std::string hash = world.hash();
    damage();
    flip_bytes(segments().front(), 20000, 64);
    const JournalSurvey survey = survey_journal(world.kit.journal_folder);
    ASSERT_FALSE(survey.lost.empty());
    if (survey.last() < 405) GTEST_FAIL() << "what stands behind the damage can be read: " << survey.last();
    recover_store(world.kit, "test", false);
    world.start();
    EXPECT_EQ(world.hash(), hash);
}

/// Killed at `failpoint`, again and again, then once more without: the same state each time.
void killed_at(const StoreCase& store, const std::string& failpoint) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // The process that dies is this program begun anew: it finds the folder in its environment.
    const char* made = std::getenv("CAIRN_TEST_FOLDER");
    std::unique_ptr<World> world;
    std::string hash;
    if (made == nullptr) {
        world = std::make_unique<World>(store.make);
        world->kit.migrations = store.migrations;
        world->start();
        for (int i = 0; i < 10; ++i) world->put("i" + std::to_string(i), i);
        make_backup(world->kit, "test", world->journal->id());
        for (int i = 0; i < 10; ++i) world->put("i" + std::to_string(i), i + 100);
        hash = world->hash();
        const std::string file = world->store().place();
        world->stop();
        std::ofstream(file, std::ios::trunc) << "this is no database any more";
        ::setenv("CAIRN_TEST_FOLDER", world->folder.path().c_str(), 1);
        ::setenv("CAIRN_FAILPOINTS", (failpoint + ":kill").c_str(), 1);
    } else {
        world = std::make_unique<World>(store.make, made);
        world->kit.migrations = store.migrations;
    }
    for (int time = 0; time < 3; ++time) {
        EXPECT_EXIT(
            {
                finish_interrupted_restore(world->kit);
                recover_store(world->kit, "test", false);
            },
            ::testing::KilledBySignal(SIGKILL), "");
    }
    ::unsetenv("CAIRN_TEST_FOLDER");
    ::unsetenv("CAIRN_FAILPOINTS");
    finish_interrupted_restore(world->kit);
    bool good = true;
    try {
        world->store().open();
        world->store().close();
    } catch (const Error&) {
        good = false;
    }
    if (!good) recover_store(world->kit, "test", false);
    world->start();
    EXPECT_EQ(world->hash(), hash);
    EXPECT_FALSE(fs::exists(world->kit.data_dir + "/restore.json"));
    EXPECT_TRUE(fs::is_empty(world->kit.data_dir + "/scratch"));
    for (const auto& entry : fs::directory_iterator(world->folder.path())) {
        EXPECT_EQ(entry.path().filename().string().find(".restore-"), std::string::npos)
            << entry.path() << " was left behind";
    }
}

/// Without a world of its own, which nobody would take away from a process that is killed.
class KilledRecoveries : public ::testing::TestWithParam<StoreCase> {};

TEST_P(KilledRecoveries, BeforeTheReplayBeginAgain) {
    if (failpoints_built()) killed_at(GetParam(), "restore.before_replay");
}

TEST_P(KilledRecoveries, BeforeTheSwapComeToTheirEnd) {
    if (failpoints_built()) killed_at(GetParam(), "restore.before_swap");
}

INSTANTIATE_TEST_SUITE_P(On, KilledRecoveries, ::testing::Values(file_store(), sqlite_store()), case_name);
INSTANTIATE_TEST_SUITE_P(On, Recoveries, ::testing::Values(file_store(), sqlite_store()), case_name);

}  // namespace
}  // namespace cairn::core::test
