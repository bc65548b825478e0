#include "core/observe/log_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cairn::core {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

std::string text_line(std::string_view message, const Document& details, LogLevel level = LogLevel::info) {
    return format_text({level, std::chrono::system_clock::now(), "gateway", message, &details});
}

std::string json_line(std::string_view message, const Document& details, LogLevel level = LogLevel::info) {
    return format_json({level, std::chrono::system_clock::now(), "gateway", message, &details});
}

TEST(LogText, ReadsLikeATable) {
    EXPECT_THAT(text_line("opened", {{"port", 8080}, {"tls", false}}),
                MatchesRegex("[0-2][0-9]:[0-5][0-9]:[0-6][0-9] info  gateway  opened  port=8080 tls=false"));
    EXPECT_THAT(text_line("opened", {}), EndsWith(" info  gateway  opened"));
    EXPECT_THAT(text_line("x", {}, LogLevel::warning), HasSubstr(" warn  gateway  x"));
    EXPECT_THAT(text_line("x", {}, LogLevel::error), HasSubstr(" error gateway  x"));
    EXPECT_THAT(text_line("x", {}, LogLevel::debug), HasSubstr(" debug gateway  x"));
    EXPECT_THAT(text_line("x", {}, LogLevel::trace), HasSubstr(" trace gateway  x"));
}

TEST(LogText, QuotesWhatWouldReadWrongBare) {
    EXPECT_THAT(text_line("m", {{"who", "Ann Lee"}, {"word", "hi"}, {"empty", ""}, {"tricky", "a=b"}}),
                EndsWith("who=\"Ann Lee\" word=hi empty=\"\" tricky=\"a=b\""));
    EXPECT_THAT(text_line("m", {{"said", "\"no\" \\"}}), EndsWith(R"(said="\"no\" \\")"));
    EXPECT_THAT(text_line("m", {{"at", Document::list({1, 2.5, nullptr})}, {"in", {{"a", "b"}}}}),
                EndsWith(R"(at=[1,2.5,null] in={"a":"b"})"));
    EXPECT_THAT(text_line("m", {{"none", Document::list()}, {"nothing", Document::map()}}),
                EndsWith("none=[] nothing={}"));
}

TEST(LogText, NeitherMessageNorValuesCanForgeALineOrSteerATerminal) {
    const std::string evil = std::string("a\r\n12:00:00 info  core  all is well\x1b[2J\t") + '\0' + "\x7f";
    for (const std::string& line :
         {text_line(evil, {}), text_line("m", {{"name", evil}}), text_line("m", {{evil, 1}})}) {
        for (const char c : line) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f) << line;
        EXPECT_THAT(line, HasSubstr("a\\r\\n12:00:00"));
        EXPECT_THAT(line, HasSubstr("\\x1b[2J\\t\\x00\\x7f"));
    }
    // C1 controls, line separator, and the mark that turns the direction of text around.
    EXPECT_THAT(text_line("\xc2\x9b"
                          "2J \xe2\x80\xa8 \xe2\x80\xae",
                          {}),
                EndsWith("\\xc2\\x9b2J \\xe2\\x80\\xa8 \\xe2\\x80\\xae"));
}

TEST(LogText, KeepsUtf8AndShowsBytesThatAreNone) {
    EXPECT_THAT(text_line("Zürich 東京 🙂", {{"name", "Zoë"}}), EndsWith("Zürich 東京 🙂  name=Zoë"));
    EXPECT_THAT(text_line("\xff \xc0\x80 \xed\xa0\x80 \xf5\x80\x80\x80 \xe6\x9d", {}),
                EndsWith("\\xff \\xc0\\x80 \\xed\\xa0\\x80 \\xf5\\x80\\x80\\x80 \\xe6\\x9d"));
}

TEST(LogSecrets, AreNeverWrittenHoweverDeepTheyAre) {
    const Document details{{"token", "s3cr3t-1"},
                           {"resumeToken", "s3cr3t-2"},
                           {"Set-Cookie", "s3cr3t-3"},
                           {"headers", {{"AUTHORIZATION", "s3cr3t-4"}, {"host", "example"}}},
                           {"list", Document::list({Document{{"db_password", "s3cr3t-5"}}})},
                           {"client_secret", {{"inner", "s3cr3t-6"}}},
                           {"user", "ann"}};
    for (const std::string& line : {text_line("m", details), json_line("m", details)}) {
        EXPECT_THAT(line, Not(HasSubstr("s3cr3t"))) << line;
        EXPECT_THAT(line, HasSubstr("[hidden]"));
        EXPECT_THAT(line, HasSubstr("ann"));
        EXPECT_THAT(line, HasSubstr("example"));
    }
    EXPECT_FALSE(is_secret_key("tok"));
    EXPECT_FALSE(is_secret_key(""));
    EXPECT_TRUE(is_secret_key("PassWord2"));
}

TEST(LogJson, IsOneObjectWithFixedMembers) {
    const auto at = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'007));
    const Document details{{"port", 8080}, {"rate", 0.5}};
    EXPECT_EQ(format_json({LogLevel::warning, at, "gateway", "opened", &details}),
              R"({"ts":"2023-11-14T22:13:20.007Z","level":"warn","origin":"gateway","message":"opened",)"
              R"("fields":{"port":8080,"rate":0.5}})");
    EXPECT_EQ(format_json({LogLevel::info, at, "core", "up", nullptr}),
              R"({"ts":"2023-11-14T22:13:20.007Z","level":"info","origin":"core","message":"up"})");
}

TEST(LogJson, StaysValidWhateverIsInIt) {
    const std::string evil = "\"\\\r\n\t\x1b\x7f\xff\xc2\x9b\xe2\x80\xa8 Zürich 🙂";
    const double inf = std::numeric_limits<double>::infinity();
    const std::string line =
        json_line(evil, {{evil, evil}, {"n", std::nan("")}, {"i", Document::list({inf, -inf})}, {"null", nullptr}});
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
    const Document back = Document::parse_json(line);
    const std::string cleaned = "\"\\\r\n\t\x1b\x7f\xef\xbf\xbd\xc2\x9b\xe2\x80\xa8 Zürich 🙂";
    EXPECT_EQ(back["message"].text(), cleaned);
    EXPECT_EQ(back["fields"][cleaned].text(), cleaned);
    EXPECT_EQ(back["fields"]["n"].text(), "nan");
    EXPECT_EQ(back["fields"]["i"].items()[1].text(), "-inf");
}

TEST(LogLimits, LinesStayWithinEightKibibytes) {
    Document many = Document::map();
    for (int i = 0; i < 5000; ++i) many.set("key" + std::to_string(i), "value " + std::to_string(i));
    const std::string long_text(100'000, 'x');
    const std::string long_wide = [] {
        std::string text;
        for (int i = 0; i < 30'000; ++i) text += "\xf0\x9f\x99\x82";
        return text;
    }();
    Document deep = "bottom";
    for (int i = 0; i < 200; ++i) deep = Document{{"down", deep}};
    const std::string long_controls(50'000, '\x1b');
    for (const Document& details :
         {many, Document{{"text", long_text}},
          Document{{"a", long_wide}, {"b", long_wide}, {"c", long_wide}, {"d", long_wide}}, Document{{"many", many}},
          Document{{long_text, long_text}}, Document{{"deep", deep}},
          Document{{"esc", long_controls},
                   {"esc2", Document::list({long_controls, long_controls, long_controls, 1})}}}) {
        for (const std::string& message : {std::string("m"), long_text, long_wide, long_controls}) {
            const std::string text = text_line(message, details);
            EXPECT_LE(text.size(), kLogLine);
            const std::string json = json_line(message, details);
            EXPECT_LE(json.size(), kLogLine);
            EXPECT_NO_THROW(EXPECT_EQ(Document::parse_json(json)["origin"].text(), "gateway")) << json;
        }
    }
    EXPECT_THAT(text_line("m", many), EndsWith("…"));
    EXPECT_THAT(text_line("m", many), HasSubstr("key100=\"value 100\""));
    EXPECT_TRUE(Document::parse_json(json_line("m", many))["cut"].boolean_or(false));
    EXPECT_THAT(json_line("m", {{"text", long_text}}), HasSubstr("xxx…\""));
}

}  // namespace
}  // namespace cairn::core
