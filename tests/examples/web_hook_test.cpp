#include "tests/examples/examples.hpp"
#include <gtest/gtest.h>

#include <cstdlib>

namespace {

using cairn::test::examples;
using cairn::testkit::Host;

constexpr const char* kYaml = "plugins: {web_hook: {hooks: {builds: {space: main, token: {env: WEB_HOOK_TEST_TOKEN}}}}}";

class WebHook : public ::testing::Test {
protected:
    static void SetUpTestSuite() { ::setenv("WEB_HOOK_TEST_TOKEN", "the token of the builds", 1); }
    cairn::HttpResponse call(std::string_view target, std::string token, std::string body) {
        return host.http("POST", target, std::move(body), {{"authorization", "Bearer " + token}});
    }
    Host host{kYaml, examples()};
};

TEST_F(WebHook, EverybodyInItsSpaceHearsACall) {
    auto anna = host.join("main", "Anna");
    auto ben = host.join("garden", "Ben");
    EXPECT_EQ(call("/hooks/builds", "the token of the builds", R"({"text":"green"})").status, 202);
    host.run();
    EXPECT_EQ(anna.received("web_hook.called"), (cairn::Document{{"hook", "builds"}, {"text", "green"}}));
    EXPECT_EQ(ben.count("web_hook.called"), 0u);
}

TEST_F(WebHook, AWrongTokenAndAnUnknownHookLookTheSame) {
    const auto wrong = call("/hooks/builds", "the token of the buildz", R"({"text":"green"})");
    const auto unknown = call("/hooks/other", "the token of the builds", R"({"text":"green"})");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(wrong.body.substr(0, wrong.body.find("trace")), unknown.body.substr(0, unknown.body.find("trace")));
}

TEST_F(WebHook, AWrongBodyIsToldWithItsField) {
    const auto answer = call("/hooks/builds", "the token of the builds", R"({"text":""})");
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.body.find("text"), std::string::npos) << answer.body;
}

}  // namespace
