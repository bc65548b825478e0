// Backups, places beside the database, snapshots, notes, dead letters, audit: what the engine and the backups build on.
#include "tests/plugins/storage_sqlite/store_fixture.hpp"

namespace cairn::storage_sqlite::test {
namespace {

using services::DeadLetter;

class PlacesTest : public StoreTest {
protected:
    /// Every row as one text, sorted.
    static std::vector<std::string> contents(services::Store& store, std::uint64_t* seq = nullptr) {
        std::vector<std::string> rows;
        const services::Watermark at = store.snapshot(
            [&](std::string_view table, std::span<const std::string> columns, std::span<const Document> values) {
                std::string row(table);
                for (std::size_t i = 0; i < columns.size(); ++i) row += " " + columns[i] + "=" + values[i].to_json();
                rows.push_back(std::move(row));
            });
        if (seq) *seq = at.seq;
        std::sort(rows.begin(), rows.end());
        return rows;
    }
    void put(const std::string& id, std::int64_t count) {
        Thing thing;
        thing.room = "r";
        thing.id = id;
        thing.count = count;
        apply({Rows(things_).put(thing)});
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }
};

TEST_F(PlacesTest, SnapshotHasEveryRowOfEveryTableAndTheirWatermark) {
    open();
    put("a", 1);
    put("b", 2);
    std::uint64_t seq = 0;
    const std::vector<std::string> rows = contents(*store_, &seq);
    EXPECT_EQ(seq, 3u);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0], "rooms id=\"r\"");
    EXPECT_THAT(rows[1], testing::StartsWith("things room=\"r\" id=\"a\""));
    EXPECT_THAT(rows[2], testing::StartsWith("things room=\"r\" id=\"b\""));
}

TEST_F(PlacesTest, SnapshotSeesOneMomentWhileWritingGoesOn) {
    open();
    put("a", 1);
    std::size_t rows = 0;
    const services::Watermark at = store_->snapshot([&](std::string_view, auto, auto) {
        if (++rows == 1) put("later", 9);
    });
    EXPECT_EQ(at.seq, 2u);
    EXPECT_EQ(rows, 2u);
    EXPECT_EQ(store_->watermark().seq, 3u);
}

TEST_F(PlacesTest, NotesStay) {
    open();
    EXPECT_EQ(store_->note("journal"), "");
    store_->set_note("journal", "one");
    store_->set_note("journal", "two");
    store_->close();
    open();
    EXPECT_EQ(store_->note("journal"), "two");
}

TEST_F(PlacesTest, DeadLettersComeOnceHoweverOftenTheyAreBuried) {
    open();
    const DeadLetter letter{2, 1700000000000, "ann", "op-1", "[]", "CHECK failed"};
    store_->bury(std::span(&letter, 1), {2});
    store_->bury(std::span(&letter, 1), {2});
    EXPECT_EQ(store_->watermark().seq, 2u);
    EXPECT_EQ(one("SELECT count(*) FROM cairn_dead_letters").integer_or(-1), 1);
    EXPECT_EQ(one("SELECT reason FROM cairn_dead_letters WHERE seq = 2").text(), "CHECK failed");
}

TEST_F(PlacesTest, ABackupFillsAPlaceThatHoldsTheSame) {
    open();
    put("a", 1);
    store_->backup(folder_ + "/one.db");
    put("b", 2);
    const std::string beside = store_->place_beside("drill");
    EXPECT_THAT(beside, testing::StartsWith(folder_ + "/cairn.drill-"));
    const auto place = store_->elsewhere(beside);
    place->fill(folder_ + "/one.db");
    place->open();
    std::uint64_t seq = 0;
    EXPECT_EQ(contents(*place, &seq).size(), 2u);
    EXPECT_EQ(seq, 2u);
    EXPECT_EQ(place->integrity(), "");
    place->close();
    EXPECT_EQ(refusal([&] { place->fill(folder_ + "/one.db"); }).code(), Code::conflict);
    place->remove();
    EXPECT_EQ(contents(*store_).size(), 3u);
    for (const std::string& file : files()) EXPECT_THAT(file, testing::Not(testing::HasSubstr("drill")));
}

TEST_F(PlacesTest, ADamagedBackupIsToldAndLeavesNothing) {
    open();
    put("a", 1);
    const std::string backup = folder_ + "/one.db";
    store_->backup(backup);
    fs::resize_file(backup, 1000);
    const auto place = store_->elsewhere(store_->place_beside("drill"));
    EXPECT_EQ(refusal([&] { place->fill(backup); }).code(), Code::internal);
    EXPECT_FALSE(fs::exists(place->place()));
}

TEST_F(PlacesTest, TheConfiguredPlaceIsNotRemoved) {
    open();
    store_->close();
    EXPECT_EQ(refusal([&] { store_->remove(); }).code(), Code::forbidden);
    EXPECT_TRUE(fs::exists(options_.file));
}

TEST_F(PlacesTest, ReplacingKeepsWhatStoodHere) {
    open();
    put("old", 1);
    store_->backup(folder_ + "/one.db");
    put("newer", 2);
    const auto place = store_->elsewhere(store_->place_beside("restore"));
    place->fill(folder_ + "/one.db");
    store_->close();
    const std::string aside = store_->replace_with(place->place());
    EXPECT_TRUE(fs::exists(aside + "/cairn.db"));
    EXPECT_FALSE(fs::exists(place->place()));
    open();
    EXPECT_EQ(contents(*store_).size(), 2u);
    EXPECT_EQ(store_->watermark().seq, 2u);
}

/// Somebody has deleted the damaged file, and not the log beside it. Next to another database it would be taken for that
/// one's, and what it holds would be read instead of what was restored.
TEST_F(PlacesTest, ReplacingPutsALogAsideThatStoodThereAlone) {
    open();
    put("old", 1);
    store_->backup(folder_ + "/one.db");
    put("newer", 2);
    const std::string place = store_->place_beside("restore");
    store_->elsewhere(place)->fill(folder_ + "/one.db");
    const std::string log = folder_ + "/stale";  // as a kill leaves it: with commits that are not in the file
    fs::copy_file(options_.file + "-wal", log);
    store_->close();
    fs::remove(options_.file);
    fs::rename(log, options_.file + "-wal");
    const std::string aside = store_->replace_with(place);
    EXPECT_TRUE(fs::exists(aside + "/cairn.db-wal"));
    EXPECT_FALSE(fs::exists(options_.file + "-wal"));
    open();
    EXPECT_EQ(store_->integrity(), "");
    EXPECT_EQ(contents(*store_).size(), 2u);
    EXPECT_EQ(store_->watermark().seq, 2u);
}

TEST_F(PlacesTest, APlaceWithALogOfAnotherDatabaseIsNotFilled) {
    open();
    put("a", 1);
    store_->backup(folder_ + "/one.db");
    const std::string place = folder_ + "/then.db";
    std::ofstream(place + "-wal") << "of another one";
    const auto then = store_->elsewhere(place);
    const Error refused = refusal([&] { then->fill(folder_ + "/one.db"); });
    EXPECT_EQ(refused.code(), Code::conflict);
    EXPECT_THAT(refused.what(), testing::HasSubstr("then.db-wal"));
    EXPECT_TRUE(fs::exists(place + "-wal"));
    EXPECT_FALSE(fs::exists(place));
}

/// A crash between putting the old files aside and putting the new one here.
TEST_F(PlacesTest, AnExchangeThatWasCutOffIsFinishedAtTheNextOpen) {
    open();
    put("old", 1);
    store_->backup(folder_ + "/one.db");
    const std::string place = store_->place_beside("restore");
    store_->elsewhere(place)->fill(folder_ + "/one.db");
    put("newer", 2);
    store_->close();
    const std::string aside = folder_ + "/quarantine";
    fs::create_directory(aside);
    std::ofstream(options_.file + ".swap") << place << "\n" << aside << "\n";
    fs::rename(options_.file, aside + "/cairn.db");
    open();
    EXPECT_EQ(contents(*store_).size(), 2u);
    EXPECT_TRUE(fs::exists(aside + "/cairn.db"));
    EXPECT_FALSE(fs::exists(options_.file + ".swap"));
    EXPECT_FALSE(fs::exists(place));
}

TEST_F(PlacesTest, AForeignDatabaseIsRefusedAndNotCalledDamaged) {
    {
        Connection other(options_.file, Connection::Mode::writer);
        other.execute("CREATE TABLE theirs (x)", "make");
    }
    EXPECT_EQ(refusal([&] { make().open(); }).code(), Code::forbidden);
}

class AuditTest : public StoreTest {
protected:
    static constexpr const char* kAudit =
        "CREATE TABLE audit_log (id INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT NOT NULL, operation TEXT NOT NULL,"
        " user_id TEXT, old_data TEXT, new_data TEXT, changed_at INTEGER NOT NULL) STRICT;";
    void change(std::string_view row, std::string_view key, std::string_view actor) {
        services::TableBatch batch;
        batch.table = &things_;
        if (!row.empty()) {
            batch.rows = {row};
            batch.row_actors = {actor};
        } else {
            batch.erased = {key};
            batch.erased_actors = {actor};
        }
        store_->apply(std::span(&batch, 1), {store_->watermark().seq + 1});
    }
    static std::string row(std::int64_t count) {
        Thing thing;
        thing.room = "r";
        thing.id = "a";
        thing.count = count;
        Commit commit;
        static const TableSpec spec{"things", {"room", "id"}, &struct_type<Thing>(), "test"};
        Table<Thing>(spec).put(commit, thing);
        return commit.changes().front().row;
    }
};

TEST_F(AuditTest, SaysWhoChangedWhatFromWhatToWhat) {
    open();
    const std::vector<services::Migration> migrations{migration(1, kThings), migration(2, kAudit)};
    store_->migrate(migrations);
    const std::vector<const TableSpec*> tables{&rooms_, &things_};
    const std::vector<std::string> audited{"things"};
    store_->bind(tables, audited);
    change(row(1), {}, "ann");
    change(row(2), {}, "bob");
    change(row(2), {}, "bob");  // nothing changes
    change({}, R"({"room":"r","id":"a"})", "");
    const auto log = ask("SELECT operation, user_id, old_data ->> '$.count', new_data ->> '$.count' FROM audit_log ORDER BY id");
    ASSERT_EQ(log.size(), 3u);
    EXPECT_EQ(log[0], (std::vector<Document>{"INSERT", "ann", nullptr, 1}));
    EXPECT_EQ(log[1], (std::vector<Document>{"UPDATE", "bob", 1, 2}));
    EXPECT_EQ(log[2], (std::vector<Document>{"DELETE", nullptr, 2, nullptr}));
}

TEST_F(AuditTest, VacuumForgetsWhatIsTooOld) {
    open();
    const std::vector<services::Migration> migrations{migration(1, kThings), migration(2, kAudit)};
    store_->migrate(migrations);
    const std::vector<const TableSpec*> tables{&rooms_, &things_};
    const std::vector<std::string> audited{"things"};
    store_->bind(tables, audited);
    change(row(1), {}, "ann");
    const WallTime written = one("SELECT changed_at FROM audit_log").integer_or(0);
    store_->vacuum(written);
    EXPECT_EQ(one("SELECT count(*) FROM audit_log").integer_or(-1), 1);
    store_->vacuum(written + 1);
    EXPECT_EQ(one("SELECT count(*) FROM audit_log").integer_or(-1), 0);
}

TEST_F(AuditTest, WantsItsTableAndDeclaredNames) {
    open();
    const std::vector<const TableSpec*> tables{&rooms_, &things_};
    const std::vector<std::string> things{"things"};
    EXPECT_THAT(refusal([&] { store_->bind(tables, things); }).what(), testing::HasSubstr("audit_log"));
    const std::vector<std::string> unknown{"thingz"};
    EXPECT_THAT(refusal([&] { store_->bind(tables, unknown); }).what(), testing::HasSubstr("thingz"));
}

}  // namespace
}  // namespace cairn::storage_sqlite::test
