// What is written from descriptions: accepted forms, explanations, reference pages, schemas.
#include "tests/core/config/reading.hpp"
#include "tests/sdk/every_kind.hpp"

namespace cairn::core {
namespace {

using every_kind::Everything;

struct Tree {
    std::string name;
    std::vector<Tree> children;
};
void describe(Fields<Tree>& f) {
    f(&Tree::name, "name", "of this branch").required();
    f(&Tree::children, "children", "further branches");
}

const Field& field(const char* name) {
    return *struct_type<Everything>().find(name);
}

TEST(AcceptedForm, SaysWhatFits) {
    const std::pair<const char*, const char*> cases[] = {
        {"flag", "true or false"},
        {"tiny", "a whole number from -128 to 127"},
        {"byte", "a whole number from 0 to 255"},
        {"wide", "a whole number from 0 to 4294967295"},
        {"big", "a whole number"},
        {"huge", "a whole number, 0 or more"},
        {"bounded", "a whole number from 1 to 20"},
        {"switched", "a whole number from 0 to 100, or true (the same as 42) or false (the same as 0)"},
        {"ratio", "a number from 0 to 1"},
        {"text", "text"},
        {"short_text", "text of 2 to 5 characters"},
        {"choice", "one of red, green, blue"},
        {"wait", "a duration such as 100ms, 2s, 5m or 24h, from 100ms to 1m"},
        {"size", "a size such as 512B, 64KiB or 50MiB, at most 1MiB"},
        {"rate", "a rate such as 10/60s or 20/s, its count at most 1000"},
        {"in_box", "a vector [x, y, z] of three numbers, each from -1000 to 1000"},
        {"secret", "a secret: {env: NAME} or {file: path}"},
        {"any", "any value"},
        {"list", "a list of at most 4 items, each item a whole number from 0 to 9"},
        {"weights", "a map, each value a number at least 0"},
        {"maybe", "a whole number from 1 to 3, or nothing"},
        {"maybe_list", "a list of 1 to 2 items, each item a whole number from -2147483648 to 2147483647, or nothing"},
        {"inner", "a map with the keys x, word"},
    };
    for (const auto& [name, form] : cases) EXPECT_EQ(accepted_form(field(name)), form) << name;
}

TEST(ExplainField, TellsTheWholeStory) {
    const Reading r("plugins:\n  p:\n    bounded: 7\n");
    const Everything standard;
    const std::string text = explain_field(field("bounded"), &standard.bounded, "plugins.p.bounded",
                                           r.configuration->at("plugins.p.bounded"), r.configuration->sources());
    EXPECT_EQ(text,
              "plugins.p.bounded\n"
              "  from 1 to 20\n"
              "  accepts   a whole number from 1 to 20\n"
              "  default   5\n"
              "  effective after a restart\n"
              "  value     7\n"
              "  from      file.yaml:3:14\n");
    const std::string unset =
        explain_field(field("wait"), &standard.wait, "p.wait", nullptr, r.configuration->sources());
    EXPECT_NE(unset.find("default   1s\n"), std::string::npos) << unset;
    EXPECT_NE(unset.find("not set; the default holds"), std::string::npos);
}

TEST(ExplainField, NeverShowsASecret) {
    const Reading r("secret: \"${SECRET}\"\n");
    Everything standard;
    standard.secret = Secret("hunter2");
    const std::string text = explain_field(field("secret"), &standard.secret, "secret", r.configuration->at("secret"),
                                           r.configuration->sources());
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_NE(text.find("value     (secret)"), std::string::npos) << text;
}

TEST(ReferencePage, HasARowForEachSetting) {
    const std::string page = reference_page("Everything", "plugins.everything", struct_type<Everything>());
    EXPECT_TRUE(page.starts_with("# Everything\n"));
    for (const Field& f : struct_type<Everything>().fields)
        EXPECT_NE(page.find("\n| `" + f.name + "` | "), std::string::npos) << f.name;
    EXPECT_NE(page.find("| `bounded` | a whole number from 1 to 20 | `5` | restart | from 1 to 20 |"),
              std::string::npos)
        << page;
    EXPECT_NE(page.find("| `inner.x` | a whole number from -5 to 5 | `0` |"), std::string::npos);
    EXPECT_NE(page.find("| `inners[].word` |"), std::string::npos);
    EXPECT_NE(page.find("| `by_name.<name>.x` |"), std::string::npos);
    EXPECT_NE(page.find("| `rate` | a rate such as 10/60s or 20/s, its count at most 1000 | `10/s` |"),
              std::string::npos);
    EXPECT_NE(reference_page("T", "t", StructType{}).find("nothing to set"), std::string::npos);
}

TEST(ReferencePage, EndsForStructsThatHoldThemselves) {
    const std::string page = reference_page("Tree", "tree", struct_type<Tree>());
    EXPECT_NE(page.find("| `children[].children[].name` | text | required |"), std::string::npos);
    EXPECT_LT(page.size(), 20'000u);
    EXPECT_LT(json_schema(struct_type<Tree>()).to_json().size(), 20'000u);
}

struct Fixed {
    int version = 1;
};
void describe(Fields<Fixed>& f) {
    f(&Fixed::version, "version", "of the format").between(1, 1);
}

TEST(AcceptedForm, OneValueOnly) {
    EXPECT_EQ(accepted_form(struct_type<Fixed>().fields[0]), "a whole number, exactly 1");
    Reading r("version: 2\n");
    Fixed fixed;
    check_and_fill(struct_type<Fixed>(), r.root(), "", &fixed, r.report);
    EXPECT_EQ(r.problems(), std::vector<std::string>{"1:10 version: 2 is out of range; it must be exactly 1"});
}

TEST(SettingsDocument, ReadsBackAsTheSameSettings) {
    Everything e;
    e.wait = Duration(1500);
    e.size = Bytes{65536};
    e.rate = Rate{5, Duration(60'000)};
    e.named = "yes";
    e.list = {1, 2};
    e.inners = {{1, "ab"}};
    e.by_name["k"] = {2, "no"};
    e.at = {1, 2.5, -3};
    e.maybe = 2;
    e.secret = Secret("hunter2");
    const Document shown = settings_document(struct_type<Everything>(), &e);
    EXPECT_EQ(shown["wait"].text(), "1500ms");
    EXPECT_EQ(shown["size"].text(), "64KiB");
    EXPECT_EQ(shown["rate"].text(), "5/m");
    EXPECT_EQ(shown.to_json().find("hunter2"), std::string::npos);
    EXPECT_EQ(shown["secret"].text(), "***");

    Document without = shown;
    without.remove("secret");
    Reading r(without.to_json());  // JSON is YAML
    Everything back;
    check_and_fill(struct_type<Everything>(), r.root(), "", &back, r.report);
    EXPECT_TRUE(r.report.empty()) << r.printed();
    back.secret = e.secret;
    EXPECT_EQ(settings_document(struct_type<Everything>(), &back), shown);
}

TEST(JsonSchema, DescribesTheYamlForms) {
    const Document schema = json_schema(struct_type<Everything>());
    EXPECT_EQ(schema["additionalProperties"], Document(false));
    const Document& p = schema["properties"];
    EXPECT_EQ(p.size(), struct_type<Everything>().fields.size());
    EXPECT_EQ(p["flag"]["type"].text(), "boolean");
    EXPECT_EQ(p["bounded"]["minimum"], Document(1));
    EXPECT_EQ(p["bounded"]["maximum"], Document(20));
    EXPECT_EQ(p["bounded"]["default"], Document(5));
    EXPECT_EQ(p["huge"]["minimum"], Document(0));
    EXPECT_EQ(p["short_text"]["minLength"], Document(2));
    EXPECT_EQ(p["choice"]["enum"].to_json(), R"(["red","green","blue"])");
    EXPECT_EQ(p["wait"]["default"].text(), "1s");
    EXPECT_EQ(p["switched"]["anyOf"].size(), 2u);
    EXPECT_EQ(p["in_box"]["items"]["maximum"], Document(1000));
    EXPECT_EQ(p["in_box"]["maxItems"], Document(3));
    EXPECT_EQ(p["secret"]["anyOf"].items()[0]["required"].to_json(), R"(["env"])");
    EXPECT_EQ(p["list"]["maxItems"], Document(4));
    EXPECT_EQ(p["weights"]["additionalProperties"]["minimum"], Document(0));
    EXPECT_EQ(p["inner"]["properties"]["word"]["maxLength"], Document(4));
    EXPECT_EQ(p["maybe"]["anyOf"].items()[1]["type"].text(), "null");
    EXPECT_EQ(json_schema(struct_type<Tree>())["required"].to_json(), R"(["name"])");
    EXPECT_EQ(Document::parse_json(schema.to_json()), schema);
}

}  // namespace
}  // namespace cairn::core
