// The metaverse on PostgreSQL: the same file with an overlay, the same world, and a state that goes over from SQLite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read_file(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

class Postgres : public ::testing::Test {
protected:
    Postgres() { ::setenv("DATABASE_URL", PostgresCluster::shared().make_database().c_str(), 1); }
    ~Postgres() override { ::unsetenv("DATABASE_URL"); }

    /// Words that name this configuration.
    std::vector<std::string> config(const std::string& data = "data") const {
        return {CAIRN_SOURCE_DIR "/config/metaverse.yaml", "-c", CAIRN_SOURCE_DIR "/config/postgres.yaml", "--set",
                "data_dir=" + (folder_.path() / data).string()};
    }
    std::vector<std::string> words(std::vector<std::string> begin, std::vector<std::string> end = {},
                                   const std::string& data = "data") const {
        const std::vector<std::string> middle = config(data);
        begin.insert(begin.end(), middle.begin(), middle.end());
        begin.insert(begin.end(), end.begin(), end.end());
        return begin;
    }
    static Document box(const std::string& id, double x) {
        return {{"id", id},
                {"name", "Box"},
                {"type", "primitive"},
                {"p", Document::list({x, 1, 0})},
                {"properties", {{"zebra", 1}, {"color", "#ff0000"}}}};
    }

    TemporaryFolder folder_;
};

TEST_F(Postgres, TheOverlayIsGoodAndSaysWhatCanBeLost) {
    const Finished finished = run_cairn(words({"check"}, {"--require", "objects=0", "--require", "disk=100ms"}));
    EXPECT_EQ(finished.exit_code, 0) << finished.output;
    EXPECT_THAT(finished.output, AllOf(HasSubstr("  storage_postgres "), Not(HasSubstr("  storage_sqlite ")),
                                       HasSubstr("what the database does not hold yet")));
    ::unsetenv("DATABASE_URL");
    const Finished without = run_cairn(words({"check"}));
    EXPECT_EQ(without.exit_code, 1);
    EXPECT_THAT(without.output, HasSubstr("DATABASE_URL"));
}

TEST_F(Postgres, TheWorldIsTheSameAndLasts) {
    ServerProcess server(config());
    server.start();
    std::string message, token;
    {
        PlayerClient ada(server.port());
        token = ada.enter("main", "Ada")["resume"].text();
        PlayerClient bob(server.port());
        bob.enter("main", "Bob");
        EXPECT_EQ(ada.ask("object.create", box("b1", 1))["d"]["id"].text(), "b1");
        const auto created = bob.wait_event("object.created");
        ASSERT_TRUE(created);
        EXPECT_EQ((*created)["d"]["properties"]["color"].text(), "#ff0000");
        EXPECT_TRUE(ada.ask("object.create", box("b1", 1))["ok"].boolean_or(false)) << "asked twice";
        EXPECT_TRUE(bob.ask("object.move", {{"id", "b1"}, {"p", Document::list({2.5, 1, 0})}, {"final", true}})["ok"]
                        .boolean_or(false));
        EXPECT_TRUE(
            ada.ask("object.update", {{"id", "b1"}, {"name", "Crate"}, {"locked", true}})["ok"].boolean_or(false));
        EXPECT_TRUE(ada.ask("object.create", box("b2", 5))["ok"].boolean_or(false));
        EXPECT_TRUE(ada.ask("object.delete", {{"id", "b2"}})["ok"].boolean_or(false));
        message = ada.ask("chat.send", {{"message", "hello <b>"}, {"op", "m1"}})["d"]["id"].text();
        EXPECT_FALSE(message.empty());
        const std::string gone(ada.ask("chat.send", {{"message", "typo"}})["d"]["id"].text());
        EXPECT_TRUE(ada.ask("chat.delete", {{"id", gone}})["ok"].boolean_or(false));
        EXPECT_TRUE(ada.ask("chat.edit", {{"id", message}, {"message", "hello"}})["ok"].boolean_or(false));
        // Another room, by a link.
        EXPECT_TRUE(bob.ask("space.join", {{"space", "garden"}})["ok"].boolean_or(false));
    }
    server.kill_hard();
    server.start();
    {
        PlayerClient ada(server.port());
        const Document welcome = ada.enter("main", "Ada", token);
        EXPECT_EQ(ada.ask("chat.send", {{"message", "hello <b>"}, {"op", "m1"}})["d"]["id"].text(), message);
        ASSERT_EQ(ada.state("objects").size(), 1u);
        const Document& object = ada.state("objects")[0];
        EXPECT_EQ(object["name"].text(), "Crate");
        EXPECT_EQ(object["p"], Document::list({2.5, 1, 0}));
        EXPECT_TRUE(object["locked"].boolean_or(false));
        EXPECT_EQ(object["by"], welcome["player"]);
        ASSERT_EQ(ada.state("chat").size(), 1u);
        EXPECT_EQ(ada.state("chat")[0]["message"].text(), "hello");
        const Document page = ada.ask("chat.history", {{"before", message}, {"limit", 10}});
        EXPECT_TRUE(page["ok"].boolean_or(false)) << page.to_json();
        EXPECT_EQ(page["d"]["messages"].size(), 0u);
        EXPECT_EQ(ada.ask("chat.edit", {{"id", "no-uuid"}, {"message", "x"}})["err"]["code"].text(), "not_found");
        EXPECT_TRUE(ada.ask("object.create", box("b1", 7))["err"]["code"].text() == "conflict");
    }
    EXPECT_EQ(server.stop(), 0) << server.output();
}

TEST_F(Postgres, ALargeRoomIsReadAsItLiesAndWhole) {
    ServerProcess server(config());
    server.start();  // makes the tables and the room
    EXPECT_EQ(server.stop(), 0) << server.output();
    const auto sql = [](const std::string& statements) {
        const std::string url = std::getenv("DATABASE_URL");
        const std::string path = url.substr(url.rfind('/') + 1);
        return PostgresCluster::shared().run(path.substr(0, path.find('?')), statements);
    };
    // 7,000 in main, among them rows that have moved to the end of the heap, and 3 in a room that is small beside it.
    const std::string insert =
        "INSERT INTO world_objects (object_id, space_id, name, type, position, rotation, scale, created_by) SELECT ";
    sql("INSERT INTO spaces (name) VALUES ('garden')");
    sql(insert + "md5(n::text), id, 'Box ' || n, 'primitive', jsonb_build_array(n % 500, 1.5, 0), '[0, 0, 0]', '[1, 1, 1]', "
                 "NULL FROM spaces, generate_series(1, 7000) n WHERE name = 'main'");
    sql(insert + "'g' || n, id, 'Box', 'primitive', '[1, 2, 3]', '[0, 0, 0]', '[1, 1, 1]', NULL FROM spaces, "
                 "generate_series(1, 3) n WHERE name = 'garden'");
    sql("UPDATE world_objects SET visibility = false, name = repeat('x', 200) WHERE name LIKE 'Box %7'");
    sql("DELETE FROM world_objects WHERE name LIKE 'Box %00'");
    sql("ANALYZE world_objects");
    server.start();
    {
        PlayerClient ada(server.port());
        ada.enter("main", "Ada");
        std::map<std::string, std::int64_t> seen;
        for (const Document& object : ada.state("objects")) ++seen[std::string(object["id"].text())];
        EXPECT_EQ(seen.size(), 6930u);
        EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto& one) { return one.second == 1; }));
        PlayerClient bob(server.port());
        bob.enter("garden", "Bob");
        EXPECT_EQ(bob.state("objects").size(), 3u);
    }
    EXPECT_EQ(server.stop(), 0) << server.output();
}

TEST_F(Postgres, AStateOfSqliteComesOverAndGivesTheSameFile) {
    const std::string sqlite =
        folder_.write("sqlite.yaml",
                      "cairn: 1\nplugins: {gateway: {}, identity: {}, storage_sqlite: {}, world: {}, chat: "
                      "{}}\ndata_dir: " +
                          (folder_.path() / "sqlite").string() + "\n");
    const std::string state = folder_.write("state.json", R"({"objects": {
        "lamp": {"type": "light", "name": "Lamp", "position": [0, 4.25, -1e-7], "createdAt": 1700000000123,
                 "properties": {"zebra": {"b": 1, "a": [1.5, "</script>", null]}, "apple": "ä"}, "locked": true},
        "chair": {"type": "model", "position": [1, 2, 3], "rotation": [0.1, 0, 0], "createdAt": "2026-01-31T12:00:00.000Z",
                  "modelUrl": "https://models.example/chair.glb", "physics": {"mass": 2, "static": false}}},
        "chatHistory": [{"username": "Ada", "message": "hi", "timestamp": 1769860800001}]})");
    ASSERT_EQ(run_cairn({"import", sqlite, state}).exit_code, 0);
    const std::string from = (folder_.path() / "from.json").string();
    const std::string to = (folder_.path() / "to.json").string();
    ASSERT_EQ(run_cairn({"export", sqlite, "--shape", "objects", "--out", from}).exit_code, 0);
    std::vector<std::string> import_words = words({"import"}, {}, "pg");
    import_words.insert(import_words.begin() + 2, from);
    const Finished imported = run_cairn(import_words);
    ASSERT_EQ(imported.exit_code, 0) << imported.output;
    EXPECT_THAT(imported.output, HasSubstr("2 objects, 1 messages"));
    const Finished again = run_cairn(import_words);
    EXPECT_EQ(again.exit_code, 1) << again.output;
    EXPECT_THAT(again.output, HasSubstr("are there already"));
    ASSERT_EQ(run_cairn(words({"export"}, {"--shape", "objects", "--out", to}, "pg")).exit_code, 0);
    EXPECT_EQ(read_file(to), read_file(from));
}

}  // namespace
}  // namespace cairn::test
