// Backups, restores and recovery by the real binary, as an admin meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include <cairn/document.hpp>
#include <cairn/failpoint.hpp>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class BackupsOfAWorld : public ::testing::Test {
protected:
    explicit BackupsOfAWorld(std::vector<std::string> overlay = {}) : overlay_(std::move(overlay)) {}

    std::vector<std::string> with_configuration(std::vector<std::string> words,
                                                const std::vector<std::string>& more = {}) {
        words.push_back(std::string(CAIRN_SOURCE_DIR) + "/config/metaverse.yaml");
        words.insert(words.end(), overlay_.begin(), overlay_.end());
        words.insert(words.end(), more.begin(), more.end());
        for (const char* setting :
             {"backup.at_stop=false", "plugins.world.limits.create=10000/s", "server.messages=10000/s"}) {
            words.push_back("--set");
            words.push_back(setting);
        }
        words.push_back("--set");
        words.push_back("data_dir=" + data());
        return words;
    }
    Finished cairn(const std::vector<std::string>& verb, const std::vector<std::string>& more = {}) {
        return run_cairn(with_configuration(verb, more), std::chrono::seconds(60));
    }
    /// The last line of a command's output, which is its JSON.
    static Document json(const Finished& finished) {
        std::string text = finished.output;
        while (!text.empty() && text.back() == '\n') text.pop_back();
        const std::size_t line = text.rfind('\n');
        return Document::parse_json(line == std::string::npos ? text : text.substr(line + 1));
    }
    std::string data() const { return (folder_.path() / "data").string(); }
    std::string database() const { return data() + "/cairn.db"; }
    std::string newest_backup() {
        const Document list = json(cairn({"backup", "list"}, {"--json"}));
        return data() + "/backups/" + std::string(list["backups"].items().at(0)["file"].text());
    }
    void create(const std::string& prefix, int count) {
        PlayerClient player(server_.port());
        player.enter("main", "Builder");
        for (int i = 0; i < count; ++i) {
            const std::string id = prefix + std::to_string(i);
            const Document reply =
                player.ask("object.create",
                           {{"id", id}, {"name", "Box"}, {"type", "primitive"}, {"p", Document::list({i, 0, 0})}});
            ASSERT_FALSE(reply["d"]["id"].is_null()) << reply.to_json();
            there_.insert(id);
        }
    }
    std::set<std::string> objects() {
        PlayerClient player(server_.port());
        player.enter("main", "Looker");
        std::set<std::string> ids;
        for (const Document& object : player.state("objects")) ids.insert(std::string(object["id"].text()));
        return ids;
    }
    /// Rubbish over the pages, and the log that would heal some of them gone.
    void ruin() {
        fs::remove(database() + "-wal");
        fs::remove(database() + "-shm");
        scribble(database(), 0, 16384);
    }
    static void scribble(const std::string& path, std::uint64_t at, std::size_t count) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(at));
        file << std::string(count, '\x5a');
    }

    const std::vector<std::string> overlay_;
    TemporaryFolder folder_;
    ServerProcess server_{with_configuration({})};
    std::set<std::string> there_;  ///< acknowledged
};

TEST_F(BackupsOfAWorld, BesideTheRunningServer) {
    server_.start();
    create("a", 20);
    const Finished made = cairn({"backup", "now"});
    EXPECT_EQ(made.exit_code, 0) << made.output;
    EXPECT_THAT(made.output, HasSubstr("verified  by opening"));
    create("b", 5);
    const Finished drill = cairn({"backup", "drill"}, {"--json"});
    EXPECT_EQ(drill.exit_code, 0) << drill.output;
    EXPECT_TRUE(json(drill)["ok"].boolean_or(false));
    EXPECT_GE(json(drill)["commits"].integer_or(0), 5);
    const Document health = Document::parse_json(http_get(server_.port(), "/health").body);
    EXPECT_TRUE(health["backup"]["last_restore_drill"]["ok"].boolean_or(false)) << health.to_json();
    EXPECT_THAT(http_get(server_.port(), "/metrics").body, HasSubstr("cairn_restore_drill_ok 1"));
    const std::string file = fs::path(newest_backup()).filename();
    const Finished verified = run_cairn(with_configuration({"backup", "verify"}, {file}));
    EXPECT_EQ(verified.exit_code, 0) << verified.output;
    EXPECT_THAT(cairn({"backup", "prune"}).output, HasSubstr("Nothing was superfluous"));
    const Finished refused = cairn({"restore"}, {"--latest"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, HasSubstr("is in use by process"));
    EXPECT_EQ(server_.stop(), 0);
    // And alone.
    EXPECT_EQ(cairn({"backup", "now"}).exit_code, 0);
    EXPECT_EQ(run_cairn(with_configuration({"backup", "verify"}, {file})).exit_code, 0);
    EXPECT_THAT(cairn({"backup", "drill"}).output, HasSubstr("no server runs"));
}

TEST_F(BackupsOfAWorld, DrillsAndBackupsUnderLoad) {
    server_.start();
    std::atomic<bool> enough{false};
    std::atomic<int> made{0};
    std::thread builder([&] {
        PlayerClient player(server_.port());
        player.enter("main", "Builder");
        for (int i = 0; !enough; ++i) {
            const Document place = Document::list({i, 0, 0});
            player.ask("object.create",
                       {{"id", "o" + std::to_string(i)}, {"name", "Box"}, {"type", "primitive"}, {"p", place}});
            player.ask("object.move", {{"id", "o" + std::to_string(i / 2)}, {"p", place}, {"final", true}});
            ++made;
        }
    });
    for (int time = 0; time < 4; ++time) {
        EXPECT_EQ(cairn({"backup", "now"}).exit_code, 0);
        const Finished drill = cairn({"backup", "drill"}, {"--json"});
        EXPECT_EQ(drill.exit_code, 0) << drill.output;
    }
    enough = true;
    builder.join();
    EXPECT_GT(made, 20);
    EXPECT_EQ(server_.stop(), 0);
}

TEST_F(BackupsOfAWorld, ADamagedDatabaseComesBackByItself) {
    server_.start();
    create("a", 50);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("b", 30);
    server_.kill_hard();
    ruin();
    server_.start();
    EXPECT_EQ(objects(), there_);
    EXPECT_THAT(server_.output(), HasSubstr("has been restored; nothing is lost"));
    bool kept = false;
    for (const auto& entry : fs::recursive_directory_iterator(data())) {
        kept = kept || entry.path().string().find("quarantine") != std::string::npos;
    }
    EXPECT_TRUE(kept) << "the damaged file is evidence";
    create("c", 3);
    EXPECT_EQ(server_.stop(), 0);
}

TEST_F(BackupsOfAWorld, ADamagedNewestBackupIsPassedOver) {
    server_.start();
    create("a", 20);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("b", 20);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("c", 5);
    server_.kill_hard();
    scribble(newest_backup(), 5000, 500);
    ruin();
    server_.start();
    EXPECT_EQ(objects(), there_);
    EXPECT_THAT(server_.output(), HasSubstr("the next older one is tried"));
}

TEST_F(BackupsOfAWorld, WhatCannotBeReachedIsNamed) {
    server_.start();
    create("a", 20);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("b", 20);
    server_.kill_hard();
    ruin();
    for (const auto& entry : fs::directory_iterator(data() + "/journal")) {
        if (entry.path().extension() == ".cjl") fs::remove(entry.path());
    }
    server_.launch();
    EXPECT_EQ(server_.wait(std::chrono::seconds(30)), 1) << server_.output();
    EXPECT_THAT(server_.output(), HasSubstr("cannot be reached"));
    EXPECT_THAT(server_.output(), HasSubstr("durability.allow_loss"));
    fs::remove(database());
    server_.launch();
    EXPECT_EQ(server_.wait(std::chrono::seconds(30)), 1) << "an empty world would be a lie: " << server_.output();
    EXPECT_THAT(server_.output(), HasSubstr("they were deleted or replaced"));

    // The admin knows that it is all there is.
    const Finished restored = cairn({"restore"}, {"--latest"});
    EXPECT_EQ(restored.exit_code, 0) << restored.output;
    EXPECT_THAT(restored.output, HasSubstr("there is no journal"));
    server_.start();
    EXPECT_EQ(objects().size(), 20);
    create("c", 3);
    EXPECT_EQ(server_.stop(), 0);
    server_.start();
    EXPECT_EQ(objects().size(), 23);
}

TEST_F(BackupsOfAWorld, BackToACommitAndForwardAgain) {
    server_.start();
    create("a", 10);
    const std::set<std::string> then = objects();
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    const std::string seq =
        std::to_string(json(cairn({"backup", "list"}, {"--json"}))["backups"].items().at(0)["commit"].integer_or(0));
    create("b", 10);
    const std::set<std::string> later = there_;
    EXPECT_EQ(server_.stop(), 0);

    const Finished dry = cairn({"restore"}, {"--seq", seq, "--dry-run"});
    EXPECT_EQ(dry.exit_code, 0) << dry.output;
    EXPECT_THAT(dry.output, HasSubstr("Nothing was changed"));
    const Finished asked = cairn({"restore"}, {"--seq", seq});
    EXPECT_EQ(asked.exit_code, 1) << "later commits would go";
    EXPECT_THAT(asked.output, HasSubstr("Add --yes"));
    const Finished done = cairn({"restore"}, {"--seq", seq, "--yes", "--json"});
    ASSERT_EQ(done.exit_code, 0) << done.output;
    const Document report = json(done);
    EXPECT_EQ(std::to_string(report["reached_seq"].integer_or(0)), seq);
    EXPECT_EQ(report["lost"].integer_or(-1), 0);
    const std::string aside(report["journal_aside"].text());
    ASSERT_TRUE(fs::is_directory(aside)) << report.to_json();
    server_.start();
    EXPECT_EQ(objects(), then);
    create("c", 2);
    EXPECT_EQ(server_.stop(), 0);

    const Finished forward = cairn({"restore"}, {"--latest", "--journal", aside, "--yes"});
    ASSERT_EQ(forward.exit_code, 0) << forward.output;
    server_.start();
    EXPECT_EQ(objects(), later);
}

TEST_F(BackupsOfAWorld, IntoAnotherPlaceLeavesTheStoreAlone) {
    server_.start();
    create("a", 5);
    EXPECT_EQ(server_.stop(), 0);
    const std::string place = (folder_.path() / "then.db").string();
    const Finished done = cairn({"restore"}, {"--latest", "--into", place});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    EXPECT_TRUE(fs::exists(place));
    const Finished again = cairn({"restore"}, {"--latest", "--into", place});
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_THAT(again.output, HasSubstr("is there already"));
    server_.start();
    EXPECT_EQ(objects(), there_);
}

TEST_F(BackupsOfAWorld, KilledWhileRestoringItCanBeDoneAgain) {
    if (!failpoints_built()) return;  // a release has none, and its tests are those of the others
    server_.start();
    create("a", 10);
    ASSERT_EQ(cairn({"backup", "now"}).exit_code, 0);
    create("b", 10);
    EXPECT_EQ(server_.stop(), 0);
    for (const char* failpoint : {"restore.before_replay", "restore.before_swap", "restore.mid_swap"}) {
        for (int time = 0; time < 3; ++time) {
            ::setenv("CAIRN_FAILPOINTS", (std::string(failpoint) + ":kill").c_str(), 1);
            const Finished killed = cairn({"restore"}, {"--latest"});
            ::unsetenv("CAIRN_FAILPOINTS");
            EXPECT_EQ(killed.exit_code, 128 + SIGKILL) << failpoint << ": " << killed.output;
        }
        server_.start();
        EXPECT_EQ(objects(), there_) << failpoint;
        EXPECT_EQ(server_.stop(), 0);
        EXPECT_FALSE(fs::exists(data() + "/restore.json")) << failpoint;
    }
    EXPECT_EQ(cairn({"restore"}, {"--latest"}).exit_code, 0);
    server_.start();
    EXPECT_EQ(objects(), there_);
}

TEST_F(BackupsOfAWorld, AStopMakesALastOne) {
    ServerProcess server({std::string(CAIRN_SOURCE_DIR) + "/config/metaverse.yaml", "--set", "data_dir=" + data()});
    server.start();
    PlayerClient(server.port()).enter("main", "Somebody");
    EXPECT_EQ(server.stop(), 0);
    const Document list = json(cairn({"backup", "list"}, {"--json"}));
    ASSERT_EQ(list["backups"].size(), 1) << list.to_json();
    EXPECT_EQ(list["backups"].items()[0]["why"].text(), "final");
}

class BackupsOnPostgres : public BackupsOfAWorld {
protected:
    BackupsOnPostgres() : BackupsOfAWorld({"-c", std::string(CAIRN_SOURCE_DIR) + "/config/postgres.yaml"}) {
        database_ = PostgresCluster::shared().make_database("world");
        ::setenv("DATABASE_URL", database_.c_str(), 1);
    }
    ~BackupsOnPostgres() override { ::unsetenv("DATABASE_URL"); }
    std::string database_;
};

TEST_F(BackupsOnPostgres, ADrillAndTheWayBack) {
    server_.start();
    create("a", 10);
    {
        PlayerClient player(server_.port());
        player.enter("main", "Talker");
        EXPECT_TRUE(player.ask("chat.send", {{"message", "hello"}})["ok"].boolean_or(false));
    }
    const std::set<std::string> then = there_;
    const Finished made = cairn({"backup", "now"});
    ASSERT_EQ(made.exit_code, 0) << made.output;
    const std::string seq =
        std::to_string(json(cairn({"backup", "list"}, {"--json"}))["backups"].items().at(0)["commit"].integer_or(0));
    create("b", 5);
    const Finished drill = cairn({"backup", "drill"}, {"--json"});
    EXPECT_EQ(drill.exit_code, 0) << drill.output;
    EXPECT_EQ(server_.stop(), 0);
    const Finished done = cairn({"restore"}, {"--seq", seq, "--yes", "--json"});
    ASSERT_EQ(done.exit_code, 0) << done.output;
    const std::string kept(json(done)["quarantine"].text());
    EXPECT_EQ(
        PostgresCluster::shared().run("postgres", "SELECT count(*) FROM pg_database WHERE datname = '" + kept + "'"),
        "1")
        << kept;
    server_.start();
    EXPECT_EQ(objects(), then);
    create("c", 2);
    EXPECT_EQ(server_.stop(), 0);
}

TEST(Schedules, AreCheckedWithTheConfiguration) {
    const TemporaryFolder folder;
    const std::string file = folder.write("bad.yaml",
                                          "time_zone: Europe/Berlim\n"
                                          "backup:\n"
                                          "  schedule: \"61 * * * *\"\n"
                                          "  drill: tomorrow\n"
                                          "maintenance: {vacuum: \"0 0 30 2 *\"}\n");
    const Finished finished =
        run_cairn({"check", std::string(CAIRN_SOURCE_DIR) + "/config/metaverse.yaml", "-c", file});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, HasSubstr("bad.yaml:3:"));
    EXPECT_THAT(finished.output, HasSubstr("minute takes 0 to 59"));
    EXPECT_THAT(finished.output, HasSubstr("bad.yaml:4:"));
    EXPECT_THAT(finished.output, HasSubstr("no month has such a day"));
    EXPECT_THAT(finished.output, HasSubstr("did you mean 'Europe/Berlin'?"));
}

}  // namespace
}  // namespace cairn::test
