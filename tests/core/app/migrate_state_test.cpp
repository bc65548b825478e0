#include "core/app/migrate_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cairn/error.hpp>

namespace cairn::core::test {
namespace {

using services::AppliedMigration;
using services::Migration;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Migration file(const std::string& plugin, int number, const std::string& down = "DROP") {
    return {plugin, number, "step" + std::to_string(number), plugin + std::to_string(number), "CREATE", down};
}

AppliedMigration applied(const std::string& plugin, int number, WallTime at) {
    return {plugin, number, "step" + std::to_string(number), plugin + std::to_string(number), at};
}

std::vector<std::string> words(const std::vector<MigrationRow>& rows) {
    std::vector<std::string> words;
    for (const MigrationRow& row : rows) {
        words.push_back(row.plugin + " " + std::to_string(row.number) + " " +
                        std::string(migration_state_name(row.state)));
    }
    return words;
}

std::vector<std::string> names(const std::vector<const Migration*>& migrations) {
    std::vector<std::string> names;
    for (const Migration* migration : migrations)
        names.push_back(migration->plugin + std::to_string(migration->number));
    return names;
}

TEST(MigrateState, SaysWhereEachStands) {
    const std::vector<Migration> known{file("cairn", 1), file("world", 1), file("world", 2),
                                       file("world", 3), file("chat", 1),  file("chat", 2)};
    std::vector<AppliedMigration> there{applied("chat", 2, 50), applied("chat", 3, 60),  applied("chat", 4, 70),
                                        applied("gone", 1, 10), applied("world", 1, 20), applied("world", 2, 30)};
    there[4].checksum = "other";
    const std::vector<MigrationRow> rows = compare_migrations(there, known);
    EXPECT_THAT(words(rows),
                ElementsAre("cairn 1 pending", "world 1 changed", "world 2 applied", "world 3 pending", "chat 1 late",
                            "chat 2 applied", "chat 3 unknown", "chat 4 unknown", "gone 1 idle"));
    EXPECT_EQ(rows[2].applied_at, 30);
    EXPECT_EQ(rows[3].applied_at, std::nullopt);
    EXPECT_THAT(names(pending_migrations(rows)), ElementsAre("cairn1", "world3"));
    EXPECT_TRUE(migrations_refused(rows));
}

TEST(MigrateState, WhatIsIdleOrPendingIsNoReasonToRefuse) {
    const std::vector<Migration> known{file("world", 1), file("world", 2)};
    const std::vector<AppliedMigration> there{applied("gone", 1, 10), applied("world", 1, 20)};
    EXPECT_FALSE(migrations_refused(compare_migrations(there, known)));
    EXPECT_TRUE(compare_migrations({}, {}).empty());
}

class TakingBack : public testing::Test {
protected:
    std::vector<std::string> back(const std::string& plugin = {}, std::optional<int> to = std::nullopt) {
        rows_ = compare_migrations(there_, known_);
        return names(migrations_to_take_back(rows_, plugin, to));
    }
    std::string refusal(const std::string& plugin = {}, std::optional<int> to = std::nullopt) {
        try {
            back(plugin, to);
        } catch (const Error& error) {
            return error.what();
        }
        return "was not refused";
    }
    std::vector<Migration> known_{file("cairn", 1), file("world", 1), file("world", 2), file("world", 3),
                                  file("chat", 1)};
    std::vector<AppliedMigration> there_{applied("cairn", 1, 5), applied("chat", 1, 40), applied("world", 1, 10),
                                         applied("world", 2, 20), applied("world", 3, 40)};
    std::vector<MigrationRow> rows_;
};

TEST_F(TakingBack, TheNewestOfAllOrOfAPlugin) {
    EXPECT_THAT(back(), ElementsAre("chat1")) << "of the same moment, the later one in the order of the files";
    EXPECT_THAT(back("world"), ElementsAre("world3"));
    EXPECT_THAT(back("cairn"), ElementsAre("cairn1"));
    there_[4].applied_at = 41;
    EXPECT_THAT(back(), ElementsAre("world3"));
    there_[2].applied_at = 100;  // the clock had jumped
    EXPECT_THAT(back(), ElementsAre("world3")) << "never one beneath another";
}

TEST_F(TakingBack, DownToANumberNewestFirst) {
    EXPECT_THAT(back("world", 1), ElementsAre("world3", "world2"));
    EXPECT_THAT(back("world", 0), ElementsAre("world3", "world2", "world1"));
    EXPECT_THAT(refusal("world", 3), HasSubstr("nothing to take back"));
}

TEST_F(TakingBack, IsRefusedAsAWholeWhenOneHasNoWayBack) {
    known_[2].down.clear();
    EXPECT_THAT(refusal("world", 0),
                HasSubstr("world 0002_step2 cannot be taken back: there is no 0002_step2.down.sql"));
    EXPECT_THAT(back("world", 2), ElementsAre("world3"));
}

TEST_F(TakingBack, IsRefusedForWhatThisInstallationDoesNotHave) {
    there_.push_back(applied("world", 4, 50));
    EXPECT_THAT(refusal("world"), HasSubstr("newer Cairn"));
    EXPECT_THAT(refusal("world", 1), HasSubstr("newer Cairn"));
    EXPECT_THAT(refusal("nobody"), HasSubstr("the plugin nobody has no migrations"));
    there_[1].checksum = "other";
    EXPECT_THAT(refusal("chat"), HasSubstr("changed after it had been applied"));
    there_.clear();
    EXPECT_THAT(refusal(), HasSubstr("nothing to take back"));
    EXPECT_THAT(refusal("chat"), HasSubstr("nothing to take back"));
}

TEST(MigrateNames, AreThoseOfTheFiles) {
    const Migration migration = file("world", 12);
    EXPECT_EQ(migration_file("sqlite", migration), "sql/world/sqlite/0012_step12.sql");
    EXPECT_EQ(migration_file("postgres", migration, ".down.sql"), "sql/world/postgres/0012_step12.down.sql");
    EXPECT_EQ(migration_digits(12345), "12345");
    EXPECT_EQ(migration_time(1'763'709'302'999), "2025-11-21 07:15:02 UTC");
}

TEST(MigrateNames, WhatIsLostIsSaidInTheComment) {
    EXPECT_EQ(migration_loss("-- Loses data: all spaces.\nDROP TABLE spaces;\n"), "Loses data: all spaces.");
    EXPECT_EQ(migration_loss("-- First.\r\n-- Loses data: all,\r\n-- and more.\r\nDROP"), "Loses data: all, and more.");
    EXPECT_EQ(migration_loss("-- Loses nothing: a view.\nDROP VIEW v;"), "");
    EXPECT_EQ(migration_loss("DROP TABLE a; -- Loses data"), "");
    EXPECT_EQ(migration_loss(""), "");
}

}  // namespace
}  // namespace cairn::core::test
