#include "core/config/problem_report.hpp"

#include "tests/core/config/reading.hpp"

namespace cairn::core {
namespace {

struct Printed {
    std::vector<ConfigSource> sources{{"a.yaml", {"first: 1", "\tten: x", "long: \"ü\" tail", "esc \x1b[31m"}},
                                      {"b.yaml", {"only: line"}}};
    ProblemReport report{&sources};
    std::string text(bool colour = false) const {
        std::ostringstream out;
        report.print(out, colour);
        return out.str();
    }
};

TEST(ProblemReport, PrintsPlaceLineCaretAndCure) {
    Printed p;
    p.report.add({0, 1, 8}, "first", "must be 2", "write 2");
    EXPECT_EQ(p.text(), "a.yaml:1:8: first: must be 2\n    first: 1\n           ^\n    write 2\n");
}

TEST(ProblemReport, SortsByPlace) {
    Printed p;
    p.report.add({}, "plugins", "nobody provides a store", "add storage_sqlite");
    p.report.add({1, 1, 1}, "only", "b");
    p.report.add({0, 3, 1}, "long", "c");
    p.report.add({0, 1, 8}, "first", "d");
    p.report.add({0, 1, 1}, "first", "e");
    std::vector<std::string> order;
    for (const Document& d : p.report.to_document().items()) order.emplace_back(d["message"].text());
    EXPECT_EQ(order, (std::vector<std::string>{"e", "d", "c", "b", "nobody provides a store"}));
    EXPECT_NE(p.text().find("\nplugins: nobody provides a store\n    add storage_sqlite\n"), std::string::npos);
}

TEST(ProblemReport, PutsTheCaretUnderTabsAndWideLetters) {
    Printed p;
    p.report.add({0, 2, 6}, "ten", "x");
    EXPECT_NE(p.text().find("    \tten: x\n    \t    ^\n"), std::string::npos) << p.text();
    Printed q;
    q.report.add({0, 3, 11}, "long", "x");
    EXPECT_NE(q.text().find("    long: \"ü\" tail\n              ^\n"), std::string::npos) << q.text();
}

TEST(ProblemReport, ShowsPartOfAVeryLongLine) {
    Printed p;
    std::string& wide = p.sources[0].lines[0];
    wide.assign(5000, 'a');
    wide.append("HERE").append(5000, 'b');
    p.report.add({0, 1, 5001}, "", "x");
    const std::string text = p.text();
    EXPECT_LT(text.size(), 600u);
    const std::size_t caret = text.find('^');
    const std::size_t line = text.find("HERE");
    ASSERT_NE(caret, std::string::npos);
    ASSERT_NE(line, std::string::npos);
    EXPECT_EQ(caret - (text.rfind('\n', caret) + 1), line - (text.rfind('\n', line) + 1));
}

TEST(ProblemReport, KeepsControlCharactersFromTheTerminal) {
    Printed p;
    p.report.add({0, 4, 1}, "esc\x1b", "bad\nline", "cure\x07");
    EXPECT_EQ(p.text().find('\x1b'), std::string::npos);
    EXPECT_EQ(p.text().find('\x07'), std::string::npos);
    EXPECT_NE(p.text(true).find("\x1b[31m"), std::string::npos) << "our own colours stay";
}

TEST(ProblemReport, BearsPlacesThatDoNotExist) {
    Printed p;
    for (const Mark mark : {Mark{7, 1, 1}, Mark{0, 99, 1}, Mark{0, 1, 9999}, Mark{0, 1, 0}, Mark{0, 0, 5}}) {
        p.report.add(mark, "x", "y", "z");
        EXPECT_NO_THROW(p.report.text_at(mark));
    }
    EXPECT_NE(p.text(), "");
    ProblemReport bare;
    bare.add({0, 3, 3}, "x", "y");
    std::ostringstream out;
    bare.print(out, false);
    EXPECT_EQ(out.str(), "x: y\n");
    EXPECT_TRUE(bare.has_problem_at({0, 3, 3}));
    EXPECT_FALSE(bare.has_problem_at({0, 3, 4}));
    EXPECT_FALSE(bare.has_problem_at({0, 0, 0}));
}

TEST(ProblemReport, AsADocument) {
    Printed p;
    p.report.add({0, 1, 8}, "first", "must be 2", "write 2");
    p.report.add({}, "", "general");
    EXPECT_EQ(p.report.to_document().to_json(),
              R"([{"file":"a.yaml","line":1,"column":8,"path":"first","message":"must be 2","cure":"write 2"},)"
              R"({"path":"","message":"general","cure":""}])");
}

}  // namespace
}  // namespace cairn::core
