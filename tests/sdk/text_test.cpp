#include <cairn/text.hpp>

#include <gtest/gtest.h>

#include <array>

namespace cairn {
namespace {

TEST(CodePoints, CountsWellFormedText) {
    EXPECT_EQ(code_points(""), 0u);
    EXPECT_EQ(code_points("plain letters, more than eight"), 30u);
    EXPECT_EQ(code_points("é"), 1u);
    EXPECT_EQ(code_points("日本語"), 3u);
    EXPECT_EQ(code_points("\xF0\x9F\x98\x80"), 1u);
    EXPECT_EQ(code_points("12345678\xC3\xA9"), 9u);
    EXPECT_EQ(code_points("\xF4\x8F\xBF\xBF"), 1u) << "U+10FFFF is the last one";
    EXPECT_EQ(code_points("\xED\x9F\xBF\xEE\x80\x80"), 2u) << "the neighbours of the surrogates";
}

TEST(CodePoints, RefusesMalformedText) {
    for (const std::string_view bad : {"\x80", "\xC3", "\xC3(", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF",
                                       "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                                       "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "12345678\xFF", "1234567\xE2\x82"}) {
        EXPECT_FALSE(code_points(bad)) << testing::PrintToString(bad);
    }
}

TEST(NextCodePoint, StepsOverMalformedBytesOneByOne) {
    const std::string_view text = "a\xC3\xA9\xFFz";
    std::size_t at = 0;
    std::u32string seen;
    while (at < text.size()) seen += next_code_point(text, at);
    EXPECT_EQ(seen, std::u32string({U'a', U'\u00e9', char32_t{0xFFFD}, U'z'}));
    EXPECT_EQ(at, text.size());
}

struct PatternCase {
    Pattern pattern;
    std::string_view text;
    bool fits;
};

TEST(Patterns, JudgeText) {
    using namespace std::string_view_literals;
    const std::array cases{
        PatternCase{Pattern::any, "anything\nat all"sv, true},
        PatternCase{Pattern::any, "no\0nul"sv, false},
        PatternCase{Pattern::name, "Red Chair-2_b"sv, true},
        PatternCase{Pattern::name, ""sv, true},
        PatternCase{Pattern::name, "<script>"sv, false},
        PatternCase{Pattern::name, "semi;colon"sv, false},
        PatternCase{Pattern::name, "tab\there"sv, false},
        PatternCase{Pattern::name,
                    "stra\xC3\x9F"
                    "e"sv,
                    false},
        PatternCase{Pattern::identifier, "obj_1-a.b:c"sv, true},
        PatternCase{Pattern::identifier, "with space"sv, false},
        PatternCase{Pattern::identifier, "../up"sv, false},
        PatternCase{Pattern::line, "Grüße, 日本 \xF0\x9F\x98\x80"sv, true},
        PatternCase{Pattern::line, "two\nlines"sv, false},
        PatternCase{Pattern::line, "bell\x07"sv, false},
        PatternCase{Pattern::line, "del\x7F"sv, false},
        PatternCase{Pattern::line, "next line \xC2\x85"sv, false},
        PatternCase{Pattern::line, "separator \xE2\x80\xA8"sv, false},
        PatternCase{Pattern::line, "turned \xE2\x80\xAE"sv, false},
        PatternCase{Pattern::line, "isolated \xE2\x81\xA6"sv, false},
        PatternCase{Pattern::url, "https://example.org/a?b=c#d"sv, true},
        PatternCase{Pattern::url, "http://127.0.0.1:8080/"sv, true},
        PatternCase{Pattern::url, "/models/chair.glb"sv, true},
        PatternCase{Pattern::url, "/"sv, true},
        PatternCase{Pattern::url, "//evil.example/x"sv, false},
        PatternCase{Pattern::url, "/\\evil.example"sv, false},
        PatternCase{Pattern::url, "https://"sv, false},
        PatternCase{Pattern::url, "https:///x"sv, false},
        PatternCase{Pattern::url, "javascript:alert(1)"sv, false},
        PatternCase{Pattern::url, "data:text/html,x"sv, false},
        PatternCase{Pattern::url, "models/chair.glb"sv, false},
        PatternCase{Pattern::url, "https://a b"sv, false},
        PatternCase{Pattern::url, "/a\"b"sv, false},
        PatternCase{Pattern::url, "/a<b"sv, false},
        PatternCase{Pattern::url, "/a\nb"sv, false},
    };
    for (const PatternCase& c : cases) EXPECT_EQ(matches(c.pattern, c.text), c.fits) << testing::PrintToString(c.text);
    for (const Pattern p : {Pattern::any, Pattern::name, Pattern::identifier, Pattern::line, Pattern::url}) {
        EXPECT_FALSE(pattern_words(p).empty());
    }
}

TEST(NearestName, FindsLikelySlips) {
    constexpr std::array<std::string_view, 6> names{"max_length", "history", "listen", "on_demand", "p", "rotation"};
    EXPECT_EQ(nearest_name("max_lenght", names), "max_length") << "two neighbours swapped";
    EXPECT_EQ(nearest_name("maxlength", names), "max_length");
    EXPECT_EQ(nearest_name("Listen", names), "listen");
    EXPECT_EQ(nearest_name("LISTEN", names), "listen");
    EXPECT_EQ(nearest_name("histroy", names), "history");
    EXPECT_EQ(nearest_name("rotatoin", names), "rotation");
}

TEST(NearestName, SaysNothingWhenNothingIsNear) {
    constexpr std::array<std::string_view, 3> names{"max_length", "history", "p"};
    EXPECT_EQ(nearest_name("password", names), "");
    EXPECT_EQ(nearest_name("q", names), "") << "one letter replaced by another is no slip";
    EXPECT_EQ(nearest_name("", names), "");
    EXPECT_EQ(nearest_name("x", {}), "");
    EXPECT_EQ(nearest_name(std::string(100'000, 'a'), names), "");
}

}  // namespace
}  // namespace cairn
