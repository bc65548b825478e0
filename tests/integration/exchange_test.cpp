// cairn export and import by the real binary: both shapes, one commit or nothing, the same file after a round trip.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// As an older server wrote it, with an Euler of three.js, ids of connections and times as text.
const char* kOldState = R"({
"objects": [["obj_1700000000000_x", {"objectId": "obj_1700000000000_x", "name": "Chair", "type": "model",
  "position": {"x": 1, "y": 2.5, "z": -3}, "rotation": {"isEuler": true, "_x": 0.5, "_y": 0, "_z": 0, "_order": "XYZ"},
  "scale": [1, 1, 1], "addedBy": "Fh3_sock", "isUploadedModel": true, "modelId": "model_1"}],
 ["lamp", {"name": "Lamp", "type": "light", "position": [0, 4, 0]}]],
"models": [["model_1", {"name": "Chair", "publicUrl": "https://models.example/chair.glb"}]],
"messages": [{"id": 1700000000001, "userId": "sock", "username": "Ada", "message": "hi",
  "timestamp": "2026-01-31T12:00:00.000Z"}],
"timestamp": "2026-02-01T00:00:00.000Z"})";

std::string read_file(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A database of its own.
class Base {
public:
    std::string config() const {
        return folder_.write("c.yaml",
                             "cairn: 1\nplugins: {gateway: {}, identity: {}, storage_sqlite: {}, world: {}, "
                             "chat: {}}\ndata_dir: " +
                                 (folder_.path() / "data").string() + "\n");
    }
    std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
    Finished import(const std::string& text, std::vector<std::string> more = {}) const {
        std::vector<std::string> words{"import", config(), folder_.write("world.json", text)};
        words.insert(words.end(), more.begin(), more.end());
        return run_cairn(words);
    }
    /// What `cairn export` writes.
    std::string exported(const std::string& shape = "objects", const std::string& space = "main") const {
        const Finished done =
            run_cairn({"export", config(), "--shape", shape, "--space", space, "--out", file("out.json")});
        EXPECT_EQ(done.exit_code, 0) << done.output;
        return read_file(file("out.json"));
    }

private:
    TemporaryFolder folder_;
};

TEST(Exchange, AnOldServersStateComesInAndPlayersSeeIt) {
    const Base base;
    const Finished dry = base.import(kOldState, {"--dry-run"});
    EXPECT_EQ(dry.exit_code, 0) << dry.output;
    EXPECT_THAT(dry.output, HasSubstr("Would import 1 models, 2 objects, 1 messages"));
    const Finished done = base.import(kOldState);
    ASSERT_EQ(done.exit_code, 0) << done.output;

    ServerProcess server({base.config()});
    server.start();
    auto ada = std::make_unique<PlayerClient>(server.port());
    ada->enter("main", "Ada");
    ASSERT_EQ(ada->state("objects").size(), 2u);
    const auto& objects = ada->state("objects");
    const Document& chair = objects[0]["id"].text() == "lamp" ? objects[1] : objects[0];
    EXPECT_EQ(chair["p"], Document::list({1, 2.5, -3}));
    EXPECT_EQ(chair["r"], Document::list({0.5, 0, 0}));
    EXPECT_EQ(chair["model_url"].text(), "https://models.example/chair.glb");
    EXPECT_EQ(chair["properties"]["addedBy"].text(), "Fh3_sock");
    ASSERT_EQ(ada->state("chat").size(), 1u);
    EXPECT_EQ(ada->state("chat")[0]["at"].integer_or(0), 1769860800000);
    // A second process is kept away from the data of a server that runs.
    const Finished refused = run_cairn({"export", base.config(), "--out", base.file("no.json")});
    EXPECT_EQ(refused.exit_code, 1);
    ada.reset();  // nobody is waited for
    EXPECT_EQ(server.stop(), 0);
}

TEST(Exchange, ARoundTripThroughAnEmptyDatabaseGivesTheSameFile) {
    const Base first;
    ASSERT_EQ(first.import(kOldState).exit_code, 0);
    const std::string maps = first.exported("objects");
    EXPECT_THAT(maps, AllOf(HasSubstr("\"chatHistory\""), HasSubstr("\"objects\": {")));
    const std::string pairs = first.exported("entries");
    EXPECT_THAT(pairs, AllOf(HasSubstr("\"messages\""), HasSubstr("\"timestamp\""), HasSubstr("\"objects\": [")));
    const Base by_maps;
    ASSERT_EQ(by_maps.import(maps).exit_code, 0);
    EXPECT_EQ(by_maps.exported("objects"), maps);
    const Base by_pairs;
    ASSERT_EQ(by_pairs.import(pairs).exit_code, 0);
    EXPECT_EQ(by_pairs.exported("objects"), maps);
}

TEST(Exchange, WhatIsThereAlreadyIsNotReplacedUnasked) {
    const Base base;
    ASSERT_EQ(base.import(kOldState).exit_code, 0);
    const std::string before = base.exported();
    const Finished again = base.import(kOldState);
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_THAT(again.output, AllOf(HasSubstr("are there already"), HasSubstr("lamp"), HasSubstr("--replace")));
    const Finished replaced =
        base.import(R"({"objects": {"lamp": {"type": "light", "position": [9, 9, 9]}}})", {"--replace"});
    EXPECT_EQ(replaced.exit_code, 0) << replaced.output;
    const std::string after = base.exported();
    EXPECT_NE(before, after);
    EXPECT_THAT(after, AllOf(HasSubstr("\"x\":9"), HasSubstr("Chair")));
    // Another space of the same database takes the objects; the messages are where they are.
    const Finished other = base.import(kOldState, {"--space", "garden"});
    EXPECT_EQ(other.exit_code, 0) << other.output;
    EXPECT_THAT(base.exported("objects", "garden"), HasSubstr("Chair"));
    EXPECT_EQ(base.exported(), after);
}

TEST(Exchange, OneWrongEntryAndNothingComesIn) {
    const Base base;
    struct Case {
        const char* text;
        const char* message;
    };
    const Case cases[] = {
        {R"({"objects": [["a", {"position": [0,0,0]}], ["b", {"position": {"x": "far", "y": 0, "z": 0}}]]})",
         "world.json: objects[1].position.x: must be a number"},
        {R"({"objects": {"b": {}}})", "world.json: objects[\"b\"].position: is missing"},
        {R"({"objects": {"b": {"position": [0,0,1e300]}}})", "position.z: is out of range"},
        {R"({"objects": {"b": {"position": [0,0,0], "type": "dragon"}}})", "type: must be model, primitive"},
        {R"({"objects": {"b": {"position": [0,0,0], "modelUrl": "javascript:x"}}})", "modelUrl: must"},
        {R"({"messages": [{"message": "hi"}]})", "messages[0].timestamp: is missing"},
        {R"({"messages": [{"message": "hi", "timestamp": "yesterday"}]})", "messages[0].timestamp: must be a time"},
        {R"({"messages": [{"message": "hi", "timestamp": 1, "colour": "red"}]})", "messages[0].colour: is no member"},
        {R"({"objects": {}, "sharedScreen": {}})", "no plugin of this configuration reads \"sharedScreen\""},
        {R"({"objects": {)", "is not closed"},
    };
    for (const Case& one : cases) {
        const Finished finished = base.import(one.text);
        EXPECT_EQ(finished.exit_code, 1) << one.text;
        EXPECT_THAT(finished.output, HasSubstr(one.message)) << one.text;
    }
    const Finished none = run_cairn({"export", base.config(), "--out", base.file("out.json")});
    EXPECT_EQ(none.exit_code, 1);
    EXPECT_THAT(none.output, HasSubstr("there is no space \"main\""));
    EXPECT_EQ(run_cairn({"import", base.config()}).exit_code, 2);
    EXPECT_EQ(run_cairn({"export", base.config(), "--shape", "round"}).exit_code, 2);
}

TEST(Exchange, ADamagedDatabaseIsLeftToTheServerWhichMendsIt) {
    const Base base;
    ASSERT_EQ(base.import(kOldState).exit_code, 0);
    const std::string before = base.exported();
    {
        std::fstream database(base.file("data/cairn.db"), std::ios::in | std::ios::out | std::ios::binary);
        database.write("this is no database any more", 28);
    }
    const Finished refused = base.import(R"({"objects": {"a": {"position": [0,0,0]}}})");
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.output, AllOf(HasSubstr("is damaged"), HasSubstr("Start the server")));
    ServerProcess server({base.config()});
    server.start();
    EXPECT_EQ(server.stop(), 0);
    // The server writes what the file says about the space into its row; all the rest is as it was.
    const std::string after = base.exported();
    const auto things = [](const std::string& file) { return file.substr(file.find("\"models\"")); };
    EXPECT_EQ(things(after), things(before)) << "what was imported is in the journal, too";
}

// ---- operations over a restart of the whole server -----------------------------------------------------------------

TEST(Operations, AreDoneOnceAlsoAcrossAKill) {
    const Base base;
    ServerProcess server({base.config()});
    server.start();
    const Document say{{"message", "once"}, {"op", "say-1"}};
    const Document place{{"name", "Lamp"}, {"type", "light"}, {"p", Document::list({1, 2, 3})}, {"op", "place-1"}};
    std::string token, message, object;
    {
        PlayerClient ada(server.port());
        token = ada.enter("main", "Ada")["resume"].text();
        message = ada.ask("chat.send", say)["d"]["id"].text();
        object = ada.ask("object.create", place)["d"]["id"].text();
        EXPECT_FALSE(message.empty());
        EXPECT_FALSE(object.empty());
        EXPECT_EQ(ada.ask("chat.send", say)["d"]["id"].text(), message);
        server.kill_hard();
    }
    server.start();
    auto ada = std::make_unique<PlayerClient>(server.port());
    ada->enter("main", "Ada", token);
    EXPECT_EQ(ada->ask("chat.send", say)["d"]["id"].text(), message);
    EXPECT_EQ(ada->ask("object.create", place)["d"]["id"].text(), object);
    EXPECT_EQ(ada->ask("chat.history", {{"limit", 100}})["d"]["messages"].size(), 1u);
    EXPECT_EQ(ada->ask("object.list", {{"limit", 100}})["d"]["objects"].size(), 1u);
    EXPECT_FALSE(ada->wait_event("object.created", std::chrono::milliseconds(200)));
    ada.reset();  // nobody is waited for
    EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace cairn::test
