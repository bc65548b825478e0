#include "core/plugins/lifecycle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Lanes and a store that nobody of the zoo uses, and completions that throw.
struct Nobody final : Background, Storage {
    Task run(Lane, std::string, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override {
        work(Task());
        done(nullptr);
        return Task();
    }
    void commit(Commit, Then<Committed> then) override { then(Result<Committed>(Committed{7})); }
    void query(Query, Then<Rows> then) override { then(Result<Rows>(Rows())); }
    void load_erased(Query, const StructType&, std::function<void*()>, Then<Done> then) override {
        then(Result<Done>(Done()));
    }
};

class LifecycleTest : public ::testing::Test {
protected:
    void load(const std::vector<std::string>& names) {
        set = std::make_unique<PluginSet>(PluginFinder({zoo_folder()}), "/share");
        std::vector<WantedPlugin> wanted;
        for (const std::string& name : names) wanted.push_back({name, {0, 2, 3}, {}});
        set->load(wanted, report);
        set->check({}, report);
        parts.background = &nobody;
        parts.storage = &nobody;
        parts.data_dir = scratch.path();
        parts.tables = &set->declarations().tables;
        parts.routes = &set->declarations().routes;
        parts.announce = [this](std::string_view label, std::string_view text) {
            said.push_back(std::string(label) + " " + std::string(text));
        };
    }
    Lifecycle::Hooks hooks() {
        Lifecycle::Hooks made;
        made.started = [this](const std::string& plugin) { said.push_back("(" + plugin + " started)"); };
        made.stopping = [this](const std::string& plugin) { said.push_back("(" + plugin + " stopping)"); };
        return made;
    }
    std::string problem() {
        EXPECT_EQ(report.problems().size(), 1u);
        return report.empty() ? "" : report.problems()[0].message;
    }

    Scratch scratch;
    Nobody nobody;
    HostParts parts;
    ProblemReport report;
    std::vector<std::string> said;
    std::unique_ptr<PluginSet> set;
};

TEST_F(LifecycleTest, ProvidersStartFirstAndStopLastAndServicesLastAsLongAsNeeded) {
    load({"witness_a", "witness_b"});
    ASSERT_TRUE(report.empty());
    Lifecycle lifecycle(*set, parts, hooks());
    lifecycle.start();
    lifecycle.ready();
    lifecycle.drain();
    lifecycle.stop();
    EXPECT_THAT(said, ElementsAre("witness_b start", "(witness_b started)", "witness_a start with tide",
                                  "(witness_a started)", "witness_b ready", "witness_a ready", "witness_b drain",
                                  "witness_a drain", "(witness_a stopping)", "witness_a stop with tide",
                                  "(witness_b stopping)", "witness_b stop"));
    EXPECT_THAT(lifecycle.leaks(), IsEmpty());
}

TEST_F(LifecycleTest, AFailedStartNamesThePluginAndStopsThoseBefore) {
    load({"witness_b", "throws_in_start", "witness_a"});
    ASSERT_TRUE(report.empty());
    {
        Lifecycle lifecycle(*set, parts, {});
        try {
            lifecycle.start();
            ADD_FAILURE() << "it started";
        } catch (const StartFailed& failure) {
            EXPECT_THAT(failure.what(),
                        AllOf(HasSubstr("plugin throws_in_start 1.0.0 failed in start"), HasSubstr("no start today")));
            EXPECT_FALSE(failure.cure().empty());
        }
    }
    // Only what started is stopped, although nobody called stop().
    EXPECT_THAT(said, ElementsAre("witness_b start", "witness_b stop"));
}

TEST_F(LifecycleTest, AFailedReadyNamesThePlugin) {
    load({"witness_b", "throws_in_ready"});
    Lifecycle lifecycle(*set, parts, {});
    lifecycle.start();
    EXPECT_THAT([&] { lifecycle.ready(); },
                ::testing::ThrowsMessage<StartFailed>(HasSubstr("failed in ready: no port today")));
    lifecycle.stop();
    EXPECT_EQ(said.back(), "witness_b stop");
}

TEST_F(LifecycleTest, AFailedStopDoesNotKeepOthersFromStopping) {
    load({"witness_b", "throws_in_stop", "witness_a"});
    Lifecycle lifecycle(*set, parts, {});
    lifecycle.start();
    lifecycle.stop();
    EXPECT_EQ(said.back(), "witness_b stop");
}

TEST_F(LifecycleTest, ACancelledStartStartsNoFurther) {
    load({"witness_b", "witness_a"});
    Lifecycle::Hooks cancelling;
    cancelling.cancelled = [this] { return !said.empty(); };
    Lifecycle lifecycle(*set, parts, cancelling);
    EXPECT_THROW(lifecycle.start(), StartFailed);
    EXPECT_THAT(said, ElementsAre("witness_b start"));
}

TEST_F(LifecycleTest, WhatIsLeftBehindIsNamed) {
    load({"leaves_descriptor"});
    Lifecycle lifecycle(*set, parts, {});
    lifecycle.start();
    lifecycle.stop();
    ASSERT_EQ(lifecycle.leaks().size(), 1u);
    EXPECT_THAT(lifecycle.leaks()[0],
                AllOf(HasSubstr("plugin leaves_descriptor left descriptor"), HasSubstr("zoo_forgotten")));
}

TEST_F(LifecycleTest, AllProblemsOfAllPluginsInOneRun) {
    load({"other_major", "throws_in_setup", "throws_in_constructor", "missing_symbol", "no_such_plugin", "dice"});
    ASSERT_EQ(report.problems().size(), 5u);
    EXPECT_THAT(report.problems()[0].message, HasSubstr("another major"));
    EXPECT_THAT(report.problems()[1].message, HasSubstr("failed in setup: no setup today"));
    EXPECT_THAT(report.problems()[2].message, HasSubstr("its constructor threw: no constructor today"));
    EXPECT_THAT(report.problems()[3].message, HasSubstr("somewhere_else::compute(int)"));
    EXPECT_THAT(report.problems()[4].message, HasSubstr("no plugin 'no_such_plugin'"));
}

TEST_F(LifecycleTest, ServicesMissingDoubleAndCircular) {
    load({"needs_service", "offers_a", "offers_b"});
    EXPECT_THAT(problem(), HasSubstr("zoo.weather/1 is provided twice"));
}

TEST_F(LifecycleTest, MissingService) {
    load({"needs_service"});
    EXPECT_THAT(problem(), HasSubstr("needs the service zoo.weather/1"));
}

TEST_F(LifecycleTest, CircularServices) {
    load({"circle_a", "circle_b"});
    EXPECT_THAT(problem(), HasSubstr("circle_a needs zoo.tide/1 of circle_b needs zoo.weather/1 of circle_a"));
}

TEST_F(LifecycleTest, SettingsAreCheckedAndFilled) {
    set = std::make_unique<PluginSet>(PluginFinder({zoo_folder()}), "/share");
    set->load({{"dice", {}, Document{{"sides", 20}}}}, report);
    set->check({}, report);
    ASSERT_TRUE(report.empty());
    const PluginSetup& setup = *set->plugins()[0]->setup;
    EXPECT_EQ(to_document(*setup.config_type(), setup.config_value())["sides"].integer_or(0), 20);
}

TEST_F(LifecycleTest, UnknownSettingsAreRefused) {
    set = std::make_unique<PluginSet>(PluginFinder({zoo_folder()}), "/share");
    set->load({{"dice", {}, Document{{"side", 20}}}, {"witness_b", {}, Document{{"x", 1}}}}, report);
    set->check({}, report);
    ASSERT_EQ(report.problems().size(), 2u);
    EXPECT_THAT(report.problems()[0].cure, HasSubstr("sides"));
    EXPECT_THAT(report.problems()[1].message, HasSubstr("plugin witness_b has no settings"));
}

TEST(PluginRuntime, CompletionsAreFencedAndTasksCounted) {
    Nobody nobody;
    HostParts parts;
    parts.background = &nobody;
    parts.storage = &nobody;
    PluginRuntime runtime("thrower", "/plugins", parts);
    bool worked = false;
    runtime.background().run(
        Lane::general, "x", [&](const Task&) { worked = runtime.tasks_in_flight() == 1; },
        [](std::exception_ptr) { throw std::runtime_error("completion"); });
    EXPECT_TRUE(worked);
    EXPECT_EQ(runtime.tasks_in_flight(), 0u);
    int heard = 0;
    runtime.storage().commit({}, [&](Result<Committed> result) {
        heard += static_cast<int>(result.value().seq);
        throw 42;
    });
    runtime.storage().query({}, [&](Result<Rows>) {
        ++heard;
        throw std::runtime_error("rows");
    });
    EXPECT_EQ(heard, 8);
    EXPECT_EQ(runtime.plugin_dir(), "/plugins");
}

/// Lanes that keep what they are asked for until it is let go.
struct Keeping final : Background {
    Task run(Lane, std::string, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override {
        kept.emplace_back(std::move(work), std::move(done));
        return Task();
    }
    std::vector<std::pair<std::function<void(const Task&)>, std::function<void(std::exception_ptr)>>> kept;
};

TEST(PluginRuntime, ACancelledTaskThatTheLaneLetGoOfIsNotInFlight) {
    Nobody nobody;
    Keeping lanes;
    HostParts parts;
    parts.background = &lanes;
    parts.storage = &nobody;
    PluginRuntime runtime("canceller", "/plugins", parts);
    runtime.background().run(Lane::general, "x", [](const Task&) {}, [](std::exception_ptr) {});
    EXPECT_EQ(runtime.tasks_in_flight(), 1u);
    lanes.kept.clear();  // as a lane does with a task that was cancelled: no completion is called
    EXPECT_EQ(runtime.tasks_in_flight(), 0u);
}

/// Notes in which surroundings it was set up.
struct Brought final : Plugin {
    void setup(Setup& setup) override {
        setup.health("brought", [] { return Setup::HealthReport{}; });
    }
};

TEST(PluginSet, APluginMayBeBroughtAlongAndDressed) {
    std::vector<std::string> dressed;
    ProblemReport report;
    PluginSet set(PluginFinder({zoo_folder()}), "/share");
    set.bring("brought", [] { return std::make_unique<Brought>(); });
    set.dress([&](const std::string& name, std::unique_ptr<Plugin> plugin) {
        dressed.push_back(name);
        return plugin;
    });
    set.load({{"brought", {}, {}}, {"dice", {}, {}}}, report);
    set.check({}, report);
    EXPECT_TRUE(report.empty());
    EXPECT_THAT(dressed, ElementsAre("brought", "dice"));
    ASSERT_EQ(set.plugins().size(), 2u);
    EXPECT_EQ(set.declarations().health.at(0).plugin, "brought");
}

}  // namespace
}  // namespace cairn::core::test
