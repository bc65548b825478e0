#include "core/app/exchange_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/app/json_cursor.hpp"
#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<ExchangeSection> sections() {
    ExchangeSection objects;
    objects.name = "objects";
    ExchangeSection messages;
    messages.name = "messages";
    messages.also = {"chatHistory"};
    messages.list = true;
    return {objects, messages};
}

class ExchangeFileTest : public ::testing::Test {
protected:
    ExchangeFile file(const std::string& text, std::size_t most = 1u << 20) {
        return ExchangeFile(scratch_.write("world.json", text), sections_, most);
    }
    /// "id=entry" of each, in order.
    std::vector<std::string> entries(const ExchangeFile& file, std::size_t section) {
        std::vector<std::string> found;
        file.each(sections_[section],
                  [&](const std::string& id, const Document& entry) { found.push_back(id + "=" + entry.to_json()); });
        return found;
    }
    std::string problem(const std::string& text, std::size_t most = 1u << 20) {
        try {
            const ExchangeFile read = file(text, most);
            for (std::size_t i = 0; i < sections_.size(); ++i) entries(read, i);
        } catch (const Error& error) {
            return error.what();
        }
        return "none";
    }

    Scratch scratch_;
    std::vector<ExchangeSection> sections_ = sections();
};

TEST_F(ExchangeFileTest, BothShapesAreRead) {
    const ExchangeFile pairs =
        file(R"({"objects":[["a",{"x":1}],["b",{}]],"messages":[{"m":"\"]},["}],"timestamp":"now"})");
    EXPECT_THAT(entries(pairs, 0), ElementsAre(R"(a={"x":1})", "b={}"));
    EXPECT_THAT(entries(pairs, 1), ElementsAre(R"(={"m":"\"]},["})"));
    const ExchangeFile maps =
        file("\xEF\xBB\xBF { \"chatHistory\" : [ ] ,\n\"objects\": {\"a\\u0062\": {\"x\" : [1,{\"y\":2}]}} } \n");
    EXPECT_THAT(entries(maps, 0), ElementsAre(R"(ab={"x":[1,{"y":2}]})"));
    EXPECT_TRUE(entries(maps, 1).empty());
    EXPECT_TRUE(file("{}").space().is_null());
    EXPECT_EQ(file(R"({"space":{"name":"main"}})").space()["name"].text(), "main");
}

TEST_F(ExchangeFileTest, WhatIsNoJsonIsNamedWithItsPlace) {
    EXPECT_THAT(problem("[]"), AllOf(HasSubstr("world.json: "), HasSubstr("expected {")));
    EXPECT_THAT(problem("{\n\"objects\": [\n"), AllOf(HasSubstr("line 3"), HasSubstr("is not closed")));
    EXPECT_THAT(problem("{\"objects\": {}} x"), HasSubstr("line 1, column 17"));
    EXPECT_THAT(problem(R"({"objects":{"a":{"x":tru}}})"), AllOf(HasSubstr("objects[\"a\"]"), HasSubstr("line 1")));
    EXPECT_THAT(problem(R"({"objects": {"a" {}}})"), HasSubstr("expected :"));
    EXPECT_THAT(problem(R"({"objects": {"a": {},}})"), HasSubstr("nothing behind it"));
    EXPECT_THAT(problem(R"({"objects" 1})"), HasSubstr("expected :"));
    EXPECT_THAT(problem(R"({"objects": "abc)"), HasSubstr("does not end"));
    EXPECT_THAT(problem("{\"objects\": " + std::string(300, '[') + std::string(300, ']') + "}"), HasSubstr("nested"));
    EXPECT_THAT(problem(""), HasSubstr("expected {"));
}

TEST_F(ExchangeFileTest, WhatHasAnotherFormIsNamed) {
    EXPECT_THAT(problem(R"({"objects":[["a"]]})"), HasSubstr("objects[0]: expected a pair"));
    EXPECT_THAT(problem(R"({"objects":[["a",{},1]]})"), HasSubstr("more than a pair"));
    EXPECT_THAT(problem(R"({"objects":[["a",{}],{"id":1}]})"), HasSubstr("objects[1]: expected a pair"));
    EXPECT_THAT(problem(R"({"objects":[[7,{}]]})"), HasSubstr("the id must be a text"));
    EXPECT_THAT(problem(R"({"objects":[["a",5]]})"), HasSubstr("objects[0]: must be an object"));
    EXPECT_THAT(problem(R"({"objects":7})"), HasSubstr("expected a list of pairs"));
    EXPECT_THAT(problem(R"({"messages":{"a":{}}})"), HasSubstr("messages: expected a list"));
    EXPECT_THAT(problem(R"({"objcts":[]})"), HasSubstr("did you mean \"objects\"?"));
    EXPECT_THAT(problem(R"({"messages":[],"chatHistory":[]})"), HasSubstr("are the same section"));
    EXPECT_THAT(problem(R"({"objects":[]})", 10), HasSubstr("is larger than 10B"));
    EXPECT_THROW(ExchangeFile("/nowhere.json", sections_, 10), Error);
}

TEST_F(ExchangeFileTest, WhatAPluginRefusesSaysWhichEntryAndMember) {
    const ExchangeFile read = file(R"({"objects":[["a",{}],["b",{}]]})");
    try {
        read.each(sections_[0], [](const std::string& id, const Document&) {
            if (id == "b") throw Error(Code::invalid_field, "must be a number").at("position.x");
        });
        FAIL() << "not refused";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "world.json: objects[1].position.x: must be a number");
    }
}

TEST_F(ExchangeFileTest, WhatIsWrittenIsReadAgain) {
    for (const ExchangeShape shape : {ExchangeShape::entries, ExchangeShape::objects}) {
        const std::string path = (scratch_.path() / "out.json").string();
        {
            ExchangeWriter writer(path, shape);
            writer.member("space", {{"name", "main"}});
            writer.begin(sections_[0]);
            writer.entry("a \"quoted\" one", {{"x", 1}});
            writer.entry("b", {{"y", "</script>"}});
            writer.end();
            writer.begin(sections_[1]);
            writer.end();
            EXPECT_FALSE(std::filesystem::exists(path)) << "not before it is whole";
            writer.finish();
        }
        const ExchangeFile read(path, sections_, 1u << 20);
        EXPECT_EQ(read.space()["name"].text(), "main");
        EXPECT_EQ(entries(read, 0).size(), 2u);
        EXPECT_THAT(entries(read, 0)[0], HasSubstr("a \"quoted\" one={\"x\":1}"));
        EXPECT_TRUE(read.has(sections_[1]));
        EXPECT_THAT(read_bytes(path), HasSubstr(shape == ExchangeShape::entries ? "\"messages\"" : "\"chatHistory\""));
        std::filesystem::remove(path);
    }
}

TEST_F(ExchangeFileTest, WhatIsNotFinishedLeavesNothing) {
    const std::string path = (scratch_.path() / "out.json").string();
    { ExchangeWriter writer(path, ExchangeShape::entries); }
    EXPECT_TRUE(std::filesystem::is_empty(scratch_.path()));
    EXPECT_THROW(ExchangeWriter("/nowhere/at/all.json", ExchangeShape::entries), std::runtime_error);
}

}  // namespace
}  // namespace cairn::core::test
