// `cairn migrate` by the real binary, on both engines, with a folder of SQL files that the test can change.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <cairn/document.hpp>

#include "core/durability/journal.hpp"
#include "tests/integration/server_process.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class Migrate : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        fs::create_directories(folder_.path() / "share");
        fs::copy(CAIRN_SOURCE_DIR "/sql", share() / "sql", fs::copy_options::recursive);
        std::string text = "cairn: 1\nname: test\ndata_dir: " + data().string() + "\nshare_dir: " + share().string() +
                           "\nplugins:\n  gateway: {listen: \"127.0.0.1:1\"}\n  identity:\n  world:\n  chat:\n";
        if (sqlite()) {
            text += "  storage_sqlite:\n";
        } else {
            url_ = PostgresCluster::shared().make_database("migrate");
            const std::string secret = folder_.write("url", url_);
            fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
            text += "  storage_postgres: {url: {file: " + secret + "}}\n";
        }
        config_ = folder_.write("test.yaml", text);
    }
    bool sqlite() const { return std::string(GetParam()) == "sqlite"; }
    fs::path share() const { return folder_.path() / "share"; }
    fs::path data() const { return folder_.path() / "data"; }
    fs::path sql(const std::string& plugin, const std::string& file) const {
        return share() / "sql" / plugin / GetParam() / file;
    }
    static void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

    Finished migrate(const std::string& verb, std::vector<std::string> more = {}) const {
        more.insert(more.begin(), {"migrate", verb, config_});
        return run_cairn(more, std::chrono::seconds(60));
    }
    /// The same with a failpoint armed.
    Finished migrate_with(const std::string& failpoint, const std::string& verb,
                          std::vector<std::string> more = {}) const {
        ::setenv("CAIRN_FAILPOINTS", failpoint.c_str(), 1);
        Finished finished = migrate(verb, std::move(more));
        ::unsetenv("CAIRN_FAILPOINTS");
        return finished;
    }
    /// "cairn 1 applied, world 1 applied, …" in one state, or all.
    std::vector<std::string> states(const std::string& only = {}) const {
        const Finished finished = migrate("status", {"--json"});
        std::vector<std::string> states;
        const Document answer = Document::parse_json(finished.output);
        for (const Document& row : answer["migrations"].items()) {
            if (!only.empty() && row["state"].text() != only) continue;
            states.push_back(std::string(row["plugin"].text()) + " " + std::to_string(row["number"].integer_or(0)) +
                             " " + std::string(row["state"].text()));
        }
        return states;
    }
    std::size_t count(const std::string& state) const { return states(state).size(); }
    /// How many backups were made because a migration came next.
    std::size_t backups() const {
        std::size_t count = 0;
        std::error_code error;
        for (fs::directory_iterator at(data() / "backups", error), end; !error && at != end; at.increment(error)) {
            if (at->path().extension() != ".json") continue;
            std::ifstream in(at->path());
            const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
            if (Document::parse_json(text)["why"].text() == "before-migration") ++count;
        }
        return count;
    }
    void apply_all() const {
        const Finished finished = migrate("up");
        ASSERT_EQ(finished.exit_code, 0) << finished.output;
    }

    const TemporaryFolder folder_;
    std::string url_;
    std::string config_;
};

TEST_P(Migrate, AFreshDatabaseIsPlannedAppliedAndDone) {
    const std::size_t all = states().size();
    EXPECT_GE(all, 6U);
    EXPECT_EQ(count("pending"), all);

    const Finished plan = migrate("plan");
    EXPECT_EQ(plan.exit_code, 0);
    EXPECT_THAT(plan.output, AllOf(HasSubstr("-- sql/cairn/" + std::string(GetParam()) + "/0001_audit_log.sql\n"),
                                   HasSubstr("CREATE TABLE world_objects"), Not(HasSubstr("DROP TABLE"))));
    EXPECT_EQ(count("pending"), all) << "the plan changes nothing";
    if (sqlite()) {
        EXPECT_FALSE(fs::exists(data() / "cairn.db")) << "nor does it make the database";
    }

    const Finished up = migrate("up");
    EXPECT_EQ(up.exit_code, 0) << up.output;
    EXPECT_THAT(up.output, HasSubstr("applied   sql/chat/" + std::string(GetParam()) + "/0001_chat_messages.sql"));
    EXPECT_EQ(backups(), 0U) << "there was nothing to lose";
    EXPECT_EQ(count("applied"), all);

    const Finished again = migrate("up");
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_THAT(again.output, HasSubstr("Nothing to do"));
    EXPECT_THAT(migrate("plan").output, HasSubstr("-- Nothing to do"));
    EXPECT_THAT(migrate("status").output, AllOf(HasSubstr("Everything is applied"),
                                                ContainsRegex("world +0003 +world_objects +applied +20.* UTC")));
}

TEST_P(Migrate, ABackupComesBeforeAChange) {
    apply_all();
    write(sql("world", "0004_more.sql"), "CREATE TABLE more (n integer);\n");
    write(sql("world", "0004_more.down.sql"), "-- Loses data: more.\nDROP TABLE more;\n");
    const Document plan = Document::parse_json(migrate("plan", {"--json"}).output);
    ASSERT_EQ(plan["pending"].size(), 1U);
    EXPECT_EQ(plan["pending"].items()[0]["sql"].text(), "CREATE TABLE more (n integer);\n");
    const Finished up = migrate("up");
    EXPECT_EQ(up.exit_code, 0) << up.output;
    EXPECT_THAT(up.output, AllOf(HasSubstr("backup    " + (data() / "backups").string()), HasSubstr("0004_more.sql")));
    EXPECT_EQ(backups(), 1U);
}

TEST_P(Migrate, AServerThatMigratesBacksUpFirst) {
    ServerProcess server({config_});
    server.start();
    EXPECT_EQ(server.stop(), 0) << server.output();
    EXPECT_EQ(backups(), 0U) << "there was nothing to lose";
    EXPECT_EQ(count("pending"), 0U);
    write(sql("world", "0004_more.sql"), "CREATE TABLE more (n integer);\n");
    server.start();
    EXPECT_EQ(server.stop(), 0) << server.output();
    EXPECT_EQ(backups(), 1U);
    server.start();
    EXPECT_EQ(server.stop(), 0) << server.output();
    EXPECT_EQ(backups(), 1U) << "only when something changes";
}

TEST_P(Migrate, AChangedFileIsRefusedBeforeAnythingHappens) {
    apply_all();
    write(sql("chat", "0001_chat_messages.sql"), "CREATE TABLE other (n integer);\n");
    write(sql("world", "0004_more.sql"), "CREATE TABLE more (n integer);\n");
    const Finished status = migrate("status");
    EXPECT_EQ(status.exit_code, 1);
    EXPECT_THAT(status.output,
                AllOf(HasSubstr("0001_chat_messages.sql was changed"), HasSubstr("put the old text back")));
    EXPECT_EQ(migrate("plan").exit_code, 1);
    const Finished up = migrate("up");
    EXPECT_EQ(up.exit_code, 1);
    EXPECT_THAT(up.output, HasSubstr("Nothing was applied"));
    EXPECT_EQ(count("pending"), 1U);
    EXPECT_EQ(backups(), 0U);
}

TEST_P(Migrate, ANewerDatabaseIsRefused) {
    write(sql("world", "0004_more.sql"), "CREATE TABLE more (n integer);\n");
    apply_all();
    fs::remove(sql("world", "0004_more.sql"));
    EXPECT_EQ(states("unknown"), std::vector<std::string>{"world 4 unknown"});
    for (const char* verb : {"status", "plan", "up"}) {
        const Finished refused = migrate(verb);
        EXPECT_EQ(refused.exit_code, 1) << verb;
        EXPECT_THAT(refused.output, HasSubstr("a newer Cairn has written it")) << verb;
    }
    const Finished down = migrate("down", {"--plugin", "world", "--yes"});
    EXPECT_EQ(down.exit_code, 1);
    EXPECT_THAT(down.output, HasSubstr("Let that version take it back"));
    const Finished run = run_cairn({"run", config_});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_THAT(run.output, HasSubstr("newer Cairn")) << "the server does not start on it either";
}

TEST_P(Migrate, DownShowsFirstAndThenTakesBackNewestFirst) {
    apply_all();
    const std::size_t all = count("applied");
    const Finished shown = migrate("down", {"--plugin", "world", "--to", "1"});
    EXPECT_EQ(shown.exit_code, 1);
    EXPECT_THAT(shown.output, AllOf(HasSubstr("DROP TABLE world_objects"), HasSubstr("DROP TABLE sessions"),
                                    HasSubstr("warning: "), HasSubstr("Loses data: all objects"),
                                    HasSubstr("Add --yes"), Not(HasSubstr("DROP TABLE spaces"))));
    EXPECT_EQ(count("applied"), all);
    EXPECT_EQ(backups(), 0U);

    const Finished done = migrate("down", {"--plugin", "world", "--to", "1", "--yes"});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    EXPECT_LT(done.output.find("taken back  sql/world/" + std::string(GetParam()) + "/0003_world_objects.sql"),
              done.output.find("0002_sessions.sql\n", done.output.find("backup ")));
    EXPECT_EQ(states("pending"), (std::vector<std::string>{"world 2 pending", "world 3 pending"}));
    EXPECT_EQ(backups(), 1U);

    const Finished newest = migrate("down", {"--yes"});
    EXPECT_EQ(newest.exit_code, 0) << newest.output;
    EXPECT_EQ(count("applied"), all - 3);
    apply_all();
    EXPECT_EQ(count("applied"), all);
}

TEST_P(Migrate, DownIsRefusedWithoutAWayBack) {
    fs::remove(sql("chat", "0001_chat_messages.down.sql"));
    apply_all();
    const Finished refused = migrate("down", {"--plugin", "chat", "--yes"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, AllOf(HasSubstr("no 0001_chat_messages.down.sql"), HasSubstr("Restore a backup")));
    EXPECT_THAT(migrate("down", {"--plugin", "nobody"}).output, HasSubstr("the plugin nobody has no migrations"));
}

TEST_P(Migrate, DownIsRefusedWhileTheJournalIsAhead) {
    apply_all();
    {
        core::Journal::Options options;
        options.folder = (data() / "journal").string();
        core::Journal journal(options, 1, 0);
        core::JournalEntry entry;
        entry.seq = 1;
        entry.time_us = 1'763'709'302'000'000;
        entry.changes.push_back({"chat_messages", "{\"id\":\"a\"}", "{\"id\":\"a\"}"});
        journal.append({&entry, 1});
        journal.sync();
    }
    const Finished refused = migrate("down", {"--plugin", "chat", "--yes"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, AllOf(HasSubstr("1 commit"), HasSubstr("Start and stop the server once")));
    EXPECT_EQ(states("pending"), std::vector<std::string>{});
}

TEST_P(Migrate, KilledInTheMiddleItGoesOnWhereItStood) {
    const std::size_t all = states().size();
    const Finished killed = migrate_with("store.migrate:kill@3", "up");
    EXPECT_EQ(killed.exit_code, 128 + 9) << killed.output;
    EXPECT_EQ(count("applied"), 2U) << "the third was rolled back as a whole";
    EXPECT_EQ(migrate_with("store.migrate:kill@2", "up").exit_code, 128 + 9);
    EXPECT_EQ(count("applied"), 3U);
    apply_all();
    EXPECT_EQ(count("applied"), all);
    EXPECT_GE(backups(), 1U) << "the later ones found something to save";

    EXPECT_EQ(migrate_with("store.migrate:kill@2", "down", {"--plugin", "world", "--to", "0", "--yes"}).exit_code,
              128 + 9);
    EXPECT_EQ(states("pending"), std::vector<std::string>{"world 3 pending"});
    apply_all();
}

TEST_P(Migrate, AFailingOneIsNamedWithItsLineAndTheOthersStay) {
    write(sql("chat", "0002_wrong.sql"), "CREATE TABLE fine (n integer);\n\nCREATE TALBE wrong (n integer);\n");
    const Finished failed = migrate("up");
    EXPECT_EQ(failed.exit_code, 1);
    EXPECT_THAT(failed.output, AllOf(HasSubstr("0002_wrong.sql, line 3"), HasSubstr("TALBE"),
                                     HasSubstr("Nothing of this file was applied")));
    EXPECT_EQ(states("pending"), std::vector<std::string>{"chat 2 pending"});
    write(sql("chat", "0002_wrong.sql"), "CREATE TABLE fine (n integer);\n");
    apply_all();
}

/// Files and databases that a command may leave behind.
std::set<std::string> places(const fs::path& data, const std::string& url) {
    std::set<std::string> found;
    if (!url.empty()) {
        const std::string all = PostgresCluster::shared().run("postgres", "SELECT string_agg(datname, ' ') FROM pg_database "
                                                                          "WHERE datname LIKE '%check%'");
        if (!all.empty()) found.insert(all);
    }
    std::error_code error;
    for (fs::directory_iterator at(data, error), end; !error && at != end; at.increment(error)) {
        if (at->path().filename() != "cairn.lock") found.insert(at->path().filename().string());
    }
    return found;
}

TEST_P(Migrate, CheckComparesTheTablesWithThePlugins) {
    const Finished fresh = migrate("check");
    EXPECT_EQ(fresh.exit_code, 0) << fresh.output;
    EXPECT_THAT(fresh.output, AllOf(HasSubstr("tables made from the migrations in sql/"), HasSubstr("tables fit.")));
    EXPECT_THAT(places(data(), url_), testing::IsEmpty()) << "what it was made for is gone, and nothing else was made";
    apply_all();
    const std::set<std::string> before = places(data(), url_);
    const Finished applied = migrate("check");
    EXPECT_EQ(applied.exit_code, 0) << applied.output;
    EXPECT_THAT(applied.output,
                AllOf(HasSubstr("with the tables of "), HasSubstr("tables fit."), Not(HasSubstr("note "))));

    // A migration that is not applied yet and takes something away is found before it does.
    write(sql("chat", "0002_renamed.sql"), "ALTER TABLE chat_messages RENAME COLUMN flagged_reason TO reason;\n");
    const auto wrong = AllOf(HasSubstr("problem  plugin chat, table chat_messages: the described column flagged_reason ("),
                             HasSubstr(std::string("ALTER TABLE \"chat_messages\" ADD COLUMN \"flagged_reason\" ") +
                                       (sqlite() ? "TEXT" : "text")),
                             HasSubstr(std::string("sql/chat/") + GetParam() + "/"), HasSubstr("would not start with this"));
    const Finished pending = migrate("check");
    EXPECT_EQ(pending.exit_code, 1);
    EXPECT_THAT(pending.output, AllOf(wrong, HasSubstr("as 1 of them is not applied yet")));
    EXPECT_EQ(states("pending"), std::vector<std::string>{"chat 2 pending"}) << "the data was not touched";
    EXPECT_EQ(places(data(), url_), before);
    apply_all();
    const Finished broken = migrate("check", {"--json"});
    EXPECT_EQ(broken.exit_code, 1);
    const Document answer = Document::parse_json(broken.output);
    EXPECT_EQ(answer["ok"], Document(false));
    ASSERT_EQ(answer["problems"].size(), 1u);
    EXPECT_THAT(std::string(answer["problems"].items()[0].text()), HasSubstr("plugin chat, table chat_messages"));
    EXPECT_THAT(migrate("check").output, wrong);
    EXPECT_THAT(migrate("plan").output, HasSubstr("cairn migrate check"));
    EXPECT_THAT(run_cairn({"check", config_}).output, HasSubstr("`cairn migrate check`"));
}

TEST_P(Migrate, SuggestPrintsTheTablesOfAPlugin) {
    const Finished suggested = run_cairn({"migrate", "suggest", "chat", "--engine", GetParam()});
    EXPECT_EQ(suggested.exit_code, 0) << suggested.output;
    EXPECT_THAT(suggested.output,
                AllOf(HasSubstr(std::string("-- sql/chat/") + GetParam() + "/0001_chat_messages.sql\nCREATE TABLE \"chat_messages\" ("),
                      HasSubstr("PRIMARY KEY (\"id\")"), HasSubstr("DROP TABLE \"chat_messages\";")));
    // It is what the plugin can work with.
    write(sql("chat", "0001_chat_messages.sql"), suggested.output.substr(0, suggested.output.find("\n-- sql/", 3)));
    for (const auto& entry : fs::directory_iterator(share() / "sql" / "chat" / GetParam())) {
        if (entry.path().filename() != "0001_chat_messages.sql") fs::remove(entry.path());
    }
    const Finished checked = migrate("check");
    EXPECT_EQ(checked.exit_code, 0) << checked.output;
    EXPECT_THAT(checked.output, Not(HasSubstr("note ")));
    // With a flaw it works, too, and the check says so.
    std::string flawed = suggested.output.substr(0, suggested.output.find("\n-- sql/", 3));
    const std::string whole = " NOT NULL DEFAULT '',  -- as it was sent";
    ASSERT_NE(flawed.find(whole), std::string::npos);
    flawed.erase(flawed.find(whole), std::string(" NOT NULL").size());
    write(sql("chat", "0001_chat_messages.sql"), flawed);
    for (const bool is_applied : {false, true}) {
        if (is_applied) apply_all();
        const Finished noted = migrate("check");
        EXPECT_EQ(noted.exit_code, 0) << noted.output;
        EXPECT_THAT(noted.output, AllOf(HasSubstr("note     plugin chat, table chat_messages: column message is described as text"),
                                        HasSubstr("and the table takes NULL for it"), HasSubstr("tables fit.")));
    }
    EXPECT_EQ(run_cairn({"migrate", "suggest", "gateway"}).exit_code, 1) << "it has no tables";
    EXPECT_EQ(run_cairn({"migrate", "suggest", "nobody"}).exit_code, 1);
    EXPECT_EQ(run_cairn({"migrate", "suggest", "chat", "--engine", "oracle"}).exit_code, 2);
    EXPECT_EQ(run_cairn({"migrate", "suggest"}).exit_code, 2);
}

TEST_P(Migrate, AServerOnTheSameDataIsInTheWay) {
    apply_all();
    const int server = ::open((data() / "cairn.lock").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(server, LOCK_EX | LOCK_NB), 0);
    for (const char* verb : {"status", "plan", "up", "down", "check"}) {
        const Finished refused = migrate(verb);
        EXPECT_EQ(refused.exit_code, 1) << verb;
        EXPECT_THAT(refused.output, AllOf(HasSubstr("is in use by"), HasSubstr("Stop that one"))) << verb;
    }
    ::close(server);
}

TEST_P(Migrate, WrongUsageIsTwo) {
    EXPECT_EQ(migrate("down", {"--to", "1"}).exit_code, 2);
    EXPECT_EQ(migrate("down", {"--plugin", "world", "--to", "-1"}).exit_code, 2);
    EXPECT_EQ(migrate("down", {"--plugin", "world", "--to", "1x"}).exit_code, 2);
    EXPECT_EQ(run_cairn({"migrate", "up"}).exit_code, 2);
    EXPECT_EQ(run_cairn({"migrate"}).exit_code, 2);
    EXPECT_THAT(run_cairn({"migrate", "sideways"}).output, HasSubstr("cairn migrate status"));
    EXPECT_EQ(run_cairn({"migrate", "up", (folder_.path() / "none.yaml").string()}).exit_code, 1);
}

INSTANTIATE_TEST_SUITE_P(Engines, Migrate, testing::Values("sqlite", "postgres"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace cairn::test
