// `cairn check` and the other verbs that start nothing, by the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <cairn/document.hpp>

#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const char* kEightMistakes =
    "cairn: 1\n"
    "name: eight\n"
    "data_dir: DATA\n"
    "serer: {max_online: 10}\n"  // 4: unknown, near server
    "log: {level: loud}\n"       // 5: not a choice
    "server:\n"
    "  max_online: many\n"       // 7: wrong type
    "  max_connections: 0\n"     // 8: out of range
    "  heartbeat: 25 parsecs\n"  // 9: no duration
    "plugins:\n"
    "  gateway: {listen: \"127.0.0.1:1\"}\n"
    "  chat: {max_lenght: 300}\n"              // 12: unknown, near max_length
    "  identiti: {}\n"                         // 13: no such plugin
    "  world: {on_demand: 5, on_demand: 1}\n"  // 14: written twice
    ;

TEST(Check, EightMistakesAreEightProblemsWithPlacesAndCuresAndNothingIsStarted) {
    const TemporaryFolder folder;
    std::string text = kEightMistakes;
    const std::string data = (folder.path() / "data").string();
    text.replace(text.find("DATA"), 4, data);
    const std::string file = folder.write("eight.yaml", text);
    const Finished finished = run_cairn({"check", file});
    EXPECT_EQ(finished.exit_code, 1) << finished.output;
    EXPECT_THAT(finished.output, HasSubstr("8 problems; nothing was started."));
    struct Place {
        const char* at;
        const char* cure;
    };
    const Place places[] = {
        {":4:1: ", "server"},    {":5:14: ", "trace"},       {":7:15: ", "number"},   {":8:20: ", "1"},
        {":9:14: ", "duration"}, {":12:10: ", "max_length"}, {":13:3: ", "identity"}, {":14:25: ", "on_demand"},
    };
    std::size_t before = 0;
    for (const Place& place : places) {
        const std::size_t at = finished.output.find(file + place.at);
        ASSERT_NE(at, std::string::npos) << place.at << "\n" << finished.output;
        EXPECT_GE(at, before) << "problems stand in the order of the file";
        before = at;
        const std::string rest = finished.output.substr(at, finished.output.find(file, at + 1) - at);
        EXPECT_THAT(rest, HasSubstr("^")) << place.at;
        EXPECT_THAT(rest, HasSubstr(place.cure)) << place.at;
    }
    EXPECT_FALSE(std::filesystem::exists(data)) << "check makes no files";
    EXPECT_THAT(finished.output, Not(HasSubstr("\033["))) << "no colours where nobody looks";

    // `run` says the same and does not start either.
    const Finished ran = run_cairn({"run", file});
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.output, finished.output);
    EXPECT_FALSE(std::filesystem::exists(data));
}

TEST(Check, JsonForPrograms) {
    const TemporaryFolder folder;
    const Finished finished = run_cairn({"check", folder.write("bad.yaml", "cairn: 2\nplugins: {}\n"), "--json"});
    EXPECT_EQ(finished.exit_code, 1);
    const Document answer = Document::parse_json(finished.output);
    EXPECT_FALSE(answer["ok"].boolean_or(true));
    ASSERT_EQ(answer["problems"].size(), 1u) << finished.output;
    EXPECT_EQ(answer["problems"].items()[0]["line"].integer_or(0), 1) << finished.output;
}

TEST(Check, AMissingFileIsOneProblem) {
    const Finished finished = run_cairn({"check", "/nowhere/at/all.yaml"});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output,
                AllOf(HasSubstr("/nowhere/at/all.yaml"), HasSubstr("1 problem; nothing was started.")));
}

TEST(Check, TheShippedConfigurationsAreGood) {
    for (const auto& entry : std::filesystem::directory_iterator(CAIRN_SOURCE_DIR "/config")) {
        if (entry.path().extension() != ".yaml" || entry.path().filename() == "postgres.yaml") continue;
        const Finished finished = run_cairn({"check", entry.path().string()});
        EXPECT_EQ(finished.exit_code, 0) << entry.path() << "\n" << finished.output;
        EXPECT_THAT(finished.output, HasSubstr("storage_sqlite"));
    }
}

TEST(Check, OverlaysAndOverridesCount) {
    const TemporaryFolder folder;
    const std::string base = folder.write("base.yaml", "cairn: 1\nname: base\nplugins: {identity: {}}\n");
    const std::string over = folder.write("over.yaml", "name: over\nserver: {max_online: 7}\n");
    const Finished shown =
        run_cairn({"config", "show", base, "-c", over, "--set", "server.max_connections=9", "--json"});
    ASSERT_EQ(shown.exit_code, 0) << shown.output;
    const Document answer = Document::parse_json(shown.output);
    EXPECT_EQ(answer["name"].text(), "over");
    EXPECT_EQ(answer["server"]["max_online"].integer_or(0), 7);
    EXPECT_EQ(answer["server"]["max_connections"].integer_or(0), 9);
    const Finished wrong = run_cairn({"check", base, "--set", "server.max_online=-1"});
    EXPECT_EQ(wrong.exit_code, 1);
    EXPECT_THAT(wrong.output, HasSubstr("--set server.max_online=-1"));
}

TEST(Check, SaysWhatACrashCanLoseAndIsAGate) {
    const std::string file = CAIRN_SOURCE_DIR "/config/metaverse.yaml";
    const Finished kept = run_cairn({"check", file, "--require", "objects=0", "--require", "chat.messages=0"});
    EXPECT_EQ(kept.exit_code, 0) << kept.output;
    EXPECT_THAT(kept.output, AllOf(ContainsRegex("world.objects +nothing"),
                                   ContainsRegex("world.positions +at most the last 100ms"),
                                   ContainsRegex("world.presence +all, by design")));
    const Finished broken =
        run_cairn({"check", file, "--set", "durability.coalesce=5s", "--require", "positions=1s"});
    EXPECT_EQ(broken.exit_code, 1);
    EXPECT_THAT(broken.output, HasSubstr("can lose at most the last 5s"));
    const Finished chosen = run_cairn(
        {"check", file, "--set", "durability.classes={world.positions: durable}", "--require", "positions=0", "--json"});
    EXPECT_EQ(chosen.exit_code, 0) << chosen.output;
    EXPECT_TRUE(Document::parse_json(chosen.output)["ok"].boolean_or(false));
    const Finished unknown = run_cairn({"check", file, "--set", "durability.classes={world.postions: durable}"});
    EXPECT_EQ(unknown.exit_code, 1);
    EXPECT_THAT(unknown.output, HasSubstr("Did you mean world.positions?"));
    const Finished no_class = run_cairn({"check", file, "--set", "durability.classes={world.positions: hard}"});
    EXPECT_THAT(no_class.output, HasSubstr("durable, coalesced or transient"));
    EXPECT_EQ(run_cairn({"check", file, "--require", "objects"}).exit_code, 2);
}

TEST(Check, AnOverlayTakesAPluginOut) {
    const TemporaryFolder folder;
    const std::string over = folder.write("over.yaml", "plugins: {chat: false}\n");
    const Finished finished = run_cairn({"check", CAIRN_SOURCE_DIR "/config/metaverse.yaml", "-c", over});
    EXPECT_EQ(finished.exit_code, 0) << finished.output;
    EXPECT_THAT(finished.output, AllOf(HasSubstr("  world 0"), Not(HasSubstr("  chat 0"))));
}

TEST(CommandLine, HelpTeaches) {
    const Finished overview = run_cairn({"help"});
    EXPECT_EQ(overview.exit_code, 0);
    EXPECT_THAT(overview.output, AllOf(HasSubstr("cairn run"), HasSubstr("cairn check"), HasSubstr("plugins inspect")));
    EXPECT_EQ(run_cairn({}).exit_code, 2);
    EXPECT_EQ(run_cairn({"--help"}).output, overview.output);
    const Finished help = run_cairn({"run", "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.output, HasSubstr("Examples:"));
}

TEST(CommandLine, WrongUsageIsTwoAndSuggests) {
    const Finished verb = run_cairn({"chek", "x.yaml"});
    EXPECT_EQ(verb.exit_code, 2);
    EXPECT_THAT(verb.output, HasSubstr("did you mean 'cairn check'?"));
    const Finished second = run_cairn({"plugins", "lst"});
    EXPECT_EQ(second.exit_code, 2);
    EXPECT_THAT(second.output, HasSubstr("did you mean 'plugins list'?"));
    const Finished option = run_cairn({"check", "x.yaml", "--jsn"});
    EXPECT_EQ(option.exit_code, 2);
    EXPECT_THAT(option.output, AllOf(HasSubstr("unknown option --jsn"), HasSubstr("--json")));
    EXPECT_EQ(run_cairn({"run"}).exit_code, 2);
    EXPECT_EQ(run_cairn({"check", "x.yaml", "--set", "novalue"}).exit_code, 2);
}

TEST(CommandLine, PluginsAreListedAndInspected) {
    const Finished list = run_cairn({"plugins", "list"});
    EXPECT_EQ(list.exit_code, 0) << list.output;
    EXPECT_THAT(list.output, AllOf(ContainsRegex("gateway +[0-9.]+"), ContainsRegex("world +[0-9.]+")));
    const Finished zoo = run_cairn({"plugins", "list", "--dir", CAIRN_ZOO_DIR});
    EXPECT_EQ(zoo.exit_code, 1);
    EXPECT_THAT(zoo.output, AllOf(ContainsRegex("other_major +refused"), ContainsRegex("dice +1.0.0")));

    const Finished dice = run_cairn({"plugins", "inspect", std::string(CAIRN_ZOO_DIR) + "/dice.so", "--json"});
    ASSERT_EQ(dice.exit_code, 0) << dice.output;
    const Document answer = Document::parse_json(dice.output);
    EXPECT_EQ(answer["name"].text(), "dice");
    EXPECT_EQ(answer["behaviours"].items()[0].text(), "dice");
    EXPECT_THAT(std::string(answer["settings"].items()[0].text()), HasSubstr("faces of the die"));
    const Finished missing = run_cairn({"plugins", "inspect", "gatway"});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_THAT(missing.output, HasSubstr("Did you mean 'gateway'?"));
    EXPECT_EQ(run_cairn({"plugins", "inspect", std::string(CAIRN_ZOO_DIR) + "/missing_symbol.so"}).exit_code, 1);
}

TEST(CommandLine, SettingsAreExplained) {
    const Finished one = run_cairn({"config", "explain", "server.max_online"});
    EXPECT_EQ(one.exit_code, 0);
    EXPECT_THAT(one.output, AllOf(HasSubstr("players at once"), HasSubstr("10000")));
    const Finished block = run_cairn({"config", "explain", "plugins.gateway"});
    EXPECT_EQ(block.exit_code, 0);
    EXPECT_THAT(block.output, HasSubstr("plugins.gateway.listen"));
    const Finished near = run_cairn({"config", "explain", "plugins.gateway.lisen"});
    EXPECT_EQ(near.exit_code, 2);
    EXPECT_THAT(near.output, HasSubstr("Did you mean 'listen'?"));
    const TemporaryFolder folder;
    const std::string file = folder.write("a.yaml", "cairn: 1\nserver:\n  max_online: 77\nplugins: {}\n");
    const Finished from = run_cairn({"config", "explain", "server.max_online", file});
    EXPECT_EQ(from.exit_code, 0);
    EXPECT_THAT(from.output, AllOf(HasSubstr("77"), HasSubstr(file + ":3")));
}

TEST(CommandLine, TheReferenceIsWrittenAndChecked) {
    const TemporaryFolder folder;
    const std::string pages = (folder.path() / "pages").string();
    EXPECT_EQ(run_cairn({"config", "reference", "--out", pages}).exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(pages + "/host.md"));
    EXPECT_TRUE(std::filesystem::exists(pages + "/gateway.md"));
    EXPECT_EQ(run_cairn({"config", "reference", "--check", pages}).exit_code, 0);
    folder.write("pages/host.md", "old");
    folder.write("pages/gone.md", "old");
    const Finished old = run_cairn({"config", "reference", "--check", pages});
    EXPECT_EQ(old.exit_code, 1);
    EXPECT_THAT(old.output,
                AllOf(HasSubstr("host.md differs"), HasSubstr("gone.md belongs to no plugin"), HasSubstr("--out")));
}

TEST(CommandLine, VersionSaysWhatItIs) {
    EXPECT_THAT(run_cairn({"version"}).output, AllOf(HasSubstr("cairn 0."), HasSubstr("plugin ABI")));
    const Document answer = Document::parse_json(run_cairn({"version", "--json"}).output);
    EXPECT_FALSE(answer["version"].text().empty());
    const auto& libraries = answer["libraries"].items();
    EXPECT_TRUE(std::any_of(libraries.begin(), libraries.end(),
                            [](const Document& library) { return library.text().find("libcairn_sdk.so") == 0; }));
}

TEST(CommandLine, SecretsAreNeverShown) {
    const TemporaryFolder folder;
    const std::string key = folder.write("key", "correct-horse-battery-staple");
    const std::string file = folder.write("a.yaml", "cairn: 1\nplugins: {gateway: {listen: \"127.0.0.1:1\"}}\n");
    // Whatever a file: secret is given to, its text must not come out; an unknown key is the worst case.
    for (const std::string& setting : {"plugins.gateway.password={file: " + key + "}", "name={file: " + key + "}"}) {
        const Finished finished = run_cairn({"config", "show", file, "--set", setting});
        EXPECT_EQ(finished.exit_code, 1);
        EXPECT_THAT(finished.output, Not(HasSubstr("correct-horse")));
    }
}

}  // namespace
}  // namespace cairn::test
