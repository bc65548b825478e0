#include "core/backup/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <cairn/error.hpp>
#include <cairn/json.hpp>

#include "core/backup/backup_folder.hpp"
#include "core/backup/durable_file.hpp"
#include "tests/core/backup/world.hpp"

namespace cairn::core {
namespace {

using ::testing::HasSubstr;

Manifest sample() {
    Manifest manifest;
    manifest.serial = 7;
    manifest.file = "backup_20260329_020000.db";
    manifest.bytes = 4;
    manifest.sha256 = std::string(64, 'a');
    manifest.engine = "sqlite";
    manifest.server = "my world";
    manifest.program = "0.1.0";
    manifest.why = "manual";
    manifest.journal = "j-1";
    manifest.watermark = 4711;
    manifest.state_hash = "rows-sha256:ab";
    manifest.rows = {{"items", 3}, {"chars", 1}};
    manifest.schema = {{"world", 1, "c1"}, {"world", 2, "c2"}};
    manifest.started = 1774749600000;
    manifest.finished = 1774749601000;
    manifest.verified = ManifestVerified{1774749602000, "opened"};
    return manifest;
}

TEST(Manifests, ComeBackAsTheyWere) {
    const Manifest before = sample();
    const Manifest after = read_manifest(write_manifest(before));
    Manifest sealed = before;
    sealed.seal = after.seal;
    EXPECT_EQ(to_json(after), to_json(sealed));
    EXPECT_EQ(after.seal.size(), 64);
}

TEST(Manifests, WithoutATestAreReadableButNotVerified) {
    Manifest manifest = sample();
    manifest.verified.reset();
    EXPECT_FALSE(read_manifest(write_manifest(manifest)).verified.has_value());
}

TEST(Manifests, AChangeOfAnyMemberIsNoticed) {
    const Document whole = Document::parse_json(write_manifest(sample()));
    ASSERT_GE(whole.size(), 18);
    for (const Document::Member& member : whole.members()) {
        Document changed = whole;
        Document value = member.value;
        if (value.is_integer())
            value = value.integer_or(0) + 1;
        else if (value.is_text())
            value = std::string(value.text()) + "x";
        else if (value.is_map())
            value.set("more", 1);
        else
            value.push(Document{{"plugin", "x"}, {"number", 1}, {"checksum", "c"}});
        changed.set(member.key, value);
        EXPECT_THROW(read_manifest(changed.to_json()), Error) << member.key;
        Document without = whole;
        without.remove(member.key);
        EXPECT_THROW(read_manifest(without.to_json()), Error) << "without " << member.key;
    }
    Document more = whole;
    more.set("also", 1);
    EXPECT_THROW(read_manifest(more.to_json()), Error);
}

TEST(Manifests, WhatIsNoManifestIsRefused) {
    const std::string whole = write_manifest(sample());
    for (const std::string& bad : {std::string(), std::string("{}"), std::string("null"), std::string("[]"),
                                   whole.substr(0, whole.size() / 2), whole + whole, std::string(100, '\0')}) {
        EXPECT_THROW(read_manifest(bad), Error) << bad;
    }
}

TEST(Manifests, AFileOutsideTheFolderIsRefused) {
    for (const char* file : {"../cairn.db", "/etc/passwd", "a/b", "..", "."}) {
        Manifest manifest = sample();
        manifest.file = file;
        EXPECT_THROW(read_manifest(write_manifest(manifest)), Error) << file;
    }
}

class BackupFolder : public ::testing::Test {
protected:
    void add(const std::string& file, std::int64_t serial, const std::string& content = "data") {
        Manifest manifest = sample();
        manifest.file = file;
        manifest.serial = serial;
        std::ofstream(folder_.path() + "/" + file) << content;
        write_durably(folder_.path() + "/" + file + ".json", write_manifest(manifest));
    }
    test::Folder folder_;
};

TEST_F(BackupFolder, ListsByOrderAndNamesTheRest) {
    add("backup_20260101_000000.db", 3);
    add("backup_20270101_000000.db", 2);
    add("backup_20260201_000000.db", 4, "other size");
    std::ofstream(folder_.path() + "/backup_20200101_000000.db") << "no manifest";
    std::ofstream(folder_.path() + "/backup_20210101_000000.db") << "data";
    std::ofstream(folder_.path() + "/backup_20210101_000000.db.json") << "{}";
    std::ofstream(folder_.path() + "/holiday.jpg") << "mine";
    const BackupList list = list_backups(folder_.path());
    ASSERT_EQ(list.backups.size(), 3);
    EXPECT_EQ(list.backups[0].manifest.file, "backup_20260201_000000.db");
    EXPECT_THAT(list.backups[0].trouble, HasSubstr("10 bytes instead of 4"));
    EXPECT_FALSE(list.backups[0].usable());
    EXPECT_EQ(list.newest_usable()->manifest.file, "backup_20260101_000000.db");
    ASSERT_EQ(list.others.size(), 3);
    EXPECT_EQ(list.others[0].first, "backup_20200101_000000.db");
    EXPECT_THAT(list.others[0].second, HasSubstr("no manifest"));
    EXPECT_THAT(list.others[2].second, HasSubstr("not a manifest"));
    EXPECT_TRUE(list_backups(folder_.path() + "/none").backups.empty());
}

TEST_F(BackupFolder, AManifestOfAnotherFileDoesNotCount) {
    add("backup_20260101_000000.db", 1);
    std::filesystem::copy(folder_.path() + "/backup_20260101_000000.db.json",
                          folder_.path() + "/backup_20260102_000000.db.json");
    std::ofstream(folder_.path() + "/backup_20260102_000000.db") << "data";
    EXPECT_EQ(list_backups(folder_.path()).backups.size(), 1);
}

TEST_F(BackupFolder, AMissingFileIsSaid) {
    add("backup_20260101_000000.db", 1);
    std::filesystem::remove(folder_.path() + "/backup_20260101_000000.db");
    EXPECT_THAT(list_backups(folder_.path()).backups.at(0).trouble, HasSubstr("missing"));
}

TEST_F(BackupFolder, NamesAreNeverUsedTwice) {
    EXPECT_EQ(new_backup_name(folder_.path(), 1774749600000, ".db"), "backup_20260329_020000.db");
    add("backup_20260329_020000.db", 1);
    EXPECT_EQ(new_backup_name(folder_.path(), 1774749600000, ".db"), "backup_20260329_020000_2.db");
}

}  // namespace
}  // namespace cairn::core
