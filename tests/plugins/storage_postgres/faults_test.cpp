#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/plugins/storage_postgres/cutting_proxy.hpp"
#include "tests/plugins/storage_postgres/store_fixture.hpp"

namespace cairn::storage_postgres::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Cut = CuttingProxy::Cut;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

int open_files() {
    int count = 0;
    DIR* folder = opendir("/proc/self/fd");
    while (readdir(folder) != nullptr) ++count;
    closedir(folder);
    return count;
}

/// What has been allocated and not freed. Sanitizers give none of it here, and look for leaks themselves.
std::size_t used_bytes() {
    return mallinfo2().uordblks;
}

/// What the engine does: gives the batch again, with the same number, until it is taken.
template <class Work>
int until_taken(Work&& work) {
    for (int tries = 1;; ++tries) {
        try {
            work();
            return tries;
        } catch (const Error& error) {
            if (error.code() != Code::unavailable || tries == 200) throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

class CutTest : public StoreTest {
protected:
    void SetUp() override {
        StoreTest::SetUp();
        proxy_ = std::make_unique<CuttingProxy>(cluster().port());
        options_.url.port = proxy_->port();
    }
    void TearDown() override {
        StoreTest::TearDown();
        proxy_.reset();
    }
    std::unique_ptr<CuttingProxy> proxy_;
};

TEST_F(CutTest, ACommitThatIsCutOffIsThereExactlyOnce) {
    open();
    constexpr int kRounds = 500;
    std::uint64_t seq = store_->watermark().seq;
    for (int i = 0; i < kRounds; ++i) {
        ++seq;
        proxy_->arm(i % 2 == 0 ? Cut::after : Cut::before);
        if (i % 5 == 4) {
            const std::vector<services::DeadLetter> letters{{seq, 0, "a", "o", "[]", "r"}};
            until_taken([&] { store_->bury(letters, {seq}); });
        } else {
            until_taken([&] { apply_at(seq, {Rows(things_).put(thing(i))}); });
        }
        ASSERT_EQ(store_->watermark().seq, seq) << "round " << i;
    }
    EXPECT_EQ(proxy_->cuts(), kRounds);
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), kRounds / 5 * 4);
    EXPECT_EQ(one("SELECT count(*) FROM cairn_dead_letters").integer_or(-1), kRounds / 5);
    EXPECT_EQ(one("SELECT count(DISTINCT seq) FROM cairn_dead_letters").integer_or(-1), kRounds / 5);
    EXPECT_THAT(log_.lines(), HasSubstr("the commit is there, nothing was lost"));
}

TEST_F(CutTest, WhatCannotBeToldYetIsToldByTheNextCall) {
    open();
    // The COMMIT goes through, its answer does not, and nobody can be asked.
    const auto cut_and_hide = [&](Cut cut, std::uint64_t seq, int number) {
        proxy_->arm(cut);
        std::thread hider([&] {
            while (proxy_->cuts() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        });
        proxy_->refuse(true);
        const Error error = refusal([&] { apply_at(seq, {Rows(things_).put(thing(number))}); });
        hider.join();
        EXPECT_EQ(error.code(), Code::unavailable);
        EXPECT_FALSE(store_->health().ok);
        proxy_->refuse(false);
    };
    cut_and_hide(Cut::after, 10, 1);
    const std::vector<services::TableBatch> nothing;
    store_->apply(nothing, {10});  // were it not there, the row would be missing now
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 1);
    EXPECT_TRUE(store_->health().ok);
}

TEST_F(CutTest, AServerThatFallsSilentInTheCommitIsLeft) {
    options_.statement_timeout = Duration(300);
    open();
    proxy_->arm(Cut::silence);
    const Clock::time_point start = Clock::now();
    until_taken([&] { apply_at(10, {Rows(things_).put(thing(1))}); });
    EXPECT_LT(seconds_since(start), 10);
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 1);
    EXPECT_EQ(store_->watermark().seq, 10U);
}

TEST_F(StoreTest, ASecondInstanceIsRefusedWithinASecondAndToldWho) {
    open();
    PostgresStore second;
    second.configure(options_, log_, nullptr);
    const Clock::time_point start = Clock::now();
    const Error error = refusal([&] { second.open(); });
    EXPECT_LT(seconds_since(start), 1.5);  // a second, and a connection
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("in use by cairn on "), HasSubstr("process " + std::to_string(getpid()))));
    store_->close();
    second.open();
    second.close();
    // In another schema there is room.
    open();
    options_.schema = "another";
    second.configure(options_, log_, nullptr);
    second.open();
}

TEST_F(StoreTest, ASessionThatTheServerEndsIsReplaced) {
    open();
    EXPECT_EQ(one("SELECT 1").integer_or(0), 1);
    for (int i = 0; i < 10; ++i) {
        cluster().run("postgres", "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = '" +
                                      options_.url.database + "'");
        EXPECT_EQ(one("SELECT 1").integer_or(0), 1);
        apply_at(static_cast<std::uint64_t>(10 + i), {Rows(things_).put(thing(i))});
    }
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 10);
}

TEST_F(StoreTest, FailedConnectsLeaveNothingBehind) {
    open();
    const Target good = store_->target();
    const auto fail = [&](Target target) {
        const int files = open_files();
        std::size_t memory = 0;
        for (int i = 0; i < 240; ++i) {
            EXPECT_THROW(Connection{target}, PostgresError);
            if (i == 40) memory = used_bytes();
        }
        EXPECT_EQ(open_files(), files);
        EXPECT_LT(used_bytes(), memory + (std::size_t{1} << 18U)) << "200 failed connects took memory";
    };
    Target closed = good;
    closed.url.port = 1;
    fail(closed);
    Target missing = good;
    missing.url.database = "there_is_no_such_database";
    fail(missing);
    // And those that break.
    const std::string end = "SELECT count(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity WHERE application_name = 'broken'";
    Target broken = good;
    broken.application = "broken";
    const int files = open_files();
    std::size_t memory = 0;
    for (int i = 0; i < 60; ++i) {
        Connection connection(broken);
        cluster().run("postgres", end);
        EXPECT_THROW(connection.run("SELECT 1", "test"), PostgresError);
        if (i == 20) memory = used_bytes();
    }
    EXPECT_EQ(open_files(), files);
    EXPECT_LT(used_bytes(), memory + (std::size_t{1} << 18U)) << "broken connections took memory";
}

TEST_F(StoreTest, WhoCannotConnectIsToldWhy) {
    const auto said = [&] {
        const Error error = refusal([&] { make().open(); });
        EXPECT_EQ(error.code(), Code::unavailable);
        return std::string(error.what());
    };
    const DatabaseUrl good = options_.url;
    options_.url.database = "there_is_none";
    EXPECT_THAT(said(), AllOf(HasSubstr("there_is_none"), HasSubstr("CREATE DATABASE")));
    options_.url = good;
    options_.url.user = "nobody_here";
    options_.url.password = "geheim";
    EXPECT_THAT(said(), AllOf(HasSubstr("nobody_here"), testing::Not(HasSubstr("geheim"))));
    options_.url = good;
    options_.url.port = 1;
    EXPECT_THAT(said(), HasSubstr("See that the server runs and can be reached; a running Cairn goes on by itself then"));
    options_.url = good;
    options_.url.tls["sslmode"] = "verify-full";
    EXPECT_THAT(said(), HasSubstr("SSL"));
}

TEST_F(StoreTest, TheSocketServesAsWell) {
    options_.url = parse_url(cluster().socket_url(options_.url.database));
    open();
    apply({Rows(things_).put(thing(1))});
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 1);
}

/// With a server that is stopped and harmed.
class ServerTest : public StoreTest {
protected:
    PostgresCluster& cluster() override {
        static PostgresCluster own;
        own.start();
        return own;
    }
};

/// CAIRN_PG_RESTARTS says how often (8 unless said otherwise; the measured promise is 50).
TEST_F(ServerTest, ComesBackByItselfWhateverWayTheServerWent) {
    const char* const wished = std::getenv("CAIRN_PG_RESTARTS");
    const int restarts = wished ? std::atoi(wished) : 8;
    open();
    std::uint64_t seq = 10;
    const auto go_on = [&](const char* what) {
        const Clock::time_point start = Clock::now();
        ++seq;
        until_taken([&] { apply_at(seq, {Rows(things_).put(thing(static_cast<int>(seq)))}); });
        EXPECT_LT(seconds_since(start), 3) << what;
        EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), static_cast<std::int64_t>(seq - 10)) << what;
        EXPECT_TRUE(store_->health().ok);
    };
    const int files = open_files();
    std::size_t memory = 0;
    for (int i = 0; i < restarts; ++i) {
        if (i == 4) memory = used_bytes();  // what is kept between statements has been made
        cluster().stop(i % 2 == 0 ? PostgresCluster::Stop::fast : PostgresCluster::Stop::immediate);
        if (i == 3) {
            const Clock::time_point start = Clock::now();
            EXPECT_EQ(refusal([&] { apply_at(999, {}); }).code(), Code::unavailable);
            EXPECT_EQ(refusal([&] { ask("SELECT 1"); }).code(), Code::unavailable);
            EXPECT_LT(seconds_since(start), 3);
            EXPECT_FALSE(store_->health().ok);
        }
        cluster().start();
        go_on("a restart");
    }
    const std::size_t afterwards = used_bytes();
    EXPECT_LE(afterwards, memory + (std::size_t{1} << 20U)) << restarts - 4 << " restarts took memory";
    cluster().kill();
    cluster().start();
    go_on("kill -9");
    EXPECT_LE(open_files(), files + 2);
}

TEST_F(ServerTest, ACommitThatARestartHitsIsThereExactlyOnce) {
    open();
    std::atomic<bool> done{false};
    std::thread stopper([&] {
        for (int i = 0; i < 6; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(150));
            cluster().stop(PostgresCluster::Stop::immediate);
            cluster().start();
        }
        done = true;
    });
    std::uint64_t seq = 10;
    std::int64_t applied = 0;
    while (!done) {
        ++seq;
        const std::vector<services::DeadLetter> letters{{seq, 0, "a", "o", "[]", "r"}};
        until_taken([&] { store_->bury(letters, {seq}); });
        ++applied;
    }
    stopper.join();
    EXPECT_GT(applied, 20);
    EXPECT_EQ(one("SELECT count(*) FROM cairn_dead_letters").integer_or(-1), applied);
    EXPECT_EQ(one("SELECT count(DISTINCT seq) FROM cairn_dead_letters").integer_or(-1), applied);
}

TEST_F(ServerTest, AServerThatStandsStillHoldsNobody) {
    options_.statement_timeout = Duration(500);
    open();
    EXPECT_EQ(one("SELECT 1").integer_or(0), 1);
    cluster().pause();
    const Clock::time_point start = Clock::now();
    EXPECT_EQ(refusal([&] { apply_at(20, {Rows(things_).put(thing(1))}); }).code(), Code::unavailable);
    EXPECT_EQ(refusal([&] { ask("SELECT 1"); }).code(), Code::unavailable);
    // Each: half a second, the two seconds of grace, and one more try to connect, of two seconds.
    EXPECT_LT(seconds_since(start), 15);
    cluster().resume();
    until_taken([&] { apply_at(20, {Rows(things_).put(thing(1))}); });
    EXPECT_EQ(one("SELECT count(*) FROM things").integer_or(-1), 1);
}

TEST_F(ServerTest, AWriterThatStoodStillInItsCommitCannotWriteOverTheNext) {
    options_.statement_timeout = Duration(300);
    open();
    // The server takes the COMMIT in while it stands still, after we have left the connection.
    Connection zombie(store_->target());
    zombie.run("BEGIN; UPDATE cairn_watermark SET seq = 20 WHERE id = 1; INSERT INTO rooms VALUES ('of the zombie')", "test");
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        zombie.commit();
    });
    apply_at(20, {Rows(rooms_).put(Room{"again"})});  // waits for the row of the watermark, and finds it moved
    later.join();
    EXPECT_EQ(one("SELECT count(*) FROM rooms WHERE id = 'again'").integer_or(-1), 0);
    EXPECT_EQ(one("SELECT count(*) FROM rooms WHERE id = 'of the zombie'").integer_or(-1), 1);
}

TEST_F(ServerTest, AServerThatDoesNotKeepItsWordIsRefused) {
    const PostgresCluster careless({"fsync = off"});
    careless.run("postgres", "CREATE DATABASE world");
    options_.url = parse_url(careless.url("world"));
    const Error error = refusal([&] { make().open(); });
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("fsync = off"), HasSubstr("durability: relaxed")));
    options_.relaxed = true;
    make().open();
    EXPECT_THAT(log_.lines(), HasSubstr("fsync = off"));
    store_.reset();
    for (const char* setting : {"full_page_writes", "synchronous_commit"}) {
        careless.run("postgres", "ALTER SYSTEM RESET ALL");
        careless.run("postgres", std::string("ALTER SYSTEM SET fsync = on"));
        careless.run("postgres", std::string("ALTER SYSTEM SET ") + setting + " = off");
        careless.run("postgres", "SELECT pg_reload_conf()");
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        options_.relaxed = false;
        EXPECT_THAT(refusal([&] { make().open(); }).what(), HasSubstr(std::string(setting) + " = off"));
    }
}

TEST_F(ServerTest, ADamagedPageIsFoundAndNothingIsWrittenAnyMore) {
    open();
    Rows rows(things_);
    for (int i = 0; i < 2000; ++i) rows.put(thing(i));
    apply({rows});
    const std::string file = cluster().data_folder() + "/" +
                             cluster().run(options_.url.database, "CHECKPOINT; SELECT pg_relation_filepath('things')");
    cluster().stop();
    {
        std::fstream page(file, std::ios::in | std::ios::out | std::ios::binary);
        page.seekp(8192 + 4000);
        page << "garbage";
    }
    cluster().start();
    const std::string wrong = store_->integrity();
    EXPECT_THAT(wrong, HasSubstr("things"));
    const Error error = refusal([&] { ask("SELECT sum(count) FROM things"); });
    EXPECT_EQ(error.code(), Code::internal);
    EXPECT_THAT(error.what(), HasSubstr("damaged"));
    const Error write = refusal([&] {
        Rows all(things_);
        for (int i = 0; i < 2000; ++i) all.erase(thing(i));
        until_taken([&] { apply_at(50, {all}); });
    });
    EXPECT_EQ(write.code(), Code::internal);
    EXPECT_EQ(refusal([&] { apply_at(51, {}); }).code(), Code::internal);
    EXPECT_FALSE(store_->health().ok);
}

/// Ways to harm a database, and what the next start says of it.
class DamagedServerTest : public ServerTest {
protected:
    /// The file of a table or an index, while the server stands still.
    template <class Harm>
    void harm(const std::string& relation, Harm&& work) {
        store_->close();
        const std::string file = cluster().data_folder() + "/" +
                                 cluster().run(options_.url.database, "CHECKPOINT; SELECT pg_relation_filepath('" +
                                                                          relation + "')");
        cluster().stop();
        work(file);
        cluster().start();
    }
    static void scribble(const std::string& file, int page) {
        std::fstream in(file, std::ios::in | std::ios::out | std::ios::binary);
        in.seekp(page * 8192 + 4000);
        in << "garbage";
    }
    std::string said_at_start() {
        const Error error = refusal([&] { make().open(); });
        EXPECT_EQ(error.code(), Code::internal) << error.what();
        EXPECT_THAT(error.what(), HasSubstr("cairn restore FILE --latest"));
        return error.what();
    }
    void fill() {
        open();
        Rows rows(things_);
        for (int i = 0; i < 2000; ++i) rows.put(thing(i));
        apply({rows});
    }
};

TEST_F(DamagedServerTest, APageOfATableIsFoundAtTheStart) {
    fill();
    harm("things", [](const std::string& file) { scribble(file, 1); });
    EXPECT_THAT(said_at_start(), HasSubstr("table things"));
}

TEST_F(DamagedServerTest, APageOfAnIndexIsFoundAtTheStart) {
    fill();
    harm("things_pkey", [](const std::string& file) { scribble(file, 2); });
    EXPECT_THAT(said_at_start(), HasSubstr("index things_pkey"));
}

TEST_F(DamagedServerTest, AFileThatIsGoneIsFoundAtTheStart) {
    fill();
    harm("things", [](const std::string& file) { std::filesystem::remove(file); });
    EXPECT_THAT(said_at_start(), HasSubstr("table things"));
}

TEST_F(DamagedServerTest, ATableThatIsEmptyAllOfASuddenIsFoundByItsIndex) {
    fill();
    harm("things", [](const std::string& file) { std::filesystem::resize_file(file, 0); });
    EXPECT_THAT(said_at_start(), HasSubstr("index things_pkey"));
}

TEST_F(DamagedServerTest, AnIndexThatIsGoneIsFoundWhateverTheSize) {
    fill();
    harm("things_pkey", [](const std::string& file) { std::filesystem::resize_file(file, 0); });
    EXPECT_THAT(said_at_start(), HasSubstr("index things_pkey has no pages"));
}

TEST_F(DamagedServerTest, ACatalogueThatCannotBeReadIsDamageAndNotAnAbsentServer) {
    fill();
    harm("pg_attribute", [](const std::string& file) { std::filesystem::remove(file); });
    const Error error = refusal([&] { make().open(); });
    EXPECT_EQ(error.code(), Code::internal) << error.what();
}

/// What the check would not see: the server has told it once, and that is enough.
TEST_F(DamagedServerTest, WhatWasMetWhileRunningIsKnownToTheNextStart) {
    fill();
    harm("things", [](const std::string& file) { scribble(file, 1); });
    options_.check = PostgresStore::Check::off;
    open();
    EXPECT_EQ(refusal([&] { ask("SELECT sum(count) FROM things"); }).code(), Code::internal);
    EXPECT_EQ(refusal([&] { apply_at(50, {}); }).code(), Code::internal) << "the next change ends the work";
    store_->close();
    EXPECT_THAT(said_at_start(), HasSubstr("the last run met this"));
}

/// Small databases are looked at as a whole; what is merely unfinished is no damage.
TEST_F(DamagedServerTest, ASoundDatabaseStarts) {
    fill();
    for (const auto check : {PostgresStore::Check::quick, PostgresStore::Check::full}) {
        store_->close();
        options_.check = check;
        open();
    }
    cluster().run(options_.url.database, "ALTER TABLE things ADD CONSTRAINT later CHECK (count < 0) NOT VALID");
    store_->close();
    open();
    EXPECT_THAT(log_.lines(), HasSubstr("has not been checked"));
    EXPECT_THAT(store_->integrity(), HasSubstr("has not been checked"));
}

/// An owner who is no superuser may look at all of it.
TEST_F(DamagedServerTest, AnOwnerMayCheck) {
    const std::string name = options_.url.database;
    cluster().run("postgres", "DROP ROLE IF EXISTS keeper");
    cluster().run("postgres", "CREATE ROLE keeper LOGIN NOSUPERUSER; ALTER DATABASE " + name + " OWNER TO keeper");
    cluster().run(name, "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION keeper");
    options_.url.user = "keeper";
    make().open();
    EXPECT_EQ(store_->integrity(), "");
    store_->close();
    options_.check = PostgresStore::Check::full;
    make().open();
}

}  // namespace
}  // namespace cairn::storage_postgres::test
