#include <fstream>

#include "plugins/storage_postgres/base_backup.hpp"
#include "plugins/storage_postgres/places.hpp"
#include "tests/plugins/storage_postgres/store_fixture.hpp"

namespace cairn::storage_postgres::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PlacesTest : public StoreTest {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        std::string pattern = (fs::temp_directory_path() / "cairn-pg-backup-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        file_ = folder_ + "/first.dump";
    }
    void TearDown() override {
        StoreTest::TearDown();
        fs::remove_all(folder_);
    }
    void fill_world() {
        open();
        Rows rows(things_);
        for (int i = 0; i < 2500; ++i) {
            Thing made = thing(i);
            made.extra = Document{{"number", i}};
            made.tags = {"t" + std::to_string(i)};
            rows.put(made);
        }
        apply({rows});
        store_->set_note("name", "value");
    }
    std::string folder_;
    std::string file_;
};

TEST_F(PlacesTest, ASnapshotIsOneMomentWhileWritingGoesOn) {
    fill_world();
    bool wrote = false;
    std::size_t things = 0;
    std::size_t others = 0;
    std::vector<std::string> tables;
    const services::Watermark at = store_->snapshot(
        [&](std::string_view table, std::span<const std::string>, std::span<const Document>) {
            if (!wrote) apply_at(50, {Rows(things_).put(thing(9999)).erase(thing(1)), Rows(rooms_).put(Room{"late"})});
            wrote = true;
            if (tables.empty() || tables.back() != table) tables.emplace_back(table);
            ++(table == "things" ? things : others);
        });
    EXPECT_EQ(at.seq, 2U);
    EXPECT_EQ(things, 2500U);
    EXPECT_EQ(others, 1U);
    EXPECT_EQ(tables, (std::vector<std::string>{"rooms", "things"}));
    EXPECT_EQ(store_->watermark().seq, 50U);
}

TEST_F(PlacesTest, ABackupIsRestoredBesideAndPutInPlace) {
    fill_world();
    const auto before = whole(*store_);
    store_->backup(file_);
    EXPECT_EQ(refusal([&] { store_->backup(file_); }).code(), Code::conflict);
    apply({Rows(things_).erase(thing(1))});

    const std::string place = store_->place_beside("restore");
    EXPECT_TRUE(is_made_name(place));
    const std::unique_ptr<services::Store> beside = store_->elsewhere(place);
    EXPECT_EQ(beside->place(), place);
    beside->fill(file_);
    beside->open();
    EXPECT_EQ(beside->watermark().seq, 2U);
    EXPECT_EQ(whole(*beside), before);
    EXPECT_EQ(beside->note("name"), "value");
    EXPECT_EQ(beside->integrity(), "");
    EXPECT_NE(store_->place_beside("restore"), place);
    EXPECT_EQ(refusal([&] { beside->fill(file_); }).code(), Code::conflict);
    const std::vector<const TableSpec*> tables{&rooms_, &things_};
    beside->bind(tables, {});
    const Rows more = Rows(things_).put(thing(5000));
    const std::vector<services::TableBatch> batch{more.batch()};
    beside->apply(batch, {3});
    beside->close();

    store_->close();
    const std::string kept = store_->replace_with(place);
    EXPECT_THAT(kept, HasSubstr("_quarantine_"));
    store_->open();
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(0), 2501);
    const std::unique_ptr<services::Store> quarantine = store_->elsewhere(kept);
    quarantine->open();
    EXPECT_EQ(whole(*quarantine).count("things"), 2499U);
    quarantine->close();
    quarantine->remove();
    EXPECT_FALSE(database_exists(store_->target(), kept));
    quarantine->remove();  // nothing there: nothing to do
}

TEST_F(PlacesTest, APlaceMayBeginEmpty) {
    open();
    const std::string place = store_->place_beside("restore");
    const std::unique_ptr<services::Store> beside = store_->elsewhere(place);
    beside->open();
    EXPECT_EQ(beside->watermark().seq, 0U);
    beside->close();
    beside->remove();
    EXPECT_FALSE(database_exists(store_->target(), place));
}

TEST_F(PlacesTest, NothingStoodThere) {
    fill_world();
    store_->backup(file_);
    store_->close();
    cluster().run("postgres", "DROP DATABASE " + options_.url.database);
    const std::string place = store_->place_beside("restore");
    const std::unique_ptr<services::Store> beside = store_->elsewhere(place);
    beside->fill(file_);
    EXPECT_EQ(store_->replace_with(place), "");
    store_->open();
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(0), 2500);
}

TEST_F(PlacesTest, ADamagedBackupIsSaidToBeAndLeavesNothing) {
    fill_world();
    store_->backup(file_);
    std::string bytes;
    {
        std::ifstream in(file_, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    ASSERT_GT(bytes.size(), 4000U);
    const auto damaged = [&](const std::string& name, const std::string& content) {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path, std::ios::binary) << content;
        const std::string place = store_->place_beside("drill");
        const std::unique_ptr<services::Store> beside = store_->elsewhere(place);
        const Error error = refusal([&] { beside->fill(path); });
        EXPECT_EQ(error.code(), Code::internal) << name << ": " << error.what();
        EXPECT_THAT(error.what(), HasSubstr(path));
        EXPECT_FALSE(database_exists(store_->target(), place)) << name;
    };
    damaged("empty", "");
    damaged("head", "XXXXX" + bytes.substr(5));
    damaged("cut", bytes.substr(0, bytes.size() / 2));
    std::string flipped = bytes;
    for (std::size_t i = flipped.size() / 2; i < flipped.size() / 2 + 64; ++i) flipped[i] = static_cast<char>(~flipped[i]);
    damaged("flipped", flipped);
    EXPECT_EQ(refusal([&] { store_->elsewhere(store_->place_beside("drill"))->fill(folder_ + "/none"); }).code(),
              Code::not_found);
}

TEST_F(PlacesTest, OnlyMadePlacesAreRemoved) {
    open();
    EXPECT_EQ(refusal([&] { store_->remove(); }).code(), Code::forbidden);
    EXPECT_EQ(refusal([&] { store_->elsewhere("postgres")->remove(); }).code(), Code::forbidden);
    EXPECT_EQ(refusal([&] { store_->elsewhere(options_.url.database)->remove(); }).code(), Code::forbidden);
}

TEST_F(PlacesTest, ThePasswordStandsOnNoCommandLine) {
    open();
    // A program in place of pg_dump that notes how it was called.
    const std::string tool = folder_ + "/pg_dump";
    std::ofstream(tool) << "#!/bin/sh\necho \"$@\" > " << folder_ << "/called\necho \"$PGPASSWORD $PGHOST $PGDATABASE\" > "
                        << folder_ << "/environment\necho 'no room' >&2\nexit 3\n";
    fs::permissions(tool, fs::perms::owner_all);
    options_.url.password = "ge heim'";
    options_.tools = folder_;
    PostgresStore& store = make();
    store.open();
    const Error error = refusal([&] { store.backup(file_); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("no room"), Not(HasSubstr("heim"))));
    std::ifstream called(folder_ + "/called");
    std::ifstream environment(folder_ + "/environment");
    const std::string arguments((std::istreambuf_iterator<char>(called)), {});
    const std::string variables((std::istreambuf_iterator<char>(environment)), {});
    EXPECT_THAT(arguments, AllOf(HasSubstr(file_), Not(HasSubstr("heim"))));
    EXPECT_THAT(variables, HasSubstr("ge heim' 127.0.0.1 " + options_.url.database));
    EXPECT_THAT(log_.lines(), Not(HasSubstr("heim")));
}

TEST_F(PlacesTest, ABackupThatTakesTooLongIsEnded) {
    const std::string tool = folder_ + "/pg_dump";
    std::ofstream(tool) << "#!/bin/sh\nexec sleep 60\n";
    fs::permissions(tool, fs::perms::owner_all);
    options_.tools = folder_;
    options_.backup_timeout = Duration(300);
    open();
    EXPECT_THAT(refusal([&] { store_->backup(file_); }).what(), HasSubstr("took longer"));
    options_.tools = folder_ + "/nowhere";
    open();
    EXPECT_THAT(refusal([&] { store_->backup(file_); }).what(), HasSubstr("correct `tools`"));
}

TEST_F(PlacesTest, PhysicalCopiesAreVerifiedAndTheOldestGo) {
    // A server of its own: the whole of it is copied.
    const PostgresCluster small;
    small.run("postgres", "CREATE DATABASE world");
    options_.url = parse_url(small.url("world"));
    open();
    const fs::path copies = fs::path(folder_) / "copies";
    fs::create_directories(copies / "base_20200101T000000Z");
    fs::create_directories(copies / "base_20200102T000000Z");
    fs::create_directories(copies / "base_20200103T000000Z.part");
    fs::create_directories(copies / "something else");
    const BaseBackups backups{copies.string(), 2, Duration(60000)};
    const std::string made = backups.run(Tools(""), store_->target());
    EXPECT_TRUE(fs::exists(fs::path(made) / "backup_manifest"));
    EXPECT_TRUE(fs::exists(fs::path(made) / "PG_VERSION"));
    EXPECT_FALSE(fs::exists(copies / "base_20200101T000000Z"));
    EXPECT_TRUE(fs::exists(copies / "base_20200102T000000Z"));
    EXPECT_FALSE(fs::exists(copies / "base_20200103T000000Z.part"));
    EXPECT_TRUE(fs::exists(copies / "something else"));

    Target wrong = store_->target();
    wrong.url.user = "nobody_here";
    const Error error = refusal([&] { backups.run(Tools(""), wrong); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("REPLICATION"));
    EXPECT_EQ(std::distance(fs::directory_iterator(copies), fs::directory_iterator()), 3);
    store_.reset();
}

}  // namespace
}  // namespace cairn::storage_postgres::test
