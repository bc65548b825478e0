#include "tests/core/config/reading.hpp"
#include "tests/sdk/every_kind.hpp"

namespace cairn::core {
namespace {

using every_kind::Everything;

template <class T = Everything>
struct Filled : Reading {
    T value;
    explicit Filled(std::string_view text, std::vector<std::string> overrides = {})
        : Reading(text, std::move(overrides)) {
        check_and_fill(struct_type<T>(), root(), "p", &value, report);
    }
};

TEST(SchemaCheck, FillsEveryKind) {
    const Filled<> f(R"(
flag: true
tiny: -128
byte: 0xff
small: -32768
wide: 4294967295
big: -9223372036854775808
huge: 5
bounded: 20
switched: true
number: 7
ratio: 0.25
text: "any text"
named: Red Chair
short_text: äöüßé
choice: blue
wait: 1.5s
size: 64KiB
rate: 10/60s
at: [1, -2.5, 3e2]
in_box: [0, 0, 1000]
secret: {env: SECRET}
any: {a: [1, ~, x]}
list:
  - 1
  - 9
words: [a, b]
inners:
  - {x: 1, word: abcd}
  -
weights: {a: 0.5, b: 2}
by_name:
  k: {x: -5}
  l:
maybe: 3
maybe_at: [0, 0, 0]
maybe_list: [7]
inner: {word: yo}
checked: "yes"
)");
    ASSERT_TRUE(f.report.empty()) << f.printed();
    const Everything& e = f.value;
    EXPECT_TRUE(e.flag);
    EXPECT_EQ(e.tiny, -128);
    EXPECT_EQ(e.byte, 255);
    EXPECT_EQ(e.small, -32768);
    EXPECT_EQ(e.wide, 4294967295u);
    EXPECT_EQ(e.big, INT64_MIN);
    EXPECT_EQ(e.bounded, 20);
    EXPECT_EQ(e.switched, 42);
    EXPECT_EQ(e.number, 7);
    EXPECT_EQ(e.ratio, 0.25);
    EXPECT_EQ(e.short_text, "äöüßé");
    EXPECT_EQ(e.choice, "blue");
    EXPECT_EQ(e.wait.count(), 1500);
    EXPECT_EQ(e.size.value, 65536u);
    EXPECT_EQ(e.rate, (Rate{10, Duration(60'000)}));
    EXPECT_EQ(e.at, (Vec3{1, -2.5, 300}));
    EXPECT_EQ(e.secret.reveal(), "hunter2");
    EXPECT_EQ(e.any.to_json(), R"({"a":[1,null,"x"]})");
    EXPECT_EQ(e.list, (std::vector<int>{1, 9}));
    ASSERT_EQ(e.inners.size(), 2u);
    EXPECT_EQ(e.inners[0].word, "abcd");
    EXPECT_EQ(e.inners[1].x, 0) << "an empty item is a struct of defaults";
    EXPECT_EQ(e.weights.at("b"), 2);
    EXPECT_EQ(e.by_name.at("k").x, -5);
    EXPECT_EQ(e.by_name.count("l"), 1u);
    EXPECT_EQ(e.maybe, 3);
    EXPECT_EQ(e.maybe_list.value(), std::vector<int>{7});
    EXPECT_EQ(e.inner.word, "yo");
    EXPECT_EQ(e.checked, "yes");
}

TEST(SchemaCheck, NothingMeansDefaults) {
    for (const char* text : {"", "{}", "inner:\nlist:\nweights:\nmaybe:\n"}) {
        const Filled<> f(text);
        EXPECT_TRUE(f.report.empty()) << f.printed();
        EXPECT_EQ(f.value.bounded, 5);
        EXPECT_EQ(f.value.wait.count(), 1000);
        EXPECT_FALSE(f.value.maybe);
    }
    Everything e;
    ProblemReport report;
    check_and_fill(struct_type<Everything>(), Document(), "p", &e, report);
    EXPECT_TRUE(report.empty());
}

struct WrongCase {
    const char* text;
    const char* problem;
    const char* cure;  ///< a part of it
};

TEST(SchemaCheck, ReportsEveryMistakeWithPlaceAndCure) {
    const WrongCase cases[] = {
        {"boundde: 1\n", "1:1 p.boundde: there is no such key", "did you mean bounded?"},
        {"qqqqqqqq: 1\n", "1:1 p.qqqqqqqq: there is no such key", "the keys are flag, tiny"},
        {"inner: {y: 1}\n", "1:9 p.inner.y: there is no such key", "the keys are x, word"},
        {"flag: 1\n", "1:7 p.flag: must be true or false, it is the number 1", "it accepts true or false"},
        {"flag: yes\n", "1:7 p.flag: must be true or false, it is the text \"yes\"",
         "only true and false are switches"},
        {"flag: True\n", "1:7 p.flag: must be true or false, it is the text \"True\"",
         "only true and false are switches"},
        {"flag: \"true\"\n", "1:7 p.flag: must be true or false, it is the text \"true\"", "true"},
        {"flag:\n", "1:1 p.flag: has no value", "it accepts true or false"},
        {"flag: []\n", "1:7 p.flag: must be true or false, it is a list", "true or false"},
        {"tiny: 128\n", "1:7 p.tiny: 128 is out of range", "from -128 to 127"},
        {"byte: -1\n", "1:7 p.byte: -1 is out of range", "from 0 to 255"},
        {"wide: 4294967296\n", "1:7 p.wide: 4294967296 is out of range", "from 0 to 4294967295"},
        {"huge: -1\n", "1:7 p.huge: -1 is out of range", "0 or more"},
        {"bounded: 0\n", "1:10 p.bounded: 0 is out of range; it must be from 1 to 20", "a whole number from 1 to 20"},
        {"bounded: 2.5\n", "1:10 p.bounded: must be a whole number, it is the number 2.5",
         "a whole number from 1 to 20"},
        {"bounded: \"5\"\n", "1:10 p.bounded: must be a whole number, it is the text \"5\"",
         "write it without the quotes: 5"},
        {"bounded: 05\n", "1:10 p.bounded: must be a whole number, it is the text \"05\"", "a whole number"},
        {"bounded: true\n", "1:10 p.bounded: must be a whole number, it is the switch true", "a whole number"},
        {"switched: 101\n", "1:11 p.switched: 101 is out of range; it must be from 0 to 100",
         "or true (the same as 42)"},
        {"switched: on\n", "1:11 p.switched: must be a whole number, it is the text \"on\"",
         "only true and false are switches"},
        {"number: x\n", "1:9 p.number: must be a number, it is the text \"x\"", "it accepts a number"},
        {"number: .inf\n", "1:9 p.number: must be a number, it is the text \".inf\"", "a number"},
        {"ratio: 1.5\n", "1:8 p.ratio: 1.5 is out of range; it must be from 0 to 1", "a number from 0 to 1"},
        {"text: 5\n", "1:7 p.text: must be text, it is the number 5", "put it in quotes if text is meant: \"5\""},
        {"text: true\n", "1:7 p.text: must be text, it is the switch true", "\"true\""},
        {"text: no\n", "1:7 p.text: must be text, and no without quotes is a switch to some readers of YAML",
         "put it in quotes: \"no\""},
        {"text: {a: 1}\n", "1:7 p.text: must be text, it is a map", "it accepts text"},
        {"named: <b>\n", "1:8 p.named: must consist of letters a to z, digits, underscore, space and hyphen",
         "at most 255 characters"},
        {"short_text: a\n", "1:13 p.short_text: has 1 characters, at least 2 are needed", "of 2 to 5 characters"},
        {"short_text: abcdef\n", "1:13 p.short_text: has 6 characters, at most 5 are allowed", "of 2 to 5 characters"},
        {"choice: gren\n", "1:9 p.choice: \"gren\" is none of the choices",
         "did you mean green? It accepts one of red, green, blue"},
        {"choice: zzz\n", "1:9 p.choice: \"zzz\" is none of the choices", "it accepts one of red, green, blue"},
        {"wait: 5\n", "1:7 p.wait: must be a duration, it is the number 5", "write its unit too, for example 5s"},
        {"wait: 500\n", "1:7 p.wait: must be a duration, it is the number 500", "write its unit too, for example 500ms"},
        {"wait: 5 s\n", "1:7 p.wait: must be a duration, it is the text \"5 s\"", "a duration such as 100ms"},
        {"wait: 50ms\n", "1:7 p.wait: 50ms is out of range; it must be from 100ms to 1m", "from 100ms to 1m"},
        {"size: 2MiB\n", "1:7 p.size: 2MiB is out of range; it must be at most 1MiB", "at most 1MiB"},
        {"size: 5\n", "1:7 p.size: must be a size, it is the number 5", "for example 5KiB"},
        {"rate: 10\n", "1:7 p.rate: must be a rate, it is the number 10", "for example 10/60s"},
        {"rate: 2000/s\n", "1:7 p.rate: 2000 is out of range; its count must be at most 1000", "a rate such as"},
        {"at: [1, 2]\n", "1:5 p.at: must be a vector [x, y, z] of three numbers, it has 2", "a vector [x, y, z]"},
        {"at: [1, 2, x]\n", "1:5 p.at: must be a vector of three numbers, one of them is the text \"x\"", "a vector"},
        {"at: 5\n", "1:5 p.at: must be a vector [x, y, z], it is the number 5", "a vector"},
        {"in_box: [0, 0, 1001]\n", "1:9 p.in_box: 1001 is out of range; each component must be from -1000 to 1000",
         "a vector"},
        {"list: [1, 10]\n", "1:11 p.list[1]: 10 is out of range; it must be from 0 to 9", "it accepts"},
        {"list: [1, 2, 3, 4, 5]\n", "1:7 p.list: has 5 items, at most 4 are allowed", "a list of at most 4 items"},
        {"list: 5\n", "1:7 p.list: must be a list, it is the number 5", "a list"},
        {"words:\n  - a\n  - b c\n",
         "3:5 p.words[1]: must consist of letters a to z, digits and _ - . :", "it accepts"},
        {"words:\n  -\n", "2:3 p.words[0]: has no value", "it accepts"},
        {"inners:\n  - {x: 9}\n", "2:9 p.inners[0].x: 9 is out of range; it must be from -5 to 5", "a whole number"},
        {"inners: [5]\n", "1:10 p.inners[0]: must be a map of settings, it is the number 5", "the keys are x, word"},
        {"weights: {a: -1}\n", "1:14 p.weights.a: -1 is out of range; it must be at least 0", "it accepts a map"},
        {"weights: 5\n", "1:10 p.weights: must be a map, it is the number 5", "a map"},
        {"by_name: {k: {word: abcde}}\n", "1:21 p.by_name.k.word: has 5 characters, at most 4 are allowed",
         "text of at most 4"},
        {"maybe: 4\n", "1:8 p.maybe: 4 is out of range; it must be from 1 to 3", "or nothing"},
        {"maybe_list: []\n", "1:13 p.maybe_list: has 0 items, at least 1 are needed", "a list of 1 to 2 items"},
        {"inner: 5\n", "1:8 p.inner: must be a map of settings, it is the number 5", "the keys are x, word"},
        {"checked: \"no\"\n", "1:10 p.checked: must not be no", ""},
    };
    for (const WrongCase& c : cases) {
        const Filled<> f(c.text);
        ASSERT_EQ(f.problems().size(), 1u) << c.text << f.printed();
        EXPECT_EQ(f.problems()[0], c.problem) << c.text;
        EXPECT_NE(f.report.problems()[0].cure.find(c.cure), std::string::npos) << c.text << f.report.problems()[0].cure;
    }
}

TEST(SchemaCheck, QuotedExpansionsBecomeWhatIsWanted) {
    const Filled<> f(
        "{bounded: \"${NONE:-7}\", number: '${PORT}', flag: \"${SWITCH}\", text: \"${PORT}\", wait: \"${WAIT}\", "
        "named: \"${NAME}\"}\n");
    EXPECT_TRUE(f.report.empty()) << f.printed();
    EXPECT_EQ(f.value.bounded, 7);
    EXPECT_EQ(f.value.number, 8080);
    EXPECT_TRUE(f.value.flag);
    EXPECT_EQ(f.value.text, "8080");
    EXPECT_EQ(f.value.wait.count(), 5000);
    EXPECT_EQ(f.value.named, "main hall");
}

TEST(SchemaCheck, PlainExpansionsAreTypedByWhatTheyHold) {
    EXPECT_EQ(Filled<>("number: ${PORT}\n").value.number, 8080);
    EXPECT_EQ(Filled<>("text: ${DIGITS}\n").value.text, "007");
    const Filled<> wrong("text: ${PORT}\n");
    ASSERT_EQ(wrong.problems().size(), 1u);
    EXPECT_NE(wrong.report.problems()[0].cure.find("quotes"), std::string::npos);
    EXPECT_EQ(Filled<>("", {"bounded=\"${NONE:-3}\""}).value.bounded, 3);
}

TEST(SchemaCheck, AMissingVariableIsOneProblem) {
    const Filled<> f("bounded: ${NONE}\nlist: [\"${NONE}\"]\n");
    EXPECT_EQ(f.problems(), (std::vector<std::string>{"1:10 bounded: the environment variable NONE is not set",
                                                      "2:8 list[0]: the environment variable NONE is not set"}));
}

TEST(SchemaCheck, LeavesTheDefaultWhereAValueIsWrong) {
    const Filled<> f("bounded: 99\nmaybe: 9\nshort_text: x\nflag: true\n");
    EXPECT_EQ(f.problems().size(), 3u);
    EXPECT_EQ(f.value.bounded, 5);
    EXPECT_FALSE(f.value.maybe);
    EXPECT_EQ(f.value.short_text, "ab");
    EXPECT_TRUE(f.value.flag);
}

struct Needed {
    std::string url;
    int count = 1;
};
void describe(Fields<Needed>& f) {
    f(&Needed::url, "url", "where to go").required().matching(Pattern::url).example("https://example.org/");
    f(&Needed::count, "count", "how many");
}
struct Holder {
    Needed needed;
    std::vector<Needed> all;
};
void describe(Fields<Holder>& f) {
    f(&Holder::needed, "needed", "a struct");
    f(&Holder::all, "all", "structs");
}

TEST(SchemaCheck, NamesWhatIsMissing) {
    const Filled<Needed> top("count: 2\n");
    ASSERT_EQ(top.problems().size(), 1u);
    EXPECT_EQ(top.problems()[0], "1:1 p.url: is missing (where to go)");
    EXPECT_NE(top.report.problems()[0].cure.find("for example  url: https://example.org/"), std::string::npos);

    const Filled<Holder> nested("needed:\n  count: 2\nall:\n  - {count: 1}\n  - url: /x\n");
    EXPECT_EQ(nested.problems(), (std::vector<std::string>{"1:1 p.needed.url: is missing (where to go)",
                                                           "4:5 p.all[0].url: is missing (where to go)"}));
    EXPECT_EQ(Filled<Holder>("needed:\n").problems(),
              std::vector<std::string>{"1:1 p.needed.url: is missing (where to go)"});
    EXPECT_TRUE(Filled<Holder>("all: []\n").report.empty()) << "a struct that nobody opened keeps its defaults";
}

TEST(SchemaCheck, EightMistakesAreEightProblems) {
    const Filled<> f(R"(flag: yes
boundde: 3
tiny: 999
wait: 5
choice: gren
list: [1, x]
flag: true
at: [1, 2]
)");
    EXPECT_EQ(f.problems().size(), 8u) << f.printed();
    const std::string text = f.printed();
    for (const Problem& problem : f.report.problems()) {
        EXPECT_NE(problem.mark.line, 0u);
        EXPECT_NE(problem.cure, "");
        EXPECT_NE(text.find("file.yaml:" + std::to_string(problem.mark.line) + ':' +
                            std::to_string(problem.mark.column) + ": " + problem.path + ": "),
                  std::string::npos);
    }
}

TEST(SchemaCheck, NothingIsSecretInPlainSight) {
    const Filled<> f("secret: topsecretword\ntext: 5\n");
    for (const Problem& problem : f.report.problems())
        EXPECT_EQ((problem.message + problem.cure).find("topsecret"), std::string::npos);
}

TEST(SchemaCheck, WorksWithoutSources) {
    ProblemReport report;
    Everything e;
    check_and_fill(struct_type<Everything>(), Document{{"text", "no"}, {"bounded", 3}, {"wait", "5s"}, {"tiny", 1000}},
                   "p", &e, report);
    ASSERT_EQ(report.problems().size(), 1u);
    EXPECT_EQ(report.problems()[0].path, "p.tiny");
    EXPECT_EQ(e.text, "no") << "only a source can tell that quotes are missing";
    EXPECT_EQ(e.bounded, 3);
}

}  // namespace
}  // namespace cairn::core
