// The zoo of broken plugins, loaded by the real binary: each gets its sentence, and the rest goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A configuration with these lines below `plugins:`.
std::string configuration(const TemporaryFolder& folder, const std::string& plugins, const std::string& more = {},
                          const std::string& plugin_dir = CAIRN_ZOO_DIR) {
    return folder.write("zoo.yaml",
                        "cairn: 1\nname: zoo\nprofile: development\ndata_dir: " + (folder.path() / "data").string() +
                            "\nplugin_dirs: [" + plugin_dir + "]\n" + more + "plugins:\n" + plugins);
}

Finished check(const std::string& plugins, const std::string& more = {}) {
    const TemporaryFolder folder;
    return run_cairn({"check", configuration(folder, plugins, more)});
}

struct Refusal {
    const char* plugin;
    std::vector<const char*> says;
};

class RefusedPlugin : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedPlugin, GetsItsSentenceAtItsPlaceAndACure) {
    const Finished finished = check(std::string("  ") + GetParam().plugin + ": {}\n");
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("zoo.yaml:7:3: "), HasSubstr("1 problem; nothing was started.")));
    for (const char* part : GetParam().says) EXPECT_THAT(finished.output, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, RefusedPlugin,
    ::testing::Values(
        Refusal{"other_major", {"built for plugin ABI 1.", "this host has 0.", "another major", "Use a newer cairn"}},
        Refusal{"newer_minor", {"plugin newer_minor 1.0.0 was built for plugin ABI 0.", "does not have yet"}},
        Refusal{"debug_containers",
                {"plugin debug_containers 1.0.0 was built with -D_GLIBCXX_DEBUG, this host without",
                 "Rebuild it without."}},
        Refusal{"wrong_size", {"says it has 12 bytes", "Build the plugin again with the SDK of this host"}},
        Refusal{"no_descriptor", {"not a Cairn plugin", "CAIRN_PLUGIN"}},
        Refusal{"missing_symbol", {"plugin missing_symbol 1.0.0", "uses somewhere_else::compute(int)", "-z,defs"}},
        Refusal{"missing_library", {"needs the library libzoo_absent.so", "Install the package"}},
        Refusal{"throws_in_constructor", {"its constructor threw: no constructor today"}},
        Refusal{"throws_in_setup", {"failed in setup: no setup today", "only declares"}},
        Refusal{"needs_service",
                {"plugin needs_service needs the service zoo.weather/1, which no plugin of this file provides"}},
        Refusal{"dicee", {"there is no plugin 'dicee'", "Did you mean 'dice'?", CAIRN_ZOO_DIR}}),
    [](const auto& tested) { return tested.param.plugin; });

TEST(Zoo, TwoOffersOfOneService) {
    const std::string plugins = "  offers_a: {}\n  offers_b: {}\n  needs_service: {}\n";
    const Finished finished = check(plugins);
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("zoo.weather/1 is provided twice: by offers_a and by offers_b"),
                                       HasSubstr("services: {zoo.weather: offers_a}")));
    EXPECT_EQ(check(plugins, "services: {zoo.weather: offers_b}\n").exit_code, 0);
}

TEST(Zoo, ACircleOfServices) {
    const Finished finished = check("  circle_a: {}\n  circle_b: {}\n");
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output,
                AllOf(HasSubstr("circle_a needs zoo.tide/1 of circle_b needs zoo.weather/1 of circle_a"),
                      Not(HasSubstr("no plugin of this file provides"))));
}

TEST(Zoo, AnUnknownSettingNamesTheRightOne) {
    const Finished finished = check("  dice: {side: 12}\n");
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("zoo.yaml:7:10: plugins.dice"), HasSubstr("sides")));
    EXPECT_EQ(check("  dice: {sides: 1}\n").exit_code, 1);
    EXPECT_EQ(check("  dice: {sides: 12}\n").exit_code, 0);
}

TEST(Zoo, ATruncatedFileAndOneThatEverybodyMayWrite) {
    std::ifstream in(CAIRN_ZOO_DIR "/dice.so", std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    ASSERT_GT(bytes.size(), 1000u);
    const TemporaryFolder folder;
    const std::string file = folder.write("dice.so", bytes.substr(0, bytes.size() / 2));
    const std::string config = configuration(folder, "  dice: {}\n", {}, folder.path().string());
    EXPECT_THAT(run_cairn({"check", config}).output, AllOf(HasSubstr("dice.so is damaged"), HasSubstr("1 problem")));
    folder.write("dice.so", bytes);
    ::chmod(file.c_str(), 0646);
    EXPECT_THAT(run_cairn({"check", config}).output, AllOf(HasSubstr("written by everybody"), HasSubstr("chmod o-w")));
    ::chmod(file.c_str(), 0644);
    EXPECT_EQ(run_cairn({"check", config}).exit_code, 0);
}

TEST(Zoo, APluginThatCannotStartEndsTheStartAndTheOthersAreStopped) {
    for (const auto& [plugin, says] : {std::pair{"throws_in_start", "failed in start: no start today"},
                                       std::pair{"throws_in_ready", "failed in ready: no port today"}}) {
        const TemporaryFolder folder;
        const Finished finished =
            run_cairn({"run", configuration(folder, "  zoo_spaces: {}\n  leaves_descriptor: {}\n  " +
                                                        std::string(plugin) + ": {}\n")});
        EXPECT_EQ(finished.exit_code, 1) << finished.output;
        EXPECT_THAT(finished.output, AllOf(HasSubstr(plugin), HasSubstr(says), HasSubstr("cairn run: ")));
        // What had started was stopped, or its descriptor would not have been missed.
        EXPECT_THAT(finished.output, HasSubstr("plugin leaves_descriptor left descriptor"));
        EXPECT_THAT(finished.output, Not(HasSubstr("is up")));
    }
}

TEST(Zoo, WhatIsLeftBehindAtStopIsNamedAndTheExitIsClean) {
    const TemporaryFolder folder;
    ServerProcess server({configuration(
        folder,
        "  leaves_thread: {}\n  leaves_descriptor: {}\n  throws_in_stop: {}\n  gateway: {listen: \"127.0.0.1:1\"}\n")});
    server.start();
    EXPECT_EQ(server.stop(), 0) << server.output();
    EXPECT_THAT(server.output(), AllOf(HasSubstr("plugin leaves_thread left thread "), HasSubstr("'zoo-forgotten'"),
                                       HasSubstr("plugin leaves_descriptor left descriptor "),
                                       HasSubstr("zoo_forgotten"), HasSubstr("no stop today")));
    EXPECT_THAT(server.output(), Not(HasSubstr("plugin gateway left")));
}

class ZooServer : public ::testing::Test {
protected:
    void start(const std::string& plugins) {
        server = std::make_unique<ServerProcess>(std::vector<std::string>{
            configuration(folder, "  zoo_spaces: {}\n  identity: {}\n  gateway: {listen: \"127.0.0.1:1\"}\n" + plugins,
                          "server: {default_space: calm, shutdown: {drain: 0s}}\n")});
        server->start();
    }
    TemporaryFolder folder;
    std::unique_ptr<ServerProcess> server;
};

TEST_F(ZooServer, TheDicePluginOfTheArchitectureRolls) {
    start("  dice: {sides: 3}\n");
    PlayerClient one(server->port());
    PlayerClient two(server->port());
    const Document welcome = one.enter("calm", "One");
    ASSERT_FALSE(welcome.is_null());
    ASSERT_FALSE(two.enter("calm", "Two").is_null());
    const Document reply = one.ask("dice.roll", {{"count", 4}});
    EXPECT_TRUE(reply["ok"].boolean_or(false)) << reply.to_json();
    for (PlayerClient* client : {&one, &two}) {
        const auto rolled = client->wait_event("dice.rolled");
        ASSERT_TRUE(rolled.has_value());
        const std::int64_t value = (*rolled)["d"]["value"].integer_or(0);
        EXPECT_GE(value, 4);
        EXPECT_LE(value, 12);
        EXPECT_FALSE((*rolled)["d"]["by"].text().empty());
    }
    // The description refuses what is out of range, and names it.
    const Document refused = one.ask("dice.roll", {{"count", 21}});
    EXPECT_EQ(refused["err"]["code"].text(), "invalid_field") << refused.to_json();
    EXPECT_THAT(std::string(refused["err"]["field"].text()), HasSubstr("count"));
    EXPECT_EQ(server->stop(), 0) << server->output();
}

TEST_F(ZooServer, AHandlerThatThrowsAnswersThatPlayerAndNobodyElseNotices) {
    start("  throws_in_spaces: {}\n");
    PlayerClient victim(server->port());
    PlayerClient other(server->port());
    ASSERT_FALSE(victim.enter("calm", "Victim").is_null());
    ASSERT_FALSE(other.enter("calm", "Other").is_null());
    for (const bool odd : {false, true}) {
        const Document reply = victim.ask("zoo.throw", {{"odd", odd}});
        EXPECT_EQ(reply["err"]["code"].text(), "internal") << reply.to_json();
        EXPECT_THAT(reply.to_json(), Not(HasSubstr("no handler today")))
            << "what went wrong inside is not the player's";
    }
    const Document refused = victim.ask("zoo.refuse", {{"odd", true}});
    EXPECT_EQ(refused["err"]["code"].text(), "conflict") << refused.to_json();
    EXPECT_THAT(refused.to_json(), AllOf(HasSubstr("not like this"), HasSubstr("d.odd")));
    EXPECT_TRUE(other.ask("zoo.echo", {{"odd", false}})["ok"].boolean_or(false));
    EXPECT_TRUE(victim.ask("zoo.echo", {{"odd", false}})["ok"].boolean_or(false));
    EXPECT_TRUE(server->wait_for_output("no handler today"));
    EXPECT_EQ(http_get(server->port(), "/livez").status, 200);
}

TEST_F(ZooServer, ABehaviourThatCannotBeMadeIsOffAndTheSpaceLives) {
    start("  throws_in_behaviour: {}\n  throws_in_spaces: {}\n");
    EXPECT_TRUE(server->wait_for_output("a behaviour could not be made"));
    EXPECT_THAT(server->output(),
                AllOf(HasSubstr("no behaviour today"), HasSubstr("behaviour=broken"), HasSubstr("space=calm")));
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("calm", "Calm").is_null());
    EXPECT_TRUE(player.ask("zoo.echo", {{"odd", false}})["ok"].boolean_or(false));
}

TEST_F(ZooServer, ATickThatThrowsIsSwitchedOffInThatSpaceAndTheOthersGoOn) {
    start("  throws_in_spaces: {}\n");
    PlayerClient ticking(server->port());
    PlayerClient calm(server->port());
    ASSERT_FALSE(ticking.enter("ticking", "Ticking").is_null());
    ASSERT_FALSE(calm.enter("calm", "Calm").is_null());
    // Three faults in ten seconds and the behaviour is off there; the space itself and its other behaviours live.
    EXPECT_TRUE(server->wait_for_output("no tick today"));
    EXPECT_TRUE(server->wait_for_output("switched off")) << server->output();
    EXPECT_TRUE(ticking.ask("zoo.echo", {{"odd", false}})["ok"].boolean_or(false));
    EXPECT_EQ(ticking.ask("zoo.refuse", {{"odd", false}})["err"]["code"].text(), "unavailable");
    EXPECT_TRUE(calm.ask("zoo.echo", {{"odd", false}})["ok"].boolean_or(false));
    // In the calm space the same behaviour still works.
    EXPECT_THAT(calm.ask("zoo.refuse", {{"odd", false}}).to_json(), HasSubstr("not like this"));
    EXPECT_EQ(server->stop(), 0);
}

/// The value of one line of /metrics; -1 when there is none.
double metric(const ServerProcess& server, const std::string& series) {
    const std::string text = http_get(server.port(), "/metrics").body;
    const std::size_t at = text.find("\n" + series + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
}

TEST_F(ZooServer, AHandlerThatHoldsTheLoopIsNamedInTheLogAndInTheFigures) {
    start("  costs: {}\n");
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("calm", "Calm").is_null());
    ASSERT_TRUE(player.ask("costs.time", {{"value", 400}})["ok"].boolean_or(false));
    EXPECT_TRUE(server->wait_for_output("a handler holds its loop up"));
    EXPECT_THAT(server->output(), AllOf(HasSubstr("plugin=costs"), HasSubstr("handler=costs.time")));
    EXPECT_GE(metric(*server, "cairn_plugin_cpu_seconds_total{plugin=\"costs\"}"), 0.3);
    EXPECT_GE(metric(*server, "cairn_plugin_handler_p99_seconds{plugin=\"costs\"}"), 0.3);
    // What it posted counts, too.
    EXPECT_GE(metric(*server, "cairn_plugin_handler_seconds_count{plugin=\"costs\",handler=\"costs.time\"}"), 1);
    EXPECT_GE(metric(*server, "cairn_core_loop_stalls_total{plugin=\"costs\"}"), 1);
    EXPECT_LT(metric(*server, "cairn_plugin_cpu_seconds_total{plugin=\"identity\"}"), 0.3) << "it is not to blame";
}

TEST_F(ZooServer, MemoryThatAPluginKeepsIsBookedToItAndWhatComesAndGoesIsNot) {
    start("  costs: {}\n");
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("calm", "Calm").is_null());
    const std::string bytes = "cairn_plugin_live_bytes{plugin=\"costs\"}";
    const std::string pieces = "cairn_plugin_live_allocations{plugin=\"costs\"}";
    ASSERT_TRUE(player.ask("costs.nothing", {{"value", 40}})["ok"].boolean_or(false));
    const double before = metric(*server, bytes);
    if (before < 0) {  // sanitizers bring their own operator new
        ADD_FAILURE() << "this build does not count memory";
        return;
    }
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(player.ask("costs.nothing", {{"value", 40}})["ok"].boolean_or(false));
        ASSERT_TRUE(player.wait_event("costs.said").has_value());
    }
    EXPECT_LT(metric(*server, bytes) - before, 500'000) << "2 MB came and went";
    const double pieces_before = metric(*server, pieces);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(player.ask("costs.memory", {{"value", 1000}})["ok"].boolean_or(false));
    EXPECT_GE(metric(*server, bytes) - before, 4'000'000);
    EXPECT_GE(metric(*server, pieces) - pieces_before, 4000);
}

TEST_F(ZooServer, TopShowsWhoCostsWhat) {
    start("  costs: {}\n");
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("calm", "Calm").is_null());
    const std::string file = (folder.path() / "zoo.yaml").string();
    Finished top;
    std::thread asking([&] { top = run_cairn({"plugins", "top", file, "--every", "1500ms", "--times", "1"}); });
    // Long enough to be the worst of what happens in that time.
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(player.ask("costs.time", {{"value", 100}})["ok"].boolean_or(false));
    asking.join();
    EXPECT_EQ(top.exit_code, 0) << top.output;
    EXPECT_THAT(top.output, AllOf(HasSubstr("PLUGIN"), HasSubstr("LIVE MiB"), HasSubstr("\ncosts ")));
    const Finished handlers = run_cairn({"plugins", "top", file, "--every", "100ms", "--times", "1", "--plugin", "costs", "--json"});
    EXPECT_EQ(handlers.exit_code, 0) << handlers.output;
    EXPECT_THAT(handlers.output, HasSubstr("costs.time"));
    const Finished nobody = run_cairn({"plugins", "top", file, "--every", "100ms", "--times", "1", "--plugin", "cost"});
    EXPECT_EQ(nobody.exit_code, 1);
    EXPECT_THAT(nobody.output, AllOf(HasSubstr("no plugin cost has been called"), HasSubstr("costs")));
    EXPECT_EQ(server->stop(), 0);
    const Finished down = run_cairn({"plugins", "top", file, "--times", "1"});
    EXPECT_EQ(down.exit_code, 1);
    EXPECT_THAT(down.output, HasSubstr("no server runs on"));
}

TEST_F(ZooServer, AMessageNameThatIsTakenIsSaidWithBothPluginsAndTheFirstKeepsIt) {
    start("  throws_in_spaces: {}\n  takes_name: {}\n");
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("calm", "Calm").is_null());
    EXPECT_TRUE(server->wait_for_output("is already handled by plugin")) << server->output();
    EXPECT_THAT(server->output(), AllOf(HasSubstr("throws_in_spaces"), HasSubstr("takes_name"), HasSubstr("taker")));
    EXPECT_TRUE(player.ask("zoo.echo", {{"odd", false}})["alive"].is_null());
    EXPECT_TRUE(player.ask("zoo.echo", {{"odd", false}})["d"]["alive"].boolean_or(false));
    EXPECT_GE(metric(*server, "cairn_core_plugin_faults_total{plugin=\"takes_name\",space_id=\"calm\"}"), 1);
}

}  // namespace
}  // namespace cairn::test
