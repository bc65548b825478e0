#include <sqlite3.h>

#include <atomic>
#include <set>
#include <thread>

#include "plugins/storage_sqlite/database_file.hpp"
#include "tests/plugins/storage_sqlite/store_fixture.hpp"

namespace cairn::storage_sqlite::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(StoreTest, KeepsWhatIsPutAndTheWatermark) {
    SqliteStore& store = open();
    Thing thing{
        "r", "a", "label", 7, 2.5, false, {1, 2.5, -3}, {"x", "y"}, Document{{"k", Document::list({1, nullptr})}}};
    apply({Rows(things_).put(thing)});
    const std::uint64_t seq = store.watermark().seq;
    open();
    EXPECT_EQ(store_->watermark().seq, seq);
    const auto rows = ask("SELECT room, id, label, count, weight, visible, position, tags, extra FROM things");
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_THAT(rows[0],
                ElementsAre(Document("r"), Document("a"), Document("label"), Document(7), Document(2.5), Document(0),
                            Document("[1,2.5,-3]"), Document("[\"x\",\"y\"]"), Document("{\"k\":[1,null]}")));
}

TEST_F(StoreTest, DocumentsStayJsonWhateverTheyAre) {
    open();
    apply({Rows(things_)
               .put(Thing{"r", "text", {}, 0, 0, true, {}, {}, "a \"text\""})
               .put(Thing{"r", "number", {}, 0, 0, true, {}, {}, 5})
               .put(Thing{"r", "nothing", {}, 0, 0, true, {}, {}, {}})
               .put(Thing{"r", "markup", "</script><!--", 0, 0, true, {}, {}, "</script>"})});
    EXPECT_EQ(Document::parse_json(one("SELECT extra FROM things WHERE id = 'text'").text()), Document("a \"text\""));
    EXPECT_EQ(one("SELECT extra FROM things WHERE id = 'number'"), Document("5"));
    EXPECT_TRUE(one("SELECT extra FROM things WHERE id = 'nothing'").is_null());
    EXPECT_EQ(one("SELECT label FROM things WHERE id = 'markup'"), Document("</script><!--"));
    EXPECT_EQ(Document::parse_json(one("SELECT extra FROM things WHERE id = 'markup'").text()), Document("</script>"));
}

TEST_F(StoreTest, PutReplacesTheWholeRowAndLeavesWhatRefersToIt) {
    open();
    apply({Rows(things_).put(Thing{"r", "a", "one", 1}).put(Thing{"r", "b", "two", 2})});
    apply({Rows(rooms_).put(Room{"r"}), Rows(things_).put(Thing{"r", "a", {}, 5})});
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(2)) << "an upsert must not delete and insert";
    EXPECT_EQ(one("SELECT count FROM things WHERE id = 'a'"), Document(5));
    EXPECT_TRUE(one("SELECT label FROM things WHERE id = 'a'").is_null());
}

TEST_F(StoreTest, ErasesByAllKeyColumns) {
    open();
    apply({Rows(rooms_).put(Room{"s"}), Rows(things_).put(Thing{"r", "a"}).put(Thing{"s", "a"}).put(Thing{"s", "b"})});
    apply({Rows(things_).erase(Thing{"s", "a"}).erase(Thing{"s", "not there"})});
    EXPECT_THAT(ask("SELECT room || id FROM things ORDER BY 1"),
                ElementsAre(ElementsAre(Document("ra")), ElementsAre(Document("sb"))));
    apply({Rows(rooms_).erase(Room{"s"})});
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(1)) << "rows go with the row they belong to";
}

TEST_F(StoreTest, ARowMayComeBeforeTheOneItBelongsTo) {
    open();
    apply({Rows(things_).put(Thing{"later", "a"}), Rows(rooms_).put(Room{"later"})});
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(1));
}

TEST_F(StoreTest, AUniqueValueMayMoveFromAnErasedRow) {
    open();
    apply({Rows(things_).put(Thing{"r", "a", "unique"})});
    apply({Rows(things_).erase(Thing{"r", "a"}).put(Thing{"r", "b", "unique"})});
    EXPECT_EQ(one("SELECT id FROM things"), Document("b"));
}

TEST_F(StoreTest, RefusedRowsLeaveNothingOfTheirBatch) {
    SqliteStore& store = open();
    apply({Rows(things_).put(Thing{"r", "a", "taken"})});
    const std::uint64_t seq = store.watermark().seq;
    const auto refused = [&](const Rows& bad) {
        const Error error = refusal([&] { apply({Rows(rooms_).put(Room{"new"}), bad}); });
        EXPECT_EQ(error.code(), Code::conflict) << error.what();
        EXPECT_THAT(error.what(), Not(HasSubstr(folder_))) << "players may see this";
        EXPECT_EQ(store.watermark().seq, seq);
        EXPECT_EQ(one("SELECT count(*) FROM rooms"), Document(1));
        return std::string(error.what());
    };
    EXPECT_THAT(refused(Rows(things_).put(Thing{"r", "b", "taken"})), HasSubstr("things.label is taken"));
    EXPECT_THAT(refused(Rows(things_).put(Thing{"nowhere", "b"})), HasSubstr("does not exist"));
    EXPECT_THAT(refused(Rows(things_).put(Thing{"r", "b", {}, -1})), HasSubstr("breaks the rule: count >= 0"));
    EXPECT_THAT(refused(Rows(things_).put_text("{\"room\":\"r\",\"id\":\"b\"}")),
                HasSubstr("things.count must have a value"));
    EXPECT_THAT(
        refused(Rows(things_).put_text("{\"room\":\"r\",\"id\":\"b\",\"count\":\"x\",\"weight\":0,\"visible\":1,"
                                       "\"position\":[]}")),
        HasSubstr("another type"));
    EXPECT_THAT(refused(Rows(things_).put_text("{\"room\":\"r\",\"id\":\"b\",\"count\":1,\"weight\":0,\"visible\":1,"
                                               "\"position\":\"[1\"}")),
                HasSubstr("json_valid(position)"));
    EXPECT_THAT(refused(Rows(things_).put_text("{not json")), HasSubstr("not JSON"));
    apply({Rows(things_).put(Thing{"r", "b"})});
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(2)) << "the store goes on";
    EXPECT_TRUE(store.health().ok);
}

TEST_F(StoreTest, AnEmptyBatchMovesTheWatermark) {
    SqliteStore& store = open();
    store.apply({}, {77});
    EXPECT_EQ(store.watermark().seq, 77);
}

TEST_F(StoreTest, HostileTextsAreOnlyTexts) {
    open();
    const std::vector<std::string> texts{"'; DROP TABLE things; --", "\"",   "\\",   "$.id", "%s",
                                         "\xF0\x9F\x98\x80",         "null", "1e999"};
    for (std::size_t i = 0; i < texts.size(); ++i) apply({Rows(things_).put(Thing{"r", std::to_string(i), texts[i]})});
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_EQ(one("SELECT label FROM things WHERE id = $1", {std::to_string(i)}), Document(texts[i]));
        EXPECT_EQ(one("SELECT id FROM things WHERE label = $1", {texts[i]}), Document(std::to_string(i)));
    }
}

TEST_F(StoreTest, TheConnectionsAreSetAsTheyShould) {
    open();
    EXPECT_EQ(one("SELECT journal_mode FROM pragma_journal_mode"), Document("wal"));
    EXPECT_EQ(one("SELECT page_size FROM pragma_page_size"), Document(4096));
    EXPECT_EQ(one("SELECT auto_vacuum FROM pragma_auto_vacuum"), Document(2));
    EXPECT_EQ(one("SELECT query_only FROM pragma_query_only"), Document(1));
    EXPECT_EQ(one("SELECT trusted_schema FROM pragma_trusted_schema"), Document(0));
    EXPECT_EQ(one("SELECT application_id FROM pragma_application_id"), Document(0x4341524E));
    EXPECT_EQ(fs::status(options_.file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(fs::status(options_.file + "-wal").permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_THAT(log_.lines(), HasSubstr(sqlite3_libversion()));
}

TEST_F(StoreTest, QueriesOnlyRead) {
    SqliteStore& store = open();
    for (const std::string sql : {"DELETE FROM rooms", "INSERT INTO rooms VALUES ('x')", "DROP TABLE rooms", "VACUUM",
                                  "UPDATE cairn_watermark SET seq = 0"}) {
        EXPECT_THAT(refusal([&] { ask(sql); }).what(), HasSubstr("must only read")) << sql;
    }
    EXPECT_THAT(refusal([&] { ask("SELECT 1; SELECT 2"); }).what(), HasSubstr("more than one statement"));
    EXPECT_THAT(refusal([&] { ask(" "); }).what(), HasSubstr("no statement"));
    EXPECT_THAT(refusal([&] { ask("SELECT * FROM nowhere"); }).what(), HasSubstr("nowhere"));
    EXPECT_EQ(one("SELECT count(*) FROM rooms"), Document(1));
    EXPECT_EQ(store.watermark().seq, 1);
}

TEST_F(StoreTest, ParametersAreNumberedAndMayRepeat) {
    open();
    EXPECT_THAT(ask("SELECT $2, $1, $2", {1, "b"}),
                ElementsAre(ElementsAre(Document("b"), Document(1), Document("b"))));
    EXPECT_THAT(ask("SELECT $1, $2, $3, $4", {nullptr, true, 1.5, Document::list({1})}),
                ElementsAre(ElementsAre(Document(), Document(1), Document(1.5), Document("[1]"))));
    EXPECT_THAT(refusal([&] { ask("SELECT $1, $2", {1}); }).what(), HasSubstr("has 2 parameters, 1 values"));
    EXPECT_THAT(refusal([&] { ask("SELECT $1", {1, 2}); }).what(), HasSubstr("$2"));
    EXPECT_THAT(refusal([&] { ask("SELECT ?", {1}); }).what(), HasSubstr("$1"));
    EXPECT_THAT(ask("SELECT $1", {3}), ElementsAre(ElementsAre(Document(3)))) << "an error leaves the statement usable";
}

TEST_F(StoreTest, AQueryStopsWhenItsReaderSaysSo) {
    SqliteStore& store = open();
    int rows = 0;
    store.query({"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", {}},
                [&](std::span<const std::string> columns, std::span<const Document> values) {
                    EXPECT_EQ(columns[0], "i");
                    EXPECT_EQ(values[0], Document(++rows));
                    return rows < 10;
                });
    EXPECT_EQ(rows, 10);
    EXPECT_THROW(store.query({"SELECT 1", {}}, [](auto, auto) -> bool { throw std::runtime_error("mine"); }),
                 std::runtime_error);
    EXPECT_EQ(one("SELECT 1"), Document(1));
}

TEST_F(StoreTest, AQueryThatTakesTooLongIsEnded) {
    options_.query_timeout = Duration(100);
    open();
    const Error error =
        refusal([&] { one("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_EQ(one("SELECT 1"), Document(1));
}

TEST_F(StoreTest, ReadersSeeWholeBatchesWhileTheWriterWrites) {
    SqliteStore& store = open();
    std::atomic<bool> stop{false};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            while (!stop) {
                const auto rows = [&] {
                    std::vector<Document> found;
                    store.query({"SELECT min(count), max(count) FROM things", {}},
                                [&](auto, std::span<const Document> values) {
                                    found.assign(values.begin(), values.end());
                                    return true;
                                });
                    return found;
                }();
                EXPECT_EQ(rows[0], rows[1]) << "all rows of a batch carry the same number";
            }
        });
    }
    for (int round = 0; round < 200; ++round) {
        Rows rows(things_);
        for (int i = 0; i < 20; ++i) rows.put(Thing{"r", std::to_string(i), {}, round});
        apply({rows});
        store.maintain(true);
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(one("SELECT sum(count) FROM things"), Document(199 * 20));
}

TEST_F(StoreTest, TheLogIsMovedIntoTheFileAndStaysSmall) {
    SqliteStore& store = open();
    const std::string filler(2000, 'x');
    for (int round = 0; round < 60; ++round) {
        Rows rows(things_);
        for (int i = 0; i < 100; ++i) rows.put(Thing{"r", std::to_string(i), {}, round, 0, true, {}, {filler}});
        apply({rows});
        store.maintain(true);
    }
    EXPECT_LT(store.health().wal_bytes, 16U << 20U) << "6,000 rows of 2 KB went through it";
    EXPECT_GT(store.health().size_bytes, 200000);
    store.close();
    EXPECT_FALSE(fs::exists(options_.file + "-wal")) << "a clean stop leaves one file";
}

TEST_F(StoreTest, HealthTellsSizesAndTrouble) {
    SqliteStore& store = make();
    EXPECT_FALSE(store.health().ok);
    open();
    EXPECT_TRUE(store_->health().ok);
    EXPECT_GT(store_->health().size_bytes, 0);
    store_->close();
    EXPECT_FALSE(store_->health().ok);
    EXPECT_EQ(refusal([&] { one("SELECT 1"); }).code(), Code::unavailable);
}

// ------------------------------------------------------------------------------------------------------------ the
// place

TEST_F(StoreTest, RefusesPlacesWhereADatabaseCannotBe) {
    options_.file = folder_ + "/missing/cairn.db";
    EXPECT_THAT(refusal([&] { make().open(); }).what(), AllOf(HasSubstr(options_.file), HasSubstr("has no folder")));
    options_.file = folder_;
    EXPECT_THAT(refusal([&] { make().open(); }).what(), HasSubstr("not a regular file"));
    options_.file = folder_ + "/odd ?#%20 name.db";
    open();
    EXPECT_TRUE(fs::exists(options_.file));
}

TEST_F(StoreTest, KnowsNetworkFileSystems) {
    EXPECT_EQ(network_file_system(0x6969), "NFS");
    EXPECT_EQ(network_file_system(0xFF534D42), "CIFS");
    EXPECT_EQ(network_file_system(0xFFFFFFFFFF534D42), "CIFS") << "as a signed long";
    EXPECT_EQ(network_file_system(0xFE534D42), "SMB2");
    EXPECT_EQ(network_file_system(0xEF53), "") << "ext4";
    EXPECT_EQ(network_file_system(0x01021994), "") << "tmpfs";
    EXPECT_EQ(network_file_system(0x9123683E), "") << "btrfs";
}

TEST_F(StoreTest, ASecondStoreOnTheSameFileIsRefusedAtOnce) {
    open();
    SqliteStore second;
    second.configure(options_, log_);
    EXPECT_THAT(refusal([&] { second.open(); }).what(),
                AllOf(HasSubstr("in use by another process"), HasSubstr(options_.file)));
    EXPECT_EQ(one("SELECT 1"), Document(1));
    store_->close();
    second.open();
    EXPECT_EQ(second.watermark().seq, 1);
}

TEST_F(StoreTest, RefusesWhatIsNoDatabaseOfOurs) {
    std::ofstream(options_.file) << std::string(5000, 'x');
    EXPECT_THAT(refusal([&] { make().open(); }).what(), AllOf(HasSubstr(options_.file), HasSubstr("not a database")));
    EXPECT_EQ(read(options_.file), std::string(5000, 'x')) << "it is left as it was";
    fs::remove(options_.file);
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(options_.file.c_str(), &handle), SQLITE_OK);
    sqlite3_exec(handle, "CREATE TABLE theirs (a)", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    const std::string before = read(options_.file);
    EXPECT_THAT(refusal([&] { make().open(); }).what(), HasSubstr("belongs to another program"));
    EXPECT_EQ(read(options_.file), before);
}

TEST_F(StoreTest, RefusesAFormatOfTheFuture) {
    open();
    store_->close();
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(options_.file.c_str(), &handle), SQLITE_OK);
    sqlite3_exec(handle, "PRAGMA user_version=9", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    EXPECT_THAT(refusal([&] { make().open(); }).what(), HasSubstr("written by a newer Cairn"));
}

// ---------------------------------------------------------------------------------------------------------------
// damage

class DamageTest : public StoreTest {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        open();
        Rows rows(things_);
        for (int i = 0; i < 2000; ++i) rows.put(Thing{"r", std::to_string(i), "label " + std::to_string(i)});
        apply({rows});
        EXPECT_EQ(store_->integrity(), "");
        store_->close();
    }
    void damage(std::size_t page) {
        std::fstream file(options_.file, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>((page - 1) * 4096 + 8));
        file << std::string(4000, '\x5A');
    }
};

TEST_F(DamageTest, IsFoundAtTheStart) {
    damage(7);
    const Error error = refusal([&] { make().open(); });
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr(options_.file), HasSubstr("damaged"), HasSubstr("estore the newest verified backup")));
}

TEST_F(DamageTest, OfTheFirstPageIsFoundAtTheStart) {
    damage(1);
    EXPECT_EQ(refusal([&] { make().open(); }).code(), Code::internal);
}

TEST_F(DamageTest, IsToldByTheCheckOfARunningStore) {
    damage(7);
    options_.check = SqliteStore::Check::off;
    open();
    EXPECT_THAT(store_->integrity(), Not(IsEmpty()));
}

TEST_F(DamageTest, WhileWritingEndsTheWork) {
    options_.check = SqliteStore::Check::off;
    for (std::size_t page = 4; page <= fs::file_size(options_.file) / 4096; ++page) {
        if (page != 5) damage(page);  // 5 holds cairn_watermark or a root; either way the tables' leaves are gone
    }
    std::optional<Error> error;
    try {
        open();
        Rows rows(things_);
        for (int i = 0; i < 2000; i += 7) rows.put(Thing{"r", std::to_string(i), {}});
        apply({rows});
    } catch (const Error& thrown) {
        error = thrown;
    }
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::internal) << error->what();
}

TEST_F(DamageTest, WhileReadingEndsTheWorkAndTheNextStartLooksAtEverything) {
    for (std::size_t page = 12; page <= fs::file_size(options_.file) / 4096; ++page) damage(page);
    options_.check = SqliteStore::Check::off;
    open();
    EXPECT_EQ(refusal([&] { ask("SELECT sum(length(label)), max(count) FROM things NOT INDEXED"); }).code(), Code::internal);
    EXPECT_FALSE(store_->health().ok);
    EXPECT_EQ(refusal([&] { apply({}); }).code(), Code::internal) << "the next change ends the work";
    EXPECT_TRUE(fs::exists(options_.file + ".damaged"));
    store_->close();
    options_.check = SqliteStore::Check::quick;
    EXPECT_EQ(refusal([&] { make().open(); }).code(), Code::internal);
}

/// Its pages are in order; what stands in one of them is not.
TEST_F(DamageTest, AnIndexThatDisagreesWithItsTableIsFoundAtTheStart) {
    std::string bytes = [&] {
        std::ifstream file(options_.file, std::ios::binary);
        return std::string{std::istreambuf_iterator<char>(file), {}};
    }();
    bool changed = false;
    for (std::size_t page = 1; page < bytes.size() / 4096 && !changed; ++page) {
        if (bytes[page * 4096] != 0x0a) continue;  // a leaf
        // All of them: some lie in the unused part of the page.
        for (std::size_t at = page * 4096; (at = bytes.find("label 1", at)) < (page + 1) * 4096; ++at) {
            bytes[at + 4] = 'm';
            changed = true;
        }
    }
    std::ofstream(options_.file, std::ios::binary | std::ios::trunc) << bytes;
    ASSERT_TRUE(changed);
    EXPECT_THAT(refusal([&] { make().open(); }).what(), HasSubstr("damaged"));
}

TEST_F(DamageTest, DanglingReferencesAreFound) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(options_.file.c_str(), &handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(handle, "PRAGMA foreign_keys=OFF; DELETE FROM rooms", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
    open();
    EXPECT_THAT(store_->integrity(), HasSubstr("2000 rows of things refer to missing rows of rooms"));
}

// --------------------------------------------------------------------------------------------------------------
// backups

TEST_F(StoreTest, ABackupIsOneWholeFileThatOpens) {
    SqliteStore& store = open();
    apply({Rows(things_).put(Thing{"r", "a"})});
    const std::string copy = folder_ + "/copy.db";
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (int i = 0; !stop; ++i) apply({Rows(things_).put(Thing{"r", "n" + std::to_string(i)})});
    });
    store.backup(copy);
    stop = true;
    writer.join();
    EXPECT_FALSE(fs::exists(copy + ".tmp"));
    EXPECT_FALSE(fs::exists(copy + "-wal"));
    EXPECT_EQ(refusal([&] { store.backup(copy); }).code(), Code::conflict);
    EXPECT_EQ(refusal([&] { store.backup(folder_ + "/nowhere/copy.db"); }).code(), Code::unavailable);
    store.close();
    options_.file = copy;
    open();
    EXPECT_EQ(store_->integrity(), "");
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE id = 'a'"), Document(1));
    EXPECT_EQ(one("SELECT count(*) + 1 FROM things").integer_or(0), static_cast<std::int64_t>(store_->watermark().seq))
        << "rows and watermark are of the same moment: each commit added one row, the first one a room";
}

// ---------------------------------------------------------------------------------------------------------------
// tables

TEST_F(StoreTest, BindNamesWhatIsMissing) {
    SqliteStore& store = open();
    const auto refused = [&](const TableSpec& table) {
        const std::vector<const TableSpec*> tables{&table};
        const Error error = refusal([&] { store.bind(tables, {}); });
        EXPECT_THAT(error.what(), HasSubstr("plugin test"));
        return std::string(error.what());
    };
    EXPECT_THAT(refused({"nowhere", {"id"}, &struct_type<Room>(), "test"}),
                AllOf(HasSubstr("table nowhere"), HasSubstr("no such table"), HasSubstr("sql/test/sqlite/")));
    EXPECT_THAT(
        refused({"rooms", {"room", "id"}, &struct_type<Thing>(), "test"}),
        AllOf(HasSubstr("table rooms"), HasSubstr("column room "), HasSubstr("ALTER TABLE \"rooms\" ADD COLUMN \"room\" TEXT NOT NULL")));
    EXPECT_THAT(refused({"things", {"id"}, &struct_type<Room>(), "test"}),
                AllOf(HasSubstr("wants a value for column room"), HasSubstr("describe it")));
    EXPECT_THAT(refused({"things", {"id"}, &struct_type<Thing>(), "test"}),
                HasSubstr("neither the primary key nor a UNIQUE index"));
    EXPECT_THAT(refused({"rooms", {"other"}, &struct_type<Room>(), "test"}), HasSubstr("key column other"));
    EXPECT_THAT(refused({"rooms", {}, &struct_type<Room>(), "test"}), HasSubstr("without key"));
    EXPECT_THAT(refused({"rooms; DROP TABLE rooms", {"id"}, &struct_type<Room>(), "test"}), HasSubstr("identifier"));
}

TEST_F(StoreTest, ATableThatWasNotBoundIsRefused) {
    open();
    const TableSpec stranger{"rooms", {"id"}, &struct_type<Room>(), "test"};
    EXPECT_THAT(refusal([&] { apply({Rows(stranger).put(Room{"x"})}); }).what(), HasSubstr("was not declared"));
    EXPECT_EQ(one("SELECT count(*) FROM rooms"), Document(1));
    apply({Rows(rooms_).put(Room{"y"})});
}

}  // namespace
}  // namespace cairn::storage_sqlite::test
