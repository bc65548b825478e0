#include "core/app/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "core/app/host_config.hpp"
#include "core/app/preparation.hpp"
#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::HasSubstr;

struct Ran {
    int code;
    std::string out;
    std::string err;
};

Ran ran(const std::vector<std::string>& words) {
    std::ostringstream out;
    std::ostringstream err;
    Terminal terminal{out, err};
    const int code = run_command_line(words, terminal);
    return {code, out.str(), err.str()};
}

TEST(Commands, EveryVerbExplainsItselfWithAnExample) {
    std::set<std::string> names;
    for (const Command& command : commands()) {
        EXPECT_TRUE(names.insert(command.name).second) << command.name;
        if (command.name == "torture-worker") continue;  // what another verb starts
        EXPECT_FALSE(command.summary.empty()) << command.name;
        EXPECT_THAT(command.details, HasSubstr("Example")) << command.name;
        EXPECT_THAT(command.details, HasSubstr("cairn " + (command.name == "help" ? "help" : command.name)));
        for (const OptionSpec& option : command.options) {
            const bool shown =
                command.arguments.find(option.name) != std::string::npos ||
                (!option.short_name.empty() && command.arguments.find(option.short_name) != std::string::npos);
            EXPECT_TRUE(shown) << command.name << " hides " << option.name;
        }
    }
}

TEST(Commands, AGroupAloneListsItsVerbs) {
    const Ran plugins = ran({"plugins"});
    EXPECT_EQ(plugins.code, exit_code::kUsage);
    EXPECT_THAT(plugins.err, HasSubstr("cairn plugins list"));
    EXPECT_THAT(plugins.err, HasSubstr("cairn plugins inspect"));
    EXPECT_THAT(plugins.err, HasSubstr("one of these is meant"));
    EXPECT_EQ(ran({"version", "now"}).code, exit_code::kUsage);
    EXPECT_EQ(ran({"plugin"}).err, plugins.err) << "both spellings are the same group";
    EXPECT_THAT(ran({"help", "config"}).out, HasSubstr("cairn config explain"));
}

TEST(Commands, UnknownVerbsAreRefused) {
    EXPECT_EQ(ran({"frobnicate"}).code, exit_code::kUsage);
    EXPECT_EQ(ran({"help", "frobnicate"}).code, exit_code::kUsage);
    EXPECT_THAT(ran({"rnu"}).err, HasSubstr("cairn run"));
}

TEST(Preparation, InputsComeFromWordsAndOptions) {
    const Arguments arguments({"a.yaml", "-c", "b.yaml", "--set", "x.y=1"}, configuration_options());
    EXPECT_THROW(configuration_inputs(Arguments({"a.yaml", "b.yaml"}, configuration_options())), UsageError)
        << "two files named one after the other are a mistake, not an overlay";
    const ConfigInputs inputs = configuration_inputs(arguments);
    EXPECT_THAT(inputs.files, ::testing::ElementsAre("a.yaml", "b.yaml"));
    EXPECT_THAT(inputs.overrides, ::testing::ElementsAre("x.y=1"));
    EXPECT_FALSE(inputs.environment("CAIRN_SURELY_NOT_SET").has_value());
    EXPECT_THROW(configuration_inputs(Arguments({}, configuration_options())), UsageError);
    EXPECT_THROW(configuration_inputs(Arguments({"a", "--set", "=1"}, configuration_options())), UsageError);
}

TEST(Preparation, PluginFoldersAreMeantFromWhereTheFileLies) {
    const Scratch folder;
    std::filesystem::create_directory(folder.path() / "made");
    std::filesystem::copy_file(zoo_file("dice"), folder.path() / "made" / "dice.so");
    ConfigInputs inputs;
    inputs.files = {folder.write("a.yaml", "cairn: 1\nplugin_dirs: [made, /nowhere]\nplugins:\n  dice:\n")};
    const auto preparation = prepare(inputs);
    std::ostringstream problems;
    preparation->report.print(problems, false);
    EXPECT_TRUE(preparation->ok()) << problems.str();
    EXPECT_THAT(preparation->host.plugin_dirs, ::testing::ElementsAre((folder.path() / "made").string(), "/nowhere"));
    // What is said on the command line is meant from where it is said.
    inputs.overrides = {"plugin_dirs=[made]"};
    EXPECT_THAT(prepare(inputs)->host.plugin_dirs, ::testing::ElementsAre("made"));
}

TEST(Preparation, TheOrderOfTheFileIsTheOrderOfThePlugins) {
    const Scratch folder;
    ConfigInputs inputs;
    inputs.files = {folder.write("a.yaml", "cairn: 1\nplugin_dirs: [" + zoo_folder() +
                                               "]\nplugins:\n  zoo_spaces:\n  dice: {sides: 8}\n  witness_b: {}\n")};
    inputs.environment = [](const std::string&) { return std::nullopt; };
    const auto preparation = prepare(inputs);
    std::ostringstream problems;
    print_problems(*preparation, problems, false);
    ASSERT_TRUE(preparation->ok()) << problems.str();
    ASSERT_EQ(preparation->plugins->plugins().size(), 3u);
    EXPECT_EQ(preparation->plugins->plugins()[0]->name, "zoo_spaces");
    EXPECT_EQ(preparation->plugins->plugins()[1]->name, "dice");
    EXPECT_EQ(preparation->host.plugins.size(), 3u);
}

TEST(Preparation, TheHostsRoutesMayNotBeTaken) {
    RouteTable routes;
    add_core_routes(routes, std::make_shared<HostFacts>());
    routes.add("rude", {}, {"GET", "/health", [](const HttpRequest&) { return HttpResponse(); }});
    ProblemReport report;
    routes.check(report);
    ASSERT_EQ(report.problems().size(), 1u);
    EXPECT_THAT(report.problems()[0].message, HasSubstr("of core"));
}

TEST(CoreRoutes, ReadyOnlyWhileServing) {
    auto facts = std::make_shared<HostFacts>();
    RouteTable routes;
    add_core_routes(routes, facts);
    const auto get = [&](const std::string& path) {
        const HttpRoute* route = nullptr;
        std::vector<std::pair<std::string, std::string>> captures;
        std::string allowed;
        EXPECT_EQ(routes.match("GET", path, route, captures, allowed), HttpRoutes::Match::found) << path;
        return routes.call(*route, {});
    };
    Health health("1.2.3");
    MetricsStore metrics;
    facts->health = &health;
    facts->metrics = &metrics;
    facts->protocol = [] { return Document{{"v", 1}}; };
    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_EQ(get("/livez").status, 200);
    facts->serving = true;
    EXPECT_EQ(get("/readyz").status, 200);
    EXPECT_EQ(get("/health").status, 200);
    health.add("disk", [] { return Health::Report{false, {{"full", true}}}; });
    EXPECT_EQ(get("/health").status, 503);
    EXPECT_THAT(get("/health").body, HasSubstr("\"full\":true"));
    EXPECT_THAT(get("/metrics").content_type, HasSubstr("version=0.0.4"));
    EXPECT_EQ(get("/api/protocol").body, "{\"v\":1}");
}

}  // namespace
}  // namespace cairn::core::test
