#include "core/backup/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/backup/durable_file.hpp"
#include "tests/core/backup/world.hpp"

namespace cairn::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr WallTime kHour = 3600 * 1000;
constexpr WallTime kDay = 24 * kHour;
constexpr WallTime kBegin = 1774742400000;  // 2026-03-29T00:00:00Z

/// Backups at these times, the first one made first.
BackupList made_at(const std::vector<WallTime>& times) {
    BackupList list;
    std::int64_t serial = 0;
    for (const WallTime at : times) {
        Backup backup;
        backup.manifest.serial = ++serial;
        backup.manifest.started = at;
        backup.manifest.verified = ManifestVerified{at, "test"};
        list.backups.insert(list.backups.begin(), backup);
    }
    return list;
}

std::vector<std::int64_t> gone(const BackupList& list, Retention keep) {
    std::vector<std::int64_t> serials;
    for (const std::size_t index : superfluous(list, keep)) serials.push_back(list.backups[index].manifest.serial);
    std::sort(serials.begin(), serials.end());
    return serials;
}

TEST(Retention, KeepsHoursAndDays) {
    std::vector<WallTime> times;
    for (int hour = 0; hour < 24 * 40; ++hour) times.push_back(kBegin + hour * kHour);
    const BackupList list = made_at(times);
    const std::vector<std::int64_t> lost = gone(list, {24, 30});
    // 24 hours, and of the 30 newest days the last one each; the newest day is among the hours.
    EXPECT_EQ(list.backups.size() - lost.size(), 24 + 29);
    EXPECT_EQ(lost.front(), 1);
    EXPECT_THAT(lost, ::testing::Not(::testing::Contains(24 * 11))) << "the newest of a day that is kept";
    EXPECT_THAT(lost, ::testing::Contains(24 * 11 - 1));
    EXPECT_THAT(lost, ::testing::Contains(24 * 10)) << "the 31st day";
}

TEST(Retention, TheNewestOfAnHourStays) {
    const BackupList list = made_at(
        {kBegin, kBegin + 1000, kBegin + 2000, kBegin + 3000, kBegin + kHour, kBegin + 2 * kHour, kBegin + 3 * kHour});
    EXPECT_THAT(gone(list, {24, 30}), ElementsAre(1, 2, 3));
}

TEST(Retention, ThreeVerifiedOnesStayHoweverOld) {
    EXPECT_THAT(gone(made_at({kBegin, kBegin + 1, kBegin + 2}), {1, 1}), IsEmpty());
    EXPECT_THAT(gone(made_at({kBegin, kBegin + 1, kBegin + 2, kBegin + 3}), {1, 1}), ElementsAre(1));
}

TEST(Retention, NothingGoesBecauseTimePasses) {
    // The last backup is years old: all the same, only the number of hours and days with backups counts.
    std::vector<WallTime> times;
    for (int day = 0; day < 10; ++day) times.push_back(kBegin - 3000 * kDay + day * kDay);
    EXPECT_THAT(gone(made_at(times), {24, 30}), IsEmpty());
}

TEST(Retention, OnesThatFailedMakeNothingSuperfluous) {
    BackupList list = made_at({kBegin, kBegin + 1, kBegin + 2, kBegin + 3, kBegin + 4, kBegin + 5});
    list.backups[0].manifest.verified.reset();
    list.backups[1].trouble = "the file is missing";
    list.backups[2].manifest.verified.reset();
    EXPECT_THAT(gone(list, {1, 1}), IsEmpty()) << "only three verified ones are there";
}

TEST(Retention, AClockThatJumpsDoesNotReorder) {
    // A day ahead for one backup, then back again, then a day behind.
    const BackupList list = made_at({kBegin, kBegin + kDay, kBegin + kHour, kBegin - kDay, kBegin + 2 * kHour});
    EXPECT_THAT(gone(list, {24, 30}), IsEmpty());
    EXPECT_THAT(gone(list, {1, 1}), ElementsAre(1, 2)) << "the first two made";
}

TEST(Pruning, DeletesFileAndManifestAndNothingElse) {
    const test::Folder folder;
    for (int i = 1; i <= 5; ++i) {
        Manifest manifest;
        manifest.serial = i;
        manifest.file = "backup_2026010" + std::to_string(i) + "_000000.db";
        manifest.bytes = 4;
        manifest.sha256 = std::string(64, 'a');
        manifest.engine = "x";
        manifest.state_hash = "x";
        manifest.started = kBegin + i;
        manifest.verified = ManifestVerified{kBegin, "test"};
        std::ofstream(folder.path() + "/" + manifest.file) << "data";
        write_durably(folder.path() + "/" + manifest.file + ".json", write_manifest(manifest));
    }
    std::ofstream(folder.path() + "/backup_20200101_000000.db") << "without a manifest";
    std::ofstream(folder.path() + "/notes.txt") << "mine";
    EXPECT_THAT(prune_backups(folder.path(), {1, 1}),
                ElementsAre("backup_20260102_000000.db", "backup_20260101_000000.db"));
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        left.push_back(entry.path().filename().string());
    }
    EXPECT_THAT(left, ::testing::UnorderedElementsAre("backup_20260103_000000.db", "backup_20260103_000000.db.json",
                                                      "backup_20260104_000000.db", "backup_20260104_000000.db.json",
                                                      "backup_20260105_000000.db", "backup_20260105_000000.db.json",
                                                      "backup_20200101_000000.db", "notes.txt"));
    EXPECT_THAT(prune_backups(folder.path(), {1, 1}), IsEmpty());
}

}  // namespace
}  // namespace cairn::core
