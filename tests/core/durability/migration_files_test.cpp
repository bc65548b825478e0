#include "core/durability/migration_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

class MigrationFilesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "cairn-migrations-XXXXXX").string();
        share_ = mkdtemp(pattern.data());
    }
    void TearDown() override { fs::remove_all(share_); }
    void write(const std::string& plugin, const std::string& name, const std::string& text = "SELECT 1;") {
        const fs::path folder = fs::path(share_) / "sql" / plugin / "sqlite";
        fs::create_directories(folder);
        std::ofstream(folder / name, std::ios::binary) << text;
    }
    std::vector<services::Migration> find(std::vector<std::string> plugins) {
        return find_migrations(share_, plugins, "sqlite");
    }
    std::string refusal(std::vector<std::string> plugins) {
        try {
            find(std::move(plugins));
        } catch (const Error& error) {
            return error.what();
        }
        ADD_FAILURE() << "was not refused";
        return {};
    }
    std::string share_;
};

TEST_F(MigrationFilesTest, FindsThemInOrder) {
    write("world", "0002_sessions.sql", "second");
    write("world", "0001_spaces.sql", "first");
    write("chat", "0001_messages.sql", "chat");
    write("other", "0001_x.sql", "not asked for");
    write("chat", ".hidden", "");
    const auto found = find({"world", "chat", "gateway"});
    ASSERT_EQ(found.size(), 3);
    EXPECT_EQ(found[0].plugin, "world");
    EXPECT_EQ(found[0].number, 1);
    EXPECT_EQ(found[0].what, "spaces");
    EXPECT_EQ(found[0].sql, "first");
    EXPECT_EQ(found[1].sql, "second");
    EXPECT_EQ(found[2].plugin, "chat");
}

TEST_F(MigrationFilesTest, FindsWhatTakesThemBack) {
    write("world", "0001_spaces.sql", "up one");
    write("world", "0001_spaces.down.sql", "down one");
    write("world", "0002_sessions.sql", "up two");
    const auto found = find({"world"});
    ASSERT_EQ(found.size(), 2);
    EXPECT_EQ(found[0].sql, "up one");
    EXPECT_EQ(found[0].down, "down one");
    EXPECT_EQ(found[0].what, "spaces");
    EXPECT_EQ(found[0].checksum, migration_checksum("up one")) << "of the first file alone";
    EXPECT_EQ(found[1].down, "") << "cannot be taken back";
}

TEST_F(MigrationFilesTest, RefusesToTakeBackWhatIsNotThere) {
    write("lone", "0001_a.sql");
    write("lone", "0002_b.down.sql");
    EXPECT_THAT(refusal({"lone"}), AllOf(HasSubstr("0002_b.down.sql"), HasSubstr("restore 0002_b.sql")));
    write("other", "0001_a.sql");
    write("other", "0001_b.down.sql");
    EXPECT_THAT(refusal({"other"}), HasSubstr("restore 0001_b.sql"));
    write("empty", "0001_a.sql");
    write("empty", "0001_a.down.sql", "\n");
    EXPECT_THAT(refusal({"empty"}), AllOf(HasSubstr("0001_a.down.sql"), HasSubstr("is empty")));
}

TEST_F(MigrationFilesTest, KnowsTheChecksumsOfTheStandard) {
    // FIPS 180-4 examples: "abc" and the empty text.
    EXPECT_EQ(migration_checksum("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(migration_checksum(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_F(MigrationFilesTest, LineEndsDoNotCount) {
    EXPECT_EQ(migration_checksum("a\r\nb\r\n"), migration_checksum("a\nb\n"));
    EXPECT_NE(migration_checksum("a\rb"), migration_checksum("ab"));
}

TEST_F(MigrationFilesTest, RefusesGapsDoublesAndOddNames) {
    write("gap", "0001_a.sql");
    write("gap", "0003_c.sql");
    EXPECT_THAT(refusal({"gap"}), AllOf(HasSubstr("gap"), HasSubstr("lacks number 2")));
    write("late", "0002_a.sql");
    EXPECT_THAT(refusal({"late"}), HasSubstr("lacks number 1"));
    write("twice", "0001_a.sql");
    write("twice", "0001_b.sql");
    EXPECT_THAT(refusal({"twice"}), AllOf(HasSubstr("two files with the number 1"), HasSubstr("a and b")));
    for (const std::string name :
         {"1_a.sql", "0001-a.sql", "0001_.sql", "0001_a.txt", "0001_a.sql.bak", "00a1_a.sql"}) {
        fs::remove_all(fs::path(share_) / "sql" / "odd");
        write("odd", name);
        EXPECT_THAT(refusal({"odd"}), AllOf(HasSubstr(name), HasSubstr("NNNN_what.sql")));
    }
    write("empty", "0001_a.sql", " \n");
    EXPECT_THAT(refusal({"empty"}), HasSubstr("is empty"));
}

TEST_F(MigrationFilesTest, EachPluginHasAFolderOfItsOwn) {
    write("world", "0001_spaces.sql", "here");
    const std::string elsewhere = share_ + "/elsewhere";
    fs::create_directories(elsewhere + "/sql/wave/sqlite");
    std::ofstream(elsewhere + "/sql/wave/sqlite/0001_counts.sql") << "there";
    const std::vector<MigrationOwner> owners{{"world", share_}, {"wave", elsewhere}};
    const auto found = find_migrations(owners, "sqlite");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].sql, "here");
    EXPECT_EQ(found[1].plugin, "wave");
    EXPECT_EQ(found[1].sql, "there");
}

TEST_F(MigrationFilesTest, TheProjectsOwnAreInOrderAndCanBeTakenBack) {
    const std::vector<std::string> plugins{"cairn", "world", "identity", "chat", "uploads", "screen_share", "analytics"};
    for (const char* engine : {"sqlite", "postgres"}) {
        const auto found = find_migrations(CAIRN_SOURCE_DIR, plugins, engine);
        EXPECT_GE(found.size(), 12) << engine;
        for (const services::Migration& migration : found) EXPECT_FALSE(migration.down.empty()) << migration.what;
    }
}

}  // namespace
}  // namespace cairn::core
