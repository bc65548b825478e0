#include "core/config/expansion.hpp"

#include "tests/core/config/reading.hpp"

namespace cairn::core {
namespace {

TEST(PlainScalars, FollowTheCoreSchema) {
    const std::pair<const char*, Document> cases[] = {
        {"", {}},
        {"~", {}},
        {"null", {}},
        {"NULL", {}},
        {"true", true},
        {"false", false},
        {"True", "True"},
        {"TRUE", "TRUE"},
        {"yes", "yes"},
        {"no", "no"},
        {"on", "on"},
        {"Off", "Off"},
        {"0", 0},
        {"-0", 0},
        {"12", 12},
        {"-12", -12},
        {"+12", 12},
        {"0x1F", 31},
        {"0o17", 15},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", 9223372036854775808.0},
        {"1.5", 1.5},
        {"-1.5e3", -1500.0},
        {".5", 0.5},
        {"1.", 1.0},
        {"1e3", 1000.0},
        {"0640", "0640"},
        {"007", "007"},
        {"0x", "0x"},
        {"0xZZ", "0xZZ"},
        {"0x-5", "0x-5"},
        {"-0x5", "-0x5"},
        {"0o8", "0o8"},
        {".inf", ".inf"},
        {".nan", ".nan"},
        {"inf", "inf"},
        {"nan", "nan"},
        {"1e999", "1e999"},
        {"1_000", "1_000"},
        {"12:30:45", "12:30:45"},
        {"1.2.3", "1.2.3"},
        {"127.0.0.1:8080", "127.0.0.1:8080"},
        {"-", "-"},
        {"+", "+"},
        {".", "."},
        {"--5", "--5"},
        {"+-5", "+-5"},
        {"5s", "5s"},
        {"10/60s", "10/60s"},
    };
    for (const auto& [text, value] : cases) {
        const Document read = plain_scalar(text);
        EXPECT_EQ(read.type(), value.type()) << text;
        EXPECT_EQ(read, value) << text;
    }
}

struct ExpandCase {
    const char* scalar;
    const char* text;
    bool sole;
};

TEST(Expansion, ReplacesVariables) {
    ProblemReport report;
    report.set_environment(Reading::with_environment().environment);
    for (const ExpandCase& c :
         {ExpandCase{"plain $ text }", "plain $ text }", false}, ExpandCase{"${PORT}", "8080", true},
          ExpandCase{"a${PORT}b${NAME}", "a8080bmain hall", false}, ExpandCase{"${NONE:-x y}", "x y", true},
          ExpandCase{"${EMPTY:-x}", "x", true}, ExpandCase{"${EMPTY}", "", true}, ExpandCase{"${NONE:-}", "", true},
          ExpandCase{"$${PORT}", "${PORT}", false}, ExpandCase{"${PORT:-1}", "8080", true},
          ExpandCase{"$PORT", "$PORT", false}, ExpandCase{"${PORT} ", "8080 ", false},
          ExpandCase{"${PORT}${PORT}", "80808080", false}, ExpandCase{"${NONE:-a:-b}", "a:-b", true}}) {
        const Expanded e = expand(c.scalar, report);
        EXPECT_EQ(e.wrong, "") << c.scalar;
        EXPECT_EQ(e.text, c.text) << c.scalar;
        EXPECT_EQ(e.sole, c.sole) << c.scalar;
    }
}

TEST(Expansion, SaysWhatIsWrong) {
    ProblemReport report;
    report.set_environment(Reading::with_environment().environment);
    for (const auto& [scalar, part] :
         {std::pair{"${NONE}", "NONE is not set"}, std::pair{"${", "not closed"}, std::pair{"${PORT", "not closed"},
          std::pair{"${}", "names no environment variable"}, std::pair{"${1X}", "names no environment variable"},
          std::pair{"${a b}", "names no environment variable"}, std::pair{"${PORT-1}", "names no environment variable"},
          std::pair{"${NONE:-${PORT}}", "cannot hold another"}, std::pair{"${BROKEN}", "not valid UTF-8"}}) {
        const Expanded e = expand(scalar, report);
        EXPECT_NE(e.wrong.find(part), std::string::npos) << scalar << ": " << e.wrong;
        EXPECT_NE(e.cure, "") << scalar;
    }
}

TEST(Expansion, HappensAfterParsing) {
    // What a variable holds is never read as YAML.
    const Reading r("a: ${TRICK}\nb: \"${TRICK}\"\nc: x-${PORT}\nd: ${PORT}\ne: '${PORT}'\nf: |\n  line ${PORT}\n");
    EXPECT_TRUE(r.report.empty()) << r.printed();
    EXPECT_EQ(r.json(), R"({"a":"a: [b","b":"a: [b","c":"x-8080","d":8080,"e":"8080","f":"line 8080\n"})");
}

TEST(Expansion, KeysAreNotExpanded) {
    const Reading r("${PORT}: 1\n");
    EXPECT_EQ(r.json(), R"({"${PORT}":1})");
}

TEST(Expansion, NamesTheLineOfAMissingVariable) {
    const Reading r("a: 1\nb:\n  c: \"x ${NOT_THERE} y\"\n  d: ${NOR_THIS}\n");
    EXPECT_EQ(r.problems(), (std::vector<std::string>{"3:6 b.c: the environment variable NOT_THERE is not set",
                                                      "4:6 b.d: the environment variable NOR_THIS is not set"}));
}

}  // namespace
}  // namespace cairn::core
