// Plugins built with the headers of a frozen minor, by both compilers, in today's host: they load, and everything that
// they use does what it did (tests/abi/README.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFolder = CAIRN_FROZEN_PLUGINS;

/// The names of the frozen plugins of one kind, for every minor and compiler.
std::vector<std::string> frozen(const std::string& kind) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(kFolder)) {
        const std::string name = entry.path().stem().string();
        if (entry.path().extension() == ".so" && name.rfind(kind + "_", 0) == 0) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string configuration(const TemporaryFolder& folder, const std::string& plugins) {
    return folder.write("abi.yaml", "cairn: 1\nname: abi\nprofile: development\ndata_dir: " +
                                        (folder.path() / "data").string() + "\nplugin_dirs: [" + kFolder + ", " +
                                        CAIRN_ZOO_DIR + "]\nserver: {shutdown: {drain: 0s}}\nplugins:\n" + plugins);
}

TEST(FrozenPlugins, AreThereForEveryMinorAndBothCompilers) {
    std::size_t minors = 0;
    for (const auto& entry : fs::directory_iterator(CAIRN_SOURCE_DIR "/tests/abi")) {
        std::string digits = entry.path().filename().string();
        if (!fs::is_directory(entry.path() / "include")) continue;
        ++minors;
        std::replace(digits.begin(), digits.end(), '.', '_');
        for (const std::string kind : {"wide", "door"}) {
            EXPECT_THAT(frozen(kind), ::testing::IsSupersetOf({kind + "_" + digits + "_gcc", kind + "_" + digits + "_clang"}));
        }
    }
    EXPECT_GE(minors, 1U);
}

TEST(FrozenPlugins, SayWithWhatTheyWereBuilt) {
    const Finished gcc = run_cairn({"plugins", "inspect", std::string(kFolder) + "/wide_0_1_gcc.so"});
    EXPECT_EQ(gcc.exit_code, 0) << gcc.output;
    EXPECT_THAT(gcc.output, AllOf(HasSubstr("abi: 0.1\n"), HasSubstr("wide_0_1_gcc_rows"), HasSubstr("wide_0_1_gcc.greeter/1")));
    const Finished clang = run_cairn({"plugins", "inspect", std::string(kFolder) + "/wide_0_1_clang.so"});
    EXPECT_EQ(clang.exit_code, 0) << clang.output;
    EXPECT_THAT(clang.output, AllOf(HasSubstr("abi: 0.1\n"), HasSubstr("Clang 14"), HasSubstr("libstdc++")));
}

class WidePlugin : public ::testing::TestWithParam<std::string> {};

TEST_P(WidePlugin, EverythingItUsesDoesWhatItDid) {
    const std::string& name = GetParam();
    const TemporaryFolder folder;
    fs::permissions(folder.write("secret", "hush"), fs::perms::owner_read);
    ServerProcess server({configuration(
        folder, "  gateway: {listen: \"127.0.0.1:1\"}\n  identity:\n  storage_sqlite:\n  world:\n  " + name +
                    ":\n    on: false\n    number: 8\n    ratio: 0.5\n    period: 2s\n    size: 64KiB\n    rate: 9/s\n"
                    "    place: [4, 5, 6]\n    secret: {file: " +
                    (folder.path() / "secret").string() +
                    "}\n    list: [u, v, w]\n    map: {two: 2}\n    maybe: 3\n    inner: {word: set}\n    any: {deep: 9}\n")});
    server.start();
    PlayerClient anna(server.port());
    PlayerClient ben(server.port());
    ASSERT_FALSE(anna.enter("main", "Anna").is_null());
    ASSERT_FALSE(ben.enter("main", "Ben").is_null());
    const std::vector<Document>& state = ben.state(name);
    ASSERT_EQ(state.size(), 1U) << server.output();
    EXPECT_EQ(state[0]["before"].integer_or(-1), 0);

    const Document reply =
        anna.ask(name + ".run", {{"word", "now"}, {"inners", Document::list({{{"word", "a"}}})}, {"at", Document::list({1, 2, 3})}});
    ASSERT_TRUE(reply["ok"].boolean_or(false)) << reply.to_json() << server.output();
    const Document& seen = reply["d"];
    const Document expected{
        {"word", "now"}, {"inners", 1}, {"at", 2.0}, {"space", "main"}, {"players", 2}, {"room_for", true},
        {"settings", "some"}, {"found", true}, {"visited", 2}, {"remote", "127.0.0.1"}, {"agent", true},
        {"admin", false}, {"joined", 1}, {"avatar", "/avatars/wide.png"},
        {"settings_read",
         {{"on", false}, {"number", 8}, {"ratio", 0.5}, {"period", 2000}, {"size", 65536}, {"rate", 9}, {"place", 6.0},
          {"secret", "hush"}, {"list", 3}, {"map", 1}, {"maybe", 3}, {"inner", "set"}, {"any", 9}}},
        {"documents",
         {{"same", true}, {"size", 7}, {"written", 4}, {"back", "round"}, {"gone", true}, {"unicode", true}, {"items", 2}}},
        {"texts",
         {{"points", 2}, {"first", true}, {"line", false}, {"words", true}, {"near", "sides"}, {"uuid", true},
          {"time", 1769860800000}, {"code", "rate_limited"}}},
        {"clock", true}, {"committed", true}, {"rows", 1},
        {"row", {{"word", "kept"}, {"number", 41}, {"ratio", 0.5}, {"on", true}, {"deep", 2}, {"maybe", "absent"}}},
        {"sum", 499500}, {"refused", "not_found"}, {"told", "told"}, {"beats", true}, {"ticked", true}, {"task", true},
        {"engine", "sqlite"}, {"tables", true}};
    for (const Document::Member& member : expected.members()) {
        EXPECT_EQ(seen[member.key].to_json(), member.value.to_json()) << member.key;
    }
    EXPECT_EQ(seen.size(), expected.size()) << seen.to_json();

    EXPECT_TRUE(anna.wait_event(name + ".alone"));
    EXPECT_TRUE(anna.wait([&](const Document& m) { return m["t"].text() == name + ".alone" && m["d"]["json"].boolean_or(false); }));
    EXPECT_TRUE(ben.wait_event(name + ".json"));
    EXPECT_TRUE(ben.wait_event(name + ".others"));
    EXPECT_TRUE(ben.wait_event(name + ".moved"));
    const Document echo = anna.ask(name + ".echo", {{"word", "back"}, {"weight", 0.125}});
    EXPECT_EQ(echo["d"]["word"].text(), "back") << echo.to_json();
    const Document refused = anna.ask(name + ".refuse", {{"word", "this"}});
    EXPECT_THAT(refused.to_json(), AllOf(HasSubstr("\"conflict\""), HasSubstr("not this"), HasSubstr("d.word"), HasSubstr("250")));
    const Document invalid = anna.ask(name + ".echo", {{"weight", 7}});
    EXPECT_THAT(invalid.to_json(), AllOf(HasSubstr("invalid_field"), HasSubstr("d.weight")));

    const HttpAnswer json = http_get(server.port(), "/" + name + "/a%20b");
    EXPECT_EQ(json.status, 200);
    EXPECT_THAT(json.body, AllOf(HasSubstr("\"what\":\"a b\""), HasSubstr("\"nobody\":false"), HasSubstr("\"players\":2"), HasSubstr("\"sessions\":2")));
    const HttpAnswer text = http_get(server.port(), "/" + name + "/text?q=a%26b");
    EXPECT_EQ(text.status, 202);
    EXPECT_EQ(text.body, "a&b");
    EXPECT_THAT(http_get(server.port(), "/" + name + "/files/" + name + "/sqlite/0001_rows.sql").body, HasSubstr("CREATE TABLE"));
    EXPECT_THAT(http_get(server.port(), "/health").body, HasSubstr("\"served\":2"));
    EXPECT_THAT(http_get(server.port(), "/metrics").body,
                AllOf(HasSubstr("cairn_" + name + "_starts_total{kind=\"wide\"} 1"), HasSubstr("cairn_" + name + "_level 3"),
                      HasSubstr("cairn_" + name + "_seconds_count 1")));
    EXPECT_THAT(http_get(server.port(), "/api/protocol").body, HasSubstr("does everything"));

    anna.tell("space.leave", Document::map());
    const auto gone = ben.wait_event(name + ".gone");
    ASSERT_TRUE(gone);
    EXPECT_EQ((*gone)["d"]["why"].text(), "left");
    EXPECT_EQ(server.stop(), 0) << server.output();
    EXPECT_THAT(server.output(), AllOf(HasSubstr("draining"), HasSubstr("stopped"), HasSubstr("loops 1"), Not(HasSubstr(" left "))));
}

TEST_P(WidePlugin, ItsSettingsAreJudgedByItsOwnDescription) {
    const TemporaryFolder folder;
    const Finished finished = run_cairn(
        {"check", configuration(folder, "  storage_sqlite:\n  " + GetParam() + ": {numbr: 1, choice: blue, ratio: 2}\n")});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("number"), HasSubstr("must be red"), HasSubstr("ratio"), HasSubstr("3 problems")));
}

INSTANTIATE_TEST_SUITE_P(Abi, WidePlugin, ::testing::ValuesIn(frozen("wide")), [](const auto& tested) { return tested.param; });

class DoorPlugin : public ::testing::TestWithParam<std::string> {};

TEST_P(DoorPlugin, ATransportAndAnIdentityStillFit) {
    const TemporaryFolder folder;
    ServerProcess server({configuration(folder, "  gateway: {listen: \"127.0.0.1:1\"}\n  zoo_spaces:\n  " + GetParam() + ":\n"),
                          "--set", "server.default_space=calm"});
    server.start();
    EXPECT_TRUE(server.wait_for_output("door opened")) << server.output();
    EXPECT_TRUE(server.wait_for_output("door closed")) << server.output();
    EXPECT_THAT(server.output(), AllOf(HasSubstr("on_loop=true"), HasSubstr("current=true"), HasSubstr("frame=3"),
                                       HasSubstr("anna=true"), HasSubstr("code=1000")));
    PlayerClient player(server.port());
    EXPECT_THAT(player.enter("calm", "Carla").to_json(), HasSubstr("00000000-0000-4000-8000-00000000000"));
    EXPECT_EQ(server.stop(), 0) << server.output();
    EXPECT_THAT(server.output(), Not(HasSubstr(" left ")));
}

INSTANTIATE_TEST_SUITE_P(Abi, DoorPlugin, ::testing::ValuesIn(frozen("door")), [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace cairn::test
