#include "core/plugins/plugin_setup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace cairn::core::test {

struct SetupConfig {
    int sides = 6;
};
void describe(Fields<SetupConfig>& f) {
    f(&SetupConfig::sides, "sides", "faces");
}
struct SetupRow {
    std::string id;
    std::string text;
};
void describe(Fields<SetupRow>& f) {
    f(&SetupRow::id, "id", "key");
    f(&SetupRow::text, "text", "value");
}
struct Weather {
    static constexpr ServiceId kService{"test.weather", 2};
    virtual ~Weather() = default;
};

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PluginSetupTest : public ::testing::Test {
protected:
    PluginSetup make(const std::string& name) { return PluginSetup(name, {0, 3, 5}, "/share", declarations, report); }
    std::string only_problem() {
        EXPECT_EQ(report.problems().size(), 1u);
        return report.problems().empty() ? "" : report.problems()[0].message;
    }
    Declarations declarations;
    ProblemReport report;
};

TEST_F(PluginSetupTest, CollectsWhatAPluginDeclares) {
    PluginSetup setup = make("chat");
    const auto config = setup.config<SetupConfig>();
    const Table<SetupRow> table = setup.table<SetupRow>("messages", {"id"});
    setup.behaviour("chat", [](Space&) { return std::unique_ptr<Behaviour>(); });
    setup.route({"GET", "/api/chat", [](const HttpRequest&) { return HttpResponse(); }});
    setup.health("chat", [] { return Setup::HealthReport(); });
    EXPECT_EQ(config->sides, 6);
    EXPECT_EQ(setup.config_type(), &struct_type<SetupConfig>());
    EXPECT_EQ(setup.config_value(), config.get());
    EXPECT_EQ(table.spec().name, "messages");
    EXPECT_EQ(table.spec().plugin, "chat");
    EXPECT_EQ(declarations.behaviours.size(), 1u);
    EXPECT_EQ(declarations.health.size(), 1u);
    EXPECT_EQ(setup.share_dir(), "/share");
    EXPECT_TRUE(setup.has_tables());
    EXPECT_TRUE(report.empty());
}

TEST_F(PluginSetupTest, ServicesAreSlotsUntilTheyAreFilled) {
    struct Sun : Weather {
    } sun;
    PluginSetup provider = make("sun");
    PluginSetup user = make("garden");
    provider.provide<Weather>(sun);
    const Service<Weather> weather = user.require<Weather>();
    const Service<Weather> wish = user.want<Weather>();
    EXPECT_FALSE(weather);
    EXPECT_EQ(user.node().needs.size(), 2u);
    EXPECT_TRUE(user.node().needs[0].required);
    EXPECT_FALSE(user.node().needs[1].required);
    declarations.services.bind("test.weather/2", "sun");
    declarations.services.fill_slots_of("garden");
    ASSERT_TRUE(weather);
    EXPECT_EQ(&*weather, &sun);
    EXPECT_TRUE(wish);
    EXPECT_EQ(declarations.services.find<Weather>(), &sun);
    EXPECT_EQ(declarations.services.provider(Weather::kService), "sun");
    declarations.services.empty_slots_of("garden");
    EXPECT_FALSE(weather);
}

TEST_F(PluginSetupTest, SettingsTwice) {
    PluginSetup setup = make("chat");
    setup.config<SetupConfig>();
    setup.config<SetupConfig>();
    EXPECT_THAT(only_problem(), HasSubstr("plugin chat asks for its settings twice"));
    EXPECT_EQ(report.problems()[0].mark.line, 3u);
}

TEST_F(PluginSetupTest, ATableHasOneOwner) {
    make("chat").table<SetupRow>("messages", {"id"});
    make("mail").table<SetupRow>("messages", {"id"});
    EXPECT_THAT(only_problem(), AllOf(HasSubstr("plugin mail"), HasSubstr("plugin chat owns already")));
}

TEST_F(PluginSetupTest, KeysAreDescribedColumns) {
    make("chat").table<SetupRow>("messages", {"number"});
    EXPECT_THAT(only_problem(), HasSubstr("key column 'number'"));
}

TEST_F(PluginSetupTest, ATableWithoutAKey) {
    make("chat").table<SetupRow>("messages", {});
    EXPECT_THAT(only_problem(), HasSubstr("without a key"));
}

TEST_F(PluginSetupTest, BehavioursHaveNamesOfTheirOwn) {
    PluginSetup setup = make("chat");
    const auto none = [](Space&) { return std::unique_ptr<Behaviour>(); };
    setup.behaviour("chat", none);
    make("other").behaviour("chat", none);  // another plugin may use the name
    EXPECT_TRUE(report.empty());
    setup.behaviour("chat", none);
    EXPECT_THAT(only_problem(), HasSubstr("behaviour 'chat' twice"));
}

TEST_F(PluginSetupTest, HealthNamesAreUniqueAndNotTheHosts) {
    const auto good = [] { return Setup::HealthReport(); };
    make("chat").health("chat", good);
    make("mail").health("chat", good);
    EXPECT_THAT(only_problem(), HasSubstr("plugin chat does already"));
    make("mail").health("persistence", good);
    EXPECT_THAT(report.problems().back().message, HasSubstr("the host itself"));
}

TEST_F(PluginSetupTest, TheSameServiceTwice) {
    struct Sun : Weather {
    } sun;
    PluginSetup setup = make("sun");
    setup.provide<Weather>(sun);
    setup.provide<Weather>(sun);
    EXPECT_THAT(only_problem(), HasSubstr("test.weather/2 twice"));
}

TEST_F(PluginSetupTest, NothingIsDeclaredAfterwards) {
    PluginSetup setup = make("late");
    setup.seal();
    EXPECT_THROW(setup.config<SetupConfig>(), std::logic_error);
    EXPECT_THROW(setup.route({"GET", "/", nullptr}), std::logic_error);
    EXPECT_THROW(setup.want<Weather>(), std::logic_error);
    EXPECT_THROW(setup.health("x", nullptr), std::logic_error);
    EXPECT_THROW(setup.files({}), std::logic_error);
}

}  // namespace
}  // namespace cairn::core::test
