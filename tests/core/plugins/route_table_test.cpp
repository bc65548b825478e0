#include "core/plugins/route_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include <cairn/values.hpp>

namespace cairn::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Match = HttpRoutes::Match;

HttpRoute route(const std::string& method, const std::string& pattern, const std::string& answer = "x") {
    return {method, pattern, [answer](const HttpRequest&) { return HttpResponse::text(200, answer); }};
}

HttpFiles folder(const std::string& prefix, const std::string& path) {
    HttpFiles files;
    files.prefix = prefix;
    files.folder = path;
    return files;
}

struct Asked {
    Match match;
    const HttpRoute* route = nullptr;
    std::vector<std::pair<std::string, std::string>> captures;
    std::string allowed;
};

Asked ask(const RouteTable& table, const std::string& method, const std::string& path) {
    Asked asked{};
    asked.match = table.match(method, path, asked.route, asked.captures, asked.allowed);
    return asked;
}

TEST(RouteTable, MatchesWholePathsAndCapturesSegments) {
    RouteTable table;
    table.add("world", {}, route("GET", "/api/spaces/{space}/objects/{id}"));
    const Asked asked = ask(table, "GET", "/api/spaces/main/objects/7");
    ASSERT_EQ(asked.match, Match::found);
    EXPECT_THAT(asked.captures, ElementsAre(Pair("space", "main"), Pair("id", "7")));
    for (const char* other : {"/api/spaces/main/objects", "/api/spaces/main/objects/", "/api/spaces/main/objects/7/x",
                              "/api/spaces//objects/7", "", "api"}) {
        EXPECT_EQ(ask(table, "GET", other).match, Match::none) << other;
    }
}

TEST(RouteTable, WrittenOutWinsOverCaptureWhateverCameFirst) {
    RouteTable table;
    table.add("a", {}, route("GET", "/x/{id}"));
    table.add("b", {}, route("GET", "/x/new"));
    table.add("c", {}, route("GET", "/{any}/new"));
    EXPECT_EQ(ask(table, "GET", "/x/new").route->pattern, "/x/new");
    EXPECT_EQ(ask(table, "GET", "/x/1").route->pattern, "/x/{id}");
    EXPECT_EQ(ask(table, "GET", "/y/new").route->pattern, "/{any}/new");
}

TEST(RouteTable, AWrongMethodNamesTheRightOnes) {
    RouteTable table;
    table.add("a", {}, route("GET", "/x"));
    table.add("a", {}, route("POST", "/x"));
    const Asked asked = ask(table, "DELETE", "/x");
    EXPECT_EQ(asked.match, Match::wrong_method);
    EXPECT_EQ(asked.allowed, "GET, HEAD, POST");
}

TEST(RouteTable, HeadIsAnsweredByGet) {
    RouteTable table;
    table.add("a", {}, route("GET", "/x"));
    ASSERT_EQ(ask(table, "HEAD", "/x").match, Match::found);
    EXPECT_EQ(ask(table, "HEAD", "/x").route->method, "GET");
}

TEST(RouteTable, TheLongestPrefixServesFiles) {
    RouteTable table;
    table.add_files("page", {}, folder("/", "/a"));
    table.add_files("docs", {}, folder("/docs/", "/b"));
    EXPECT_EQ(table.files("/docs/x.html")->folder, "/b");
    EXPECT_EQ(table.files("/docs")->folder, "/a");
    EXPECT_EQ(table.files("/index.html")->folder, "/a");
    EXPECT_EQ(RouteTable().files("/"), nullptr);
}

TEST(RouteTable, ConflictsNameBothPlugins) {
    RouteTable table;
    table.add("one", {}, route("GET", "/x/{id}"));
    table.add("two", {}, route("GET", "/x/{name}"));
    table.add("two", {}, route("POST", "/x/{name}"));
    table.add_files("one", {}, folder("/", "/a"));
    table.add_files("two", {}, folder("/", "/b"));
    ProblemReport report;
    table.check(report);
    ASSERT_EQ(report.problems().size(), 2u);
    EXPECT_THAT(report.problems()[0].message, AllOf(HasSubstr("of one"), HasSubstr("of two"), HasSubstr("same path")));
    EXPECT_THAT(report.problems()[1].message, AllOf(HasSubstr("one"), HasSubstr("two"), HasSubstr("'/'")));
}

TEST(RouteTable, MalformedPatternsAreTold) {
    for (const char* pattern : {"x", "", "/a//b", "/{id}/{id}", "/a{b}", "/a?b"}) {
        RouteTable table;
        table.add("one", {}, route("GET", pattern));
        ProblemReport report;
        table.check(report);
        EXPECT_EQ(report.problems().size(), 1u) << pattern;
    }
    RouteTable table;
    table.add("one", {}, {"GET", "/x", nullptr});
    table.add_files("one", {}, folder("docs", "/a"));
    ProblemReport report;
    table.check(report);
    EXPECT_EQ(report.problems().size(), 2u);
}

TEST(RouteTable, AHandlerThatThrowsBecomesAnAnswer) {
    RouteTable table;
    table.add("a", {},
              {"GET", "/fault", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("secret detail"); }});
    table.add("a", {}, {"GET", "/odd", [](const HttpRequest&) -> HttpResponse { throw 42; }});
    table.add("a", {}, {"GET", "/refuse", [](const HttpRequest&) -> HttpResponse {
                            throw Error(Code::rate_limited, "slowly").retry_after(Duration(1500));
                        }});
    HttpResponse answer = table.call(*ask(table, "GET", "/fault").route, {});
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, AllOf(HasSubstr("\"internal\""), ::testing::Not(HasSubstr("secret detail"))));
    EXPECT_EQ(table.call(*ask(table, "GET", "/odd").route, {}).status, 500);
    answer = table.call(*ask(table, "GET", "/refuse").route, {});
    EXPECT_EQ(answer.status, 429);
    EXPECT_THAT(answer.headers, ::testing::Contains(Pair("Retry-After", "2")));
    EXPECT_THAT(answer.body, HasSubstr("slowly"));
}

TEST(RouteTable, EveryRefusalHasAStatus) {
    for (int code = 0; code <= static_cast<int>(Code::internal); ++code) {
        const int status = http_status(static_cast<Code>(code));
        EXPECT_GE(status, 400) << code;
        EXPECT_LE(status, 503) << code;
    }
    EXPECT_EQ(http_status(Code::not_found), 404);
    EXPECT_EQ(http_status(Code::full), 503);
}

}  // namespace
}  // namespace cairn::core
