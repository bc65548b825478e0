#include "core/plugins/plugin_graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Made {
    std::vector<GraphNode> nodes;
    std::map<std::string, std::string> bindings;
    std::vector<std::string> available;
    std::string first = "cairn.store";
    bool complete = true;
    ProblemReport report;

    Made& add(const std::string& name, std::vector<std::string> provides, std::vector<std::string> needs,
              std::vector<std::string> wants = {}) {
        GraphNode node;
        node.plugin = name;
        for (const std::string& service : provides) node.provides.push_back({service, 1});
        for (const std::string& service : needs) node.needs.push_back({{service, 1}, true});
        for (const std::string& service : wants) node.needs.push_back({{service, 1}, false});
        nodes.push_back(std::move(node));
        return *this;
    }
    std::vector<std::string> order() {
        const PluginOrder result = order_plugins(nodes, bindings, available, first, complete, report);
        std::vector<std::string> names;
        for (const std::size_t index : result.order) names.push_back(nodes[index].plugin);
        return names;
    }
    std::string problem() {
        order();
        EXPECT_EQ(report.problems().size(), 1u);
        return report.problems().empty() ? "" : report.problems()[0].message + " | " + report.problems()[0].cure;
    }
};

TEST(PluginGraph, KeepsTheOrderOfTheFileWhereNeedsAllow) {
    EXPECT_THAT(Made().add("c", {}, {}).add("a", {}, {}).add("b", {}, {}).order(), ElementsAre("c", "a", "b"));
}

TEST(PluginGraph, ProvidersComeFirst) {
    Made made;
    made.add("chat", {}, {"identity"}).add("gateway", {}, {}, {"identity"}).add("identity", {"identity"}, {});
    EXPECT_THAT(made.order(), ElementsAre("identity", "chat", "gateway"));
    EXPECT_TRUE(made.report.empty());
}

TEST(PluginGraph, TheStoreAndAllItNeedsComeBeforeEverythingElse) {
    Made made;
    made.add("world", {}, {}).add("sqlite", {"cairn.store"}, {"keys"}).add("vault", {"keys"}, {});
    EXPECT_THAT(made.order(), ElementsAre("vault", "sqlite", "world"));
}

TEST(PluginGraph, AWishThatNobodyFulfilsIsNoProblem) {
    Made made;
    EXPECT_THAT(made.add("a", {}, {}, {"nothing"}).order(), ElementsAre("a"));
    EXPECT_TRUE(made.report.empty());
}

TEST(PluginGraph, MissingSaysWhoNeedsItAndWhatIsInstalled) {
    Made made;
    made.available = {"chat", "identity", "world"};
    made.add("chat", {}, {"cairn.identity"});
    EXPECT_THAT(made.problem(), AllOf(HasSubstr("plugin chat needs the service cairn.identity/1"),
                                      HasSubstr("no plugin of this file provides"), HasSubstr("identity, world")));
}

TEST(PluginGraph, MissingIsNotSaidWhileSomePluginsCouldNotBeAsked) {
    Made made;
    made.complete = false;
    made.add("chat", {}, {"cairn.identity"}).order();
    EXPECT_TRUE(made.report.empty());
}

TEST(PluginGraph, AnotherMajorIsSaidAsSuch) {
    Made made;
    made.add("chat", {}, {"cairn.identity"});
    made.nodes[0].needs[0].service.major = 2;
    made.add("identity", {"cairn.identity"}, {});
    EXPECT_THAT(made.problem(),
                AllOf(HasSubstr("cairn.identity/2"), HasSubstr("plugin identity provides cairn.identity/1")));
}

TEST(PluginGraph, TwoProvidersNeedAChoice) {
    Made made;
    made.add("sqlite", {"cairn.store"}, {}).add("postgres", {"cairn.store"}, {});
    EXPECT_THAT(made.problem(),
                AllOf(HasSubstr("provided twice: by sqlite and by postgres"), HasSubstr("services: {cairn.store: ")));
}

TEST(PluginGraph, AChoiceBinds) {
    Made made;
    made.bindings = {{"cairn.store", "postgres"}};
    made.add("sqlite", {"cairn.store"}, {}).add("postgres", {"cairn.store"}, {}).add("world", {}, {"cairn.store"});
    const PluginOrder result = order_plugins(made.nodes, made.bindings, {}, "cairn.store", true, made.report);
    EXPECT_TRUE(made.report.empty());
    EXPECT_EQ(result.providers.at("cairn.store/1"), 1u);
}

TEST(PluginGraph, AChoiceThatChoosesNothingIsSaid) {
    Made made;
    made.bindings = {{"cairn.stor", "sqlite"}};
    made.add("sqlite", {"cairn.store"}, {});
    EXPECT_THAT(made.problem(),
                AllOf(HasSubstr("no plugin of this file provides the service cairn.stor"), HasSubstr("cairn.store")));
    Made other;
    other.bindings = {{"cairn.store", "chat"}};
    other.add("sqlite", {"cairn.store"}, {}).add("chat", {}, {});
    EXPECT_THAT(other.problem(), HasSubstr("plugin chat does not provide the service cairn.store"));
}

TEST(PluginGraph, ACircleIsPrintedWithItsMembers) {
    Made made;
    made.add("start", {}, {"x"}).add("a", {"x"}, {"y"}).add("b", {"y"}, {"z"}).add("c", {"z"}, {"x"});
    EXPECT_THAT(made.problem(), AllOf(HasSubstr("circle"), HasSubstr("a needs y/1 of b needs z/1 of c needs x/1 of a"),
                                      ::testing::Not(HasSubstr("start needs"))));
}

TEST(PluginGraph, NeedingOneselfIsACircleToo) {
    Made made;
    made.add("a", {"x"}, {"x"});
    EXPECT_THAT(made.problem(), HasSubstr("a needs x/1 of a"));
}

TEST(PluginGraph, ThreeKindsOfProblemsComeInOneRun) {
    Made made;
    made.add("needy", {}, {"nothing"});
    made.add("one", {"double"}, {}).add("two", {"double"}, {});
    made.add("a", {"x"}, {"y"}).add("b", {"y"}, {"x"});
    made.order();
    EXPECT_EQ(made.report.problems().size(), 3u);
}

}  // namespace
}  // namespace cairn::core
