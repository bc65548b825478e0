#include "tests/core/config/reading.hpp"

namespace cairn::core {
namespace {

TEST(Configuration, OverlaysFilesFromLeftToRight) {
    const TemporaryFolder folder;
    ConfigInputs inputs;
    inputs.files = {
        folder.write("base.yaml",
                     "plugins:\n  chat: {max_length: 500, history: 100}\n  world:\nname: base\nlist: [1, 2]\n"),
        folder.write("prod.yaml", "name: prod\nplugins:\n  chat: {history: 50}\n  extra: {x: 1}\nlist: [3]\n")};
    ProblemReport report;
    const auto c = Configuration::read(inputs, report);
    EXPECT_TRUE(report.empty());
    EXPECT_EQ(
        c->root().to_json(),
        R"({"plugins":{"chat":{"max_length":500,"history":50},"world":null,"extra":{"x":1}},"name":"prod","list":[3]})");
    EXPECT_EQ(c->at("plugins.chat.max_length")->mark().file, 0u);
    EXPECT_EQ(c->at("plugins.chat.history")->mark().file, 1u);
    EXPECT_EQ(c->at("plugins.chat.history")->mark().line, 3u);
    EXPECT_EQ(c->sources()[1].name, inputs.files[1]);
    EXPECT_EQ(c->at("plugins.none.x"), nullptr);
    EXPECT_EQ(c->at("name.x"), nullptr);
    EXPECT_EQ(c->at(""), &c->root());
}

TEST(Configuration, AddsPluginsToAFileThatNamesOneWithoutSettings) {
    const Reading r("plugins:\n  world:\n", {"plugins.world.on_demand=false", "plugins.gateway.listen=127.0.0.1:9000"});
    EXPECT_TRUE(r.report.empty()) << r.printed();
    EXPECT_EQ(r.json(), R"({"plugins":{"world":{"on_demand":false},"gateway":{"listen":"127.0.0.1:9000"}}})");
}

TEST(Configuration, ReadsOverridesAsYaml) {
    const Reading r("a: {b: 1}\n", {"a.b=2", "a.c=[1, two]", "a.d={x: {y: 5}}", "e=", "f=a=b", "g=\"7\"", "h=${PORT}"});
    EXPECT_TRUE(r.report.empty()) << r.printed();
    EXPECT_EQ(r.json(), R"({"a":{"b":2,"c":[1,"two"],"d":{"x":{"y":5}}},"e":null,"f":"a=b","g":"7","h":8080})");
    const Mark mark = r.configuration->at("a.b")->mark();
    EXPECT_EQ(r.configuration->sources()[mark.file].name, "--set a.b=2");
    EXPECT_EQ(mark.line, 1u);
    EXPECT_EQ(mark.column, 5u);
    EXPECT_EQ(r.report.text_at(r.configuration->at("a.c")->mark()), "[1, two]");
}

TEST(Configuration, RefusesOverridesThatSetNothing) {
    for (const char* bad : {"", "a", "=1", ".a=1", "a.=1", "a..b=1"}) {
        const Reading r("a: {b: 1}\n", {bad});
        ASSERT_EQ(r.problems().size(), 1u) << bad;
        EXPECT_NE(r.problems()[0].find("sets nothing"), std::string::npos) << r.problems()[0];
        EXPECT_EQ(r.json(), R"({"a":{"b":1}})");
    }
    const Reading blocked("a: {b: 1, l: [1]}\n", {"a.b.c=1", "a.l.x=1"});
    EXPECT_EQ(blocked.problems(),
              (std::vector<std::string>{"1:1 a.b.c: a.b is no map, so nothing can be set below it",
                                        "1:1 a.l.x: a.l is no map, so nothing can be set below it"}));
    EXPECT_EQ(Reading("", {"a=[1"}).problems().size(), 1u) << Reading("", {"a=[1"}).printed();
}

TEST(Configuration, NamesFilesThatCannotBeRead) {
    const TemporaryFolder folder;
    folder.write("metaverse.yaml", "a: 1\n");
    ConfigInputs inputs;
    inputs.files = {folder.at("metavrese.yaml"), folder.at("metaverse.yaml"), folder.at(".")};
    ProblemReport report;
    const auto c = Configuration::read(inputs, report);
    ASSERT_EQ(report.problems().size(), 2u);
    EXPECT_NE(report.problems()[0].message.find("No such file"), std::string::npos) << report.problems()[0].message;
    EXPECT_EQ(report.problems()[0].cure, "did you mean " + folder.at("metaverse.yaml") + "?");
    EXPECT_NE(report.problems()[1].message.find("it is a folder"), std::string::npos) << report.problems()[1].message;
    EXPECT_EQ(c->root().to_json(), R"({"a":1})") << "what can be read is read";
}

TEST(Configuration, UsesTheProcessEnvironmentUnlessTold) {
    ::setenv("CAIRN_CONFIGURATION_TEST", "42", 1);
    ProblemReport report;
    const auto c = Configuration::read_text("x", "a: ${CAIRN_CONFIGURATION_TEST}\n", {}, report);
    ::unsetenv("CAIRN_CONFIGURATION_TEST");
    EXPECT_EQ(c->root()["a"].integer_or(0), 42);
}

}  // namespace
}  // namespace cairn::core
