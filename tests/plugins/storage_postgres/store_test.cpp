#include <array>

#include "core/durability/row_codec.hpp"
#include "tests/plugins/storage_postgres/store_fixture.hpp"

namespace cairn::storage_postgres::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Thing full() {
    Thing made = thing(1);
    made.label = "ein Etikett";
    made.count = 9007199254740993;  // no double holds it
    made.small = -32768;
    made.weight = 0.1;
    made.visible = false;
    made.position = {1.5, -2, 1e-9};
    made.tags = {"a", "b \"c\"", "", "NULL", "{x}"};
    made.extra = Document{{"k", Document::list({1, 2.5, "drei", Document()})}};
    made.address = "2001:db8::1";
    made.made_at = 1700000000123;
    made.gone_at = -1;
    made.note = Document{{"in", "text"}};
    return made;
}

TEST_F(StoreTest, EveryTypeComesBackAsItWent) {
    open();
    const Thing put = full();
    apply({Rows(things_).put(put).put(thing(2))});
    std::vector<std::string> columns;
    std::vector<Thing> rows;
    store_->query({"SELECT * FROM things ORDER BY id", {}},
                  [&](std::span<const std::string> names, std::span<const Document> values) {
                      const core::RowDecoder decoder(struct_type<Thing>(), names);
                      decoder.decode(values, &rows.emplace_back());
                      return true;
                  });
    ASSERT_EQ(rows.size(), 2U);
    std::string wrote;
    std::string read;
    write_json(wrote, struct_type<Thing>(), &put);
    write_json(read, struct_type<Thing>(), rows.data());
    EXPECT_EQ(read, wrote);
    const Thing plain = thing(2);
    wrote.clear();
    read.clear();
    write_json(wrote, struct_type<Thing>(), &plain);
    write_json(read, struct_type<Thing>(), &rows[1]);
    EXPECT_EQ(read, wrote);
}

TEST_F(StoreTest, QueriesGiveWhatTheStoreOnSqliteGives) {
    open();
    apply({Rows(things_).put(full())});
    const auto rows = ask("SELECT id, visible, made_at, gone_at, tags, position, count, weight, address FROM things");
    ASSERT_EQ(rows.size(), 1U);
    const std::vector<Document> expected{uuid(1), 0, 1700000000123, -1, R"(["a","b \"c\"","","NULL","{x}"])",
                                         "[1.5, -2, 0.000000001]", 9007199254740993, 0.1, "2001:db8::1"};
    ASSERT_EQ(rows[0].size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (i == 5) EXPECT_EQ(Document::parse_json(rows[0][i].text()), Document::parse_json(expected[i].text()));
        else EXPECT_EQ(rows[0][i].to_json(), expected[i].to_json()) << "column " << i;
    }
    EXPECT_EQ(one("SELECT count(*) FROM things").to_json(), "1");
    EXPECT_EQ(one("SELECT sum(count) FROM things").to_json(), "9007199254740993");
    EXPECT_EQ(one("SELECT 1.5::numeric").to_json(), "1.5");
    EXPECT_TRUE(one("SELECT label FROM things WHERE id = $1", {uuid(99)}).is_null());
}

TEST_F(StoreTest, ParametersAreTakenAsTheColumnsWantThem) {
    open();
    apply({Rows(things_).put(full()).put(thing(2))});
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE made_at < $1", {1700000000124}).integer_or(-1), 2);
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE made_at < $1", {1700000000100}).integer_or(-1), 1);
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE made_at < $1 OR (made_at = $1 AND id < $2)",
                  {1700000000123, uuid(9)}).integer_or(-1),
              2);
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE visible = $1", {true}).integer_or(-1), 1);
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE visible = $1", {0}).integer_or(-1), 1);
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE id = $1", {"lobby"}).integer_or(-1), 0);
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE id = $1 OR label = $2", {"lobby", "ein Etikett"}).integer_or(-1), 1);
    EXPECT_EQ(ask("SELECT id FROM things ORDER BY id LIMIT $1", {1}).size(), 1U);
    EXPECT_EQ(one("SELECT count(*) FROM things WHERE label = $1", {"'; DROP TABLE things; --"}).integer_or(-1), 0);
}

TEST_F(StoreTest, ABatchReplacesAndErasesWholeRows) {
    open();
    Thing first = full();
    apply({Rows(things_).put(first).put(thing(2)).put(thing(3))});
    first.label = std::nullopt;
    first.extra = Document();
    Thing second = thing(2);
    second.label = "ein Etikett";  // which the first row gives up in the same batch
    apply({Rows(things_).put(first).put(second).erase(thing(3)).erase(thing(77))});
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 2);
    EXPECT_TRUE(one("SELECT extra FROM things WHERE id = $1", {uuid(1)}).is_null());
    EXPECT_EQ(one("SELECT label FROM things WHERE id = $1", {uuid(2)}).text(), "ein Etikett");
    EXPECT_EQ(store_->watermark().seq, 3U);
}

TEST_F(StoreTest, ARowMayComeBeforeTheOneItRefersTo) {
    open();
    apply({Rows(things_).put(thing(1, "new")), Rows(rooms_).put(Room{"new"})});
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 1);
}

TEST_F(StoreTest, WhatAConstraintForbidsIsAConflictThatNamesNoValue) {
    open();
    Thing labelled = thing(1);
    labelled.label = "geheim";
    apply({Rows(things_).put(labelled)});
    const std::uint64_t before = store_->watermark().seq;
    const auto said = [&](const Rows& rows) {
        const Error error = refusal([&] { apply({Rows(rooms_).put(Room{"neighbour"}), rows}); });
        EXPECT_EQ(error.code(), Code::conflict) << error.what();
        EXPECT_THAT(error.what(), Not(HasSubstr("geheim")));
        EXPECT_EQ(store_->watermark().seq, before);
        return std::string(error.what());
    };
    Thing taken = thing(2);
    taken.label = "geheim";
    EXPECT_EQ(said(Rows(things_).put(taken)), "things.label is taken by another row");
    Thing negative = thing(2);
    negative.count = -1;
    EXPECT_EQ(said(Rows(things_).put(negative)), "a row breaks the rule: things_count_check");
    Thing wordy = thing(2);
    wordy.label = "geheim und viel zu lang dazu";
    EXPECT_EQ(said(Rows(things_).put(wordy)), "a text is too long for its column");
    Thing big = thing(2);
    big.small = 40000;
    EXPECT_EQ(said(Rows(things_).put(big)), "a number is out of the range of its column");
    Thing odd = thing(2);
    odd.id = "geheim";
    EXPECT_EQ(said(Rows(things_).put(odd)), "a value is of another type than its column");
    EXPECT_EQ(said(Rows(things_).put(thing(2, "geheime Kammer"))), "a row refers to one that does not exist (any more)");
    EXPECT_EQ(said(Rows(things_).put_text(R"({"id":")" + uuid(2) + R"(","room":"r"})")), "things.count must have a value");
    EXPECT_EQ(said(Rows(things_).put_text("no JSON, geheim")), "a value is of another type than its column");
    Thing nul = thing(2);
    nul.label = std::string("geheim\0", 7);
    EXPECT_EQ(said(Rows(things_).put(nul)), "a text holds a character that cannot be kept");
    EXPECT_EQ(said(Rows(things_).put_text("{\"id\":\"\xFFgeheim\"}")), "a text holds a character that cannot be kept");
    EXPECT_EQ(one("SELECT count(*) FROM rooms WHERE id = $1", {"neighbour"}).integer_or(-1), 0);
    EXPECT_TRUE(store_->health().ok);
}

TEST_F(StoreTest, ACommitThatTheServerRollsBackIsNoSuccess) {
    open();
    Connection connection(store_->target());
    connection.run("BEGIN", "test");
    EXPECT_THROW(connection.run("SELECT 1/0", "test"), PostgresError);
    EXPECT_THROW(connection.commit(), PostgresError);
    EXPECT_FALSE(connection.in_transaction());
    // Deferred: nothing is wrong until the COMMIT itself.
    connection.run("BEGIN; SET CONSTRAINTS ALL DEFERRED", "test");
    connection.run("INSERT INTO things SELECT gen_random_uuid(), 'nowhere', NULL, 0, 0, 0, true, '{}', NULL, NULL, NULL, now()",
                   "test");
    EXPECT_THROW(connection.commit(), PostgresError);
    EXPECT_EQ(connection.ask("SELECT count(*) FROM things", "test"), "0");
}

TEST_F(StoreTest, ABatchIsAppliedOnceHoweverOftenItIsGiven) {
    open();
    const std::vector<services::DeadLetter> letters{{2, 1700000000000, "actor", "op", "[]", "why"}};
    store_->bury(letters, {2});
    store_->bury(letters, {2});
    EXPECT_EQ(one("SELECT count(*) FROM cairn_dead_letters").integer_or(-1), 1);
    apply_at(3, {Rows(rooms_).put(Room{"a"})});
    apply_at(3, {Rows(rooms_).put(Room{"b"})});
    EXPECT_EQ(one("SELECT count(*) FROM rooms WHERE id = 'b'").integer_or(-1), 0);
    EXPECT_EQ(store_->watermark().seq, 3U);
}

TEST_F(StoreTest, DeadLettersKeepWhatCannotBeText) {
    open();
    const std::vector<services::DeadLetter> letters{
        {7, 1700000000123, "who\xFF", std::string("op\0", 3), R"([{"row":"\u0000"}])", "reason"}};
    store_->bury(letters, {9});
    const auto rows = ask("SELECT seq, at, actor, operation, changes, reason FROM cairn_dead_letters");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0][0].integer_or(0), 7);
    EXPECT_EQ(rows[0][1].integer_or(0), 1700000000123);
    EXPECT_EQ(rows[0][4].text(), R"([{"row":"\u0000"}])");
    EXPECT_EQ(store_->watermark().seq, 9U);
}

TEST_F(StoreTest, AuditedTablesKeepOldRowNewRowAndActor) {
    open({"things"});
    Thing made = thing(1);
    made.count = 1;
    apply({Rows(things_).put(made, "anna").put(thing(2), "ben")});
    made.count = 2;
    apply({Rows(things_).put(made, "").erase(thing(2), "carl").erase(thing(3), "nobody")});
    const auto rows = ask(
        "SELECT table_name, operation, user_id, old_data ->> 'count', new_data ->> 'count', new_data ->> 'id', changed_at FROM "
        "audit_log ORDER BY operation, user_id");
    ASSERT_EQ(rows.size(), 4U);
    const auto line = [&](std::size_t i) {
        std::string out;
        for (std::size_t c = 0; c < 6; ++c) out += rows[i][c].to_json() + " ";
        return out;
    };
    EXPECT_EQ(line(0), R"("things" "DELETE" "carl" "0" null null )");
    EXPECT_EQ(line(1), R"("things" "INSERT" "anna" null "1" ")" + uuid(1) + "\" ");
    EXPECT_EQ(line(2), R"("things" "INSERT" "ben" null "0" ")" + uuid(2) + "\" ");
    EXPECT_EQ(line(3), R"("things" "UPDATE" null "1" "2" ")" + uuid(1) + "\" ");
    EXPECT_GT(rows[0][6].integer_or(0), 1700000000000);
    // With the batch, or not at all.
    made.count = -1;
    EXPECT_EQ(refusal([&] { apply({Rows(things_).put(made, "dora")}); }).code(), Code::conflict);
    EXPECT_EQ(one("SELECT count(*) FROM audit_log").integer_or(-1), 4);
}

TEST_F(StoreTest, EngineSessionsAreKnownToTriggers) {
    open();
    EXPECT_EQ(Connection(store_->target()).ask("SHOW app.cairn_engine", "test"), "on");
}

TEST_F(StoreTest, RowsThatTheDatabaseTakesForTheSameAreRefusedTogetherAndTakenAlone) {
    open();
    const auto row = [](const std::string& id) {
        Thing made = thing(1);
        made.id = id;
        return made;
    };
    const std::string small = "00000000-0000-4000-8000-00000000000a";
    const std::string capital = "00000000-0000-4000-8000-00000000000A";
    EXPECT_EQ(refusal([&] { apply({Rows(things_).put(row(small)).put(row(capital))}); }).code(), Code::conflict);
    apply({Rows(things_).put(row(small))});
    apply({Rows(things_).put(row(capital))});
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 1);
}

TEST_F(StoreTest, WhatIsNestedTooDeepIsRefused) {
    open();
    std::string row = R"({"id":")" + uuid(1) + R"(","room":"r","count":0,"small":0,"weight":0,"visible":true,"made_at":1,"position":)";
    row += std::string(100000, '[') + std::string(100000, ']') + "}";
    EXPECT_EQ(refusal([&] { apply({Rows(things_).put_text(row)}); }).code(), Code::conflict);
}

TEST_F(StoreTest, StatementsOutliveChangesOfTheirTables) {
    open();
    const std::string query = "SELECT * FROM rooms";
    EXPECT_EQ(ask(query).front().size(), 1U);
    cluster().run(options_.url.database, "ALTER TABLE rooms ADD COLUMN more int; ALTER TABLE things ADD COLUMN more int");
    EXPECT_EQ(ask(query).front().size(), 2U);
    apply({Rows(things_).put(thing(1))});
}

TEST_F(StoreTest, QueriesOnlyRead) {
    open();
    for (const char* sql : {"DELETE FROM things RETURNING 1", "INSERT INTO rooms VALUES ('x') RETURNING id", "DROP TABLE things"}) {
        const Error error = refusal([&] { ask(sql); });
        EXPECT_EQ(error.code(), Code::internal) << sql;
        EXPECT_THAT(error.what(), HasSubstr("must only read")) << sql;
    }
    EXPECT_EQ(refusal([&] { ask("SELECT nothing FROM nowhere"); }).code(), Code::internal);
    EXPECT_EQ(refusal([&] { ask("SELECT 1 WHERE 'a' = $1"); }).code(), Code::internal);  // its parameter is missing
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 0);
}

TEST_F(StoreTest, AQueryMayBeLeftEarlyOrByAnException) {
    open();
    int seen = 0;
    store_->query({"SELECT generate_series(1, 1000000)", {}},
                  [&](std::span<const std::string>, std::span<const Document>) { return ++seen < 3; });
    EXPECT_EQ(seen, 3);
    EXPECT_THROW(store_->query({"SELECT generate_series(1, 1000000)", {}},
                               [](std::span<const std::string>, std::span<const Document>) -> bool {
                                   throw std::runtime_error("enough");
                               }),
                 std::runtime_error);
    EXPECT_EQ(one("SELECT 7").integer_or(0), 7);
}

TEST_F(StoreTest, AStatementThatTakesTooLongIsEnded) {
    options_.statement_timeout = Duration(300);
    open();
    const Error error = refusal([&] { ask("SELECT pg_sleep(30)"); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("statement_timeout"));
    EXPECT_EQ(one("SELECT 7").integer_or(0), 7);
}

TEST_F(StoreTest, ABatchOfVeryManyRowsIsTakenHoweverLongItTakes) {
    options_.statement_timeout = Duration(1000);
    open();
    constexpr int kMany = 150000;  // as one statement, or in a COMMIT with the usual limit, they do not fit into a second
    std::vector<std::string> texts;
    services::TableBatch batch{&things_, {}, {}, {}, {}};
    for (int i = 0; i < kMany; ++i) {
        Commit commit;
        Table<Thing>(things_).put(commit, thing(i));
        texts.push_back(std::move(commit.changes().front().row));
    }
    batch.rows.assign(texts.begin(), texts.end());
    store_->apply(std::span(&batch, 1), {2});
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), kMany);
    EXPECT_EQ(store_->watermark().seq, 2U);
}

TEST_F(StoreTest, ABatchLargerThanAListOfJsonMayBeIsTaken) {
    open();
    Thing large = thing(0);
    large.extra = Document{{"text", std::string(8U << 20U, 'x')}};
    Rows rows(things_);
    for (int i = 0; i < 34; ++i) {  // together more than 256 MiB
        large.id = uuid(i);
        rows.put(large);
    }
    apply({rows});
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 34);
}

TEST_F(StoreTest, ALockThatSomebodyHoldsIsPassingTrouble) {
    options_.lock_timeout = Duration(200);
    open();
    Connection other(store_->target());
    other.run("BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE", "test");
    const Error error = refusal([&] { apply_at(5, {Rows(things_).put(thing(1))}); });
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_FALSE(store_->health().ok);
    other.rollback();
    apply_at(5, {Rows(things_).put(thing(1))});
    EXPECT_TRUE(store_->health().ok);
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 1);
}

TEST_F(StoreTest, TablesMustFitTheirDescription) {
    PostgresStore& store = make();
    store.open();
    const auto said = [&](const TableSpec& table, const std::string& ddl) {
        cluster().run(options_.url.database, ddl);
        const std::vector<const TableSpec*> tables{&table};
        const Error error = refusal([&] { store.bind(tables, {}); });
        EXPECT_EQ(error.code(), Code::internal);
        EXPECT_THAT(error.what(), HasSubstr("plugin test, table"));
        return std::string(error.what());
    };
    EXPECT_THAT(said(rooms_, "SELECT 1"), HasSubstr("no such table: add a migration that makes it to sql/test/postgres/"));
    EXPECT_THAT(said(rooms_, "CREATE TABLE rooms (nr text)"), HasSubstr("ADD COLUMN \"id\" text"));
    EXPECT_THAT(said(rooms_, "ALTER TABLE rooms ADD COLUMN id text; ALTER TABLE rooms ALTER COLUMN nr SET NOT NULL"),
                HasSubstr("wants a value for column nr"));
    EXPECT_THAT(said(rooms_, "ALTER TABLE rooms DROP COLUMN nr"), HasSubstr("neither the primary key nor a UNIQUE index"));
    EXPECT_THAT(said(TableSpec{"things; --", {"id"}, &struct_type<Room>(), "test"}, "SELECT 1"),
                HasSubstr("not an identifier"));
    EXPECT_THAT(said(TableSpec{"rooms", {}, &struct_type<Room>(), "test"}, "SELECT 1"), HasSubstr("without key columns"));
    EXPECT_THAT(said(TableSpec{"rooms", {"nr"}, &struct_type<Room>(), "test"}, "SELECT 1"), HasSubstr("nr is not described"));
}

TEST_F(StoreTest, ASchemaOfItsOwnIsMadeAndKept) {
    options_.schema = "cairn_world";
    open();
    apply({Rows(things_).put(thing(1))});
    EXPECT_EQ(cluster().run(options_.url.database, "SELECT count(*) FROM cairn_world.things"), "1");
    EXPECT_EQ(cluster().run(options_.url.database, "SELECT to_regclass('public.things') IS NULL"), "t");
    EXPECT_EQ(whole(*store_).count("things"), 1U);
}

TEST_F(StoreTest, NotesAreKept) {
    open();
    EXPECT_EQ(store_->note("last_drill"), "");
    store_->set_note("last_drill", "gut");
    store_->set_note("last_drill", "besser 'noch'");
    EXPECT_EQ(store_->note("last_drill"), "besser 'noch'");
    open();
    EXPECT_EQ(store_->note("last_drill"), "besser 'noch'");
}

TEST_F(StoreTest, ReadersWaitInTheOrderOfAsking) {
    options_.pool_size = 1;
    open();
    std::vector<std::thread> askers;
    std::mutex mutex;
    std::vector<int> order;
    ConnectionPool pool(store_->target(), 1, Duration(30000), Duration(10000));
    {
        const ConnectionPool::Lease lease = pool.borrow();
        for (int i = 0; i < 5; ++i) {
            askers.emplace_back([&, i] {
                const ConnectionPool::Lease mine = pool.borrow();
                const std::lock_guard lock(mutex);
                order.push_back(i);
            });
            std::this_thread::sleep_for(std::chrono::milliseconds(60));
        }
    }
    for (std::thread& asker : askers) asker.join();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(pool.connections(), 1U);
}

TEST_F(StoreTest, APoolThatIsUsedUpSaysSoAndClosesWhatIsIdle) {
    open();
    ConnectionPool pool(store_->target(), 1, Duration(0), Duration(100));
    {
        const ConnectionPool::Lease lease = pool.borrow();
        EXPECT_THROW(pool.borrow(), PostgresError);
    }
    EXPECT_EQ(pool.connections(), 1U);
    pool.sweep();
    EXPECT_EQ(pool.connections(), 0U);
    pool.close();
    EXPECT_THROW(pool.borrow(), PostgresError);
}

TEST_F(StoreTest, IntegrityFindsWhatIsNotComplete) {
    open();
    EXPECT_EQ(store_->integrity(), "");
    cluster().run(options_.url.database,
                  "ALTER TABLE things ADD CONSTRAINT light CHECK (weight < 10) NOT VALID; DELETE FROM cairn_watermark");
    EXPECT_THAT(store_->integrity(), AllOf(HasSubstr("constraint light of things"), HasSubstr("cairn_watermark has no row")));
    EXPECT_EQ(refusal([&] { store_->watermark(); }).code(), Code::internal);
    EXPECT_EQ(refusal([&] { apply_at(9, {}); }).code(), Code::internal);
}

TEST_F(StoreTest, VacuumGoesOnBeside) {
    open();
    store_->vacuum(0);
    apply({Rows(things_).put(thing(1))});
    store_->vacuum(0);
    store_->close();  // waits for it
    EXPECT_THAT(log_.lines(), HasSubstr("vacuum"));
}

TEST_F(StoreTest, AClosedStoreTakesNothing) {
    open();
    store_->close();
    EXPECT_EQ(refusal([&] { ask("SELECT 1"); }).code(), Code::unavailable);
    EXPECT_EQ(refusal([&] { apply_at(5, {}); }).code(), Code::unavailable);
    EXPECT_FALSE(store_->health().ok);
    store_->open();
    bind(*store_);
    apply_at(5, {Rows(things_).put(thing(1))});
}

}  // namespace
}  // namespace cairn::storage_postgres::test
