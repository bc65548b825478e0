#include "core/config/yaml_reader.hpp"

#include "tests/core/config/reading.hpp"

namespace cairn::core {
namespace {

std::string place(const Document& d) {
    return std::to_string(d.mark().line) + ':' + std::to_string(d.mark().column);
}

TEST(YamlReader, ReadsTheUsualShapes) {
    const Reading r(R"(# a comment
name: main
count: 3
ratio: 0.5
on: true
quoted: "3"
single: 'it''s'
nothing:
tilde: ~
list: [1, two, "3"]
block:
  - a
  - b: 1
    c: 2
nested: {x: {y: [z]}}
text: |
  one
  two
folded: >
  one
  two
tagged: !!str 5
empty: ""
)");
    EXPECT_TRUE(r.report.empty()) << r.printed();
    EXPECT_EQ(
        r.json(),
        R"({"name":"main","count":3,"ratio":0.5,"on":true,"quoted":"3","single":"it's","nothing":null,"tilde":null,)"
        R"("list":[1,"two","3"],"block":["a",{"b":1,"c":2}],"nested":{"x":{"y":["z"]}},"text":"one\ntwo\n",)"
        R"("folded":"one two\n","tagged":"5","empty":""})");
}

TEST(YamlReader, RemembersPlaces) {
    const Reading r("plugins:\n  chat:\n  world: {max: 5}\n  äö: \"ü\" \nlist:\n  - é: x\n");
    const Document& plugins = r.root()["plugins"];
    EXPECT_EQ(place(plugins), "1:1") << "a block map stands where its key stands";
    EXPECT_EQ(place(plugins["chat"]), "2:3") << "a value that is not there stands where its key stands";
    EXPECT_EQ(place(plugins["world"]), "3:10") << "a flow map stands where its brace stands";
    EXPECT_EQ(place(plugins["world"]["max"]), "3:16");
    EXPECT_EQ(place(plugins["äö"]), "4:7") << "columns count characters, not bytes";
    EXPECT_EQ(plugins.members()[2].mark.column, 3u);
    EXPECT_EQ(place(r.root()["list"].items()[0]["é"]), "6:8");
}

TEST(YamlReader, PlacesOfEmptyItems) {
    const Reading r("a:\n  -\n  - b\n  -\nc:\n  - x:\n  -\n");
    const Document::List& a = r.root()["a"].items();
    ASSERT_EQ(a.size(), 3u);
    EXPECT_EQ(place(a[0]), "2:3");
    EXPECT_EQ(place(a[2]), "4:3");
    EXPECT_EQ(place(r.root()["c"].items()[0]["x"]), "6:5");
    EXPECT_EQ(place(r.root()["c"].items()[1]), "7:3");
}

TEST(YamlReader, QuotesMaySpanLines) {
    const Reading r("a: \"one\n  two \\\" three\"\nb: 'it''s\n  fine'\nc: \"\"\nd: ''''\n");
    EXPECT_TRUE(r.report.empty()) << r.printed();
    EXPECT_EQ(r.json(), R"({"a":"one two \" three","b":"it's fine","c":"","d":"'"})");
}

TEST(YamlReader, AnEmptyTextIsAnEmptyMap) {
    for (const char* text : {"", "# nothing\n", "---\n", "\n\n", "~", "\xEF\xBB\xBF"}) {
        const Reading r(text);
        EXPECT_TRUE(r.report.empty()) << r.printed();
        EXPECT_EQ(r.json(), "{}");
    }
    EXPECT_EQ(Reading("\xEF\xBB\xBF"
                      "a: 1")
                  .json(),
              R"({"a":1})");
    EXPECT_EQ(Reading("a: 1\r\nb: 2\r\n").json(), R"({"a":1,"b":2})");
}

struct WrongCase {
    const char* text;
    const char* problem;
};

TEST(YamlReader, ReportsWhatIsWrongWithItsPlace) {
    const WrongCase cases[] = {
        {"a: 1\nb: 2\na: 3\n", "3:1 a: this key stands twice; the first is in line 1"},
        {"a:\n  b: 1\n  c: 2\n  b: {x: 1}\n", "4:3 a.b: this key stands twice; the first is in line 2"},
        {"x: {a: 1, a: 2}\n", "1:11 x.a: this key stands twice; the first is in line 1"},
        {"a: &x 1\n", "1:4 a: anchors (&name) are not used here"},
        {"a: !foo 1\n", "1:4 a: the tag !foo is not used here"},
        {"a: !!binary x\n", "1:4 a: the tag tag:yaml.org,2002:binary is not used here"},
        {"a: !!map {}\n", "1:4 a: the tag tag:yaml.org,2002:map is not used here"},
        {"? [a]\n: b\n", "1:3 a key must be a word"},
        {"{[a]: b, c: 1}\n", "1:2 a key must be a word"},
        {"~: b\n", "1:1 a key must be a word"},
        {"a: 1\n---\nb: 2\n", "2:1 a second YAML document begins here"},
        {"- a\n- b\n", "1:1 a configuration is a map of keys and values"},
        {"just text\n", "1:1 a configuration is a map of keys and values"},
        {"a: ${NONE}\n", "1:4 a: the environment variable NONE is not set"},
        {"a: \"x\\0y\"\n", "1:4 a: text must not hold the character U+0000"},
        {"a: 1\nb: \"\xff\"\n", "2:1 this line is not valid UTF-8 text"},
        {"a: \"open\n", "1:4 a: this quote is never closed"},
        {"a: 1\nb:\n  c: \"x \\\" y\nd: 5\n", "3:6 b.c: this quote is never closed"},
        {"\"a: 1\nb: 2\n", "1:1 this quote is never closed"},
        {"x: {a: ${X}}\n", "1:8 ${X} needs quotes inside { } or [ ]: there YAML takes its brace for its own"},
        {"x: [1, ${X:-5}, 2]\n", "1:8 ${X:-5} needs quotes inside { } or [ ]: there YAML takes its brace for its own"},
        {"p:\n  q: {a: 1,\n      b: ${X}}\n",
         "3:10 ${X} needs quotes inside { } or [ ]: there YAML takes its brace for its own"},
    };
    for (const WrongCase& c : cases) {
        const Reading r(c.text);
        ASSERT_EQ(r.problems().size(), 1u) << c.text << r.printed();
        EXPECT_EQ(r.problems()[0], c.problem) << c.text;
        EXPECT_NE(r.report.problems()[0].cure, "") << c.text;
    }
}

TEST(YamlReader, ReportsSyntax) {
    for (const auto& [text, line] :
         {std::pair{"a: b: c\n", 1}, std::pair{"a:\n\t- b\n", 2}, std::pair{"ok: 1\na: [1, 2\n", 2},
          std::pair{"a: 'open", 1}, std::pair{"ok: 1\na: %x\n", 2}, std::pair{"a: 1\n b: 2\n", 2},
          std::pair{"a: }\n", 1}, std::pair{"a: *none\n", 1}}) {
        const Reading r(text);
        ASSERT_EQ(r.problems().size(), 1u) << text << r.printed();
        EXPECT_NE(r.problems()[0].find("this is not YAML"), std::string::npos) << r.problems()[0];
        EXPECT_GE(r.report.problems()[0].mark.line, 1u);
        EXPECT_LE(r.report.problems()[0].mark.line, static_cast<std::uint32_t>(line) + 1) << text;
    }
    EXPECT_NE(Reading("a:\n\t- b\n").report.problems()[0].cure.find("spaces"), std::string::npos);
}

TEST(YamlReader, AliasesCannotGrow) {
    // A billion laughs: small text, huge value.
    std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c < 'k'; ++c) {
        const char before = static_cast<char>(c - 1);
        text += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 9; ++i) text += std::string(i ? ", *" : "*") + before;
        text += "]\n";
    }
    const Reading r(text);
    EXPECT_FALSE(r.report.empty());
    EXPECT_LT(r.json().size(), 10'000u);
}

TEST(YamlReader, BoundsDepthAndCount) {
    const auto deep = [](std::size_t n) { return "a: " + std::string(n, '[') + std::string(n, ']') + "\n"; };
    EXPECT_TRUE(Reading(deep(31)).report.empty());
    EXPECT_NE(Reading(deep(32)).problems().at(0).find("nested more than 32 deep"), std::string::npos);
    EXPECT_FALSE(Reading(deep(5000)).report.empty());

    std::string many = "a:\n";
    for (int i = 0; i < 11'000; ++i) many += "- 1\n";
    const Reading r(many);
    ASSERT_EQ(r.problems().size(), 1u);
    EXPECT_NE(r.problems()[0].find("more than 10000 values"), std::string::npos);

    EXPECT_NE(Reading(std::string((1 << 20) + 1, '#')).problems().at(0).find("longer than 1MiB"), std::string::npos);
}

TEST(YamlReader, GoesOnAfterAProblem) {
    const Reading r("a: 1\na: 2\nb: ${NONE}\nc: !x 3\nd: 4\n");
    EXPECT_EQ(r.problems().size(), 3u);
    EXPECT_EQ(r.root()["d"].integer_or(0), 4);
    EXPECT_EQ(r.root()["a"].integer_or(0), 1) << "the first of two stays";
}

TEST(YamlReader, RandomTextNeverThrows) {
    std::uint32_t state = 12345;
    const auto next = [&state] {
        state = state * 1664525 + 1013904223;
        return state >> 8;
    };
    const std::vector<std::string> pieces{
        "a",       "b: ",  "- ",  "\n",   "\n  ", "[",      "]",   "{", "}",    ", ", ": ",    "\"",         "'",
        "${PORT}", "${X}", "&a ", "*a",   "!t ",  "!!str ", "|\n", ">", "#",    "? ", "---\n", "...\n",      "%",
        "\t",      "1",    "é",   "\xff", "~",    "<<",     "@",   "`", "\r\n", "!",  "!2",    "%YAML 1.2\n"};
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (std::size_t n = next() % 24; n > 0; --n) text += pieces[next() % pieces.size()];
        ASSERT_NO_THROW({
            const Reading r(text);
            ASSERT_TRUE(r.root().is_map());
            for (const Problem& problem : r.report.problems()) {
                const std::size_t lines = r.configuration->sources()[0].lines.size();
                ASSERT_LE(problem.mark.line, lines) << text;
            }
            r.printed();
        }) << text;
    }
}

TEST(SplitLines, KeepsWhatIsBetweenBreaks) {
    EXPECT_EQ(split_lines("a\nb\r\n\nc"), (std::vector<std::string>{"a", "b", "", "c"}));
    EXPECT_EQ(split_lines("a\n"), std::vector<std::string>{"a"});
    EXPECT_TRUE(split_lines("").empty());
}

}  // namespace
}  // namespace cairn::core
