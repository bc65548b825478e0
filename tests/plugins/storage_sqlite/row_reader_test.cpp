// Rows as JSON, taken apart without a copy: what SQLite's json_extract would give is what the columns get.
#include "plugins/storage_sqlite/row_reader.hpp"

#include "tests/plugins/storage_sqlite/store_fixture.hpp"

namespace cairn::storage_sqlite::test {
namespace {

using testing::ElementsAre;

/// "name=value" per member; ends with "!" when it was no whole object.
std::vector<std::string> members(std::string_view text) {
    RowReader reader(text);
    Member member;
    std::vector<std::string> found;
    while (reader.next(member)) found.push_back(std::string(member.name) + "=" + std::string(member.value));
    if (!reader.whole()) found.emplace_back("!");
    return found;
}

TEST(RowReader, FindsTheMembers) {
    EXPECT_THAT(members("{}"), ElementsAre());
    EXPECT_THAT(members(" { } "), ElementsAre());
    EXPECT_THAT(members(R"({"a":1,"b":"x\"y","c":{"d":[1,{}]},"e":null})"),
                ElementsAre("a=1", R"(b="x\"y")", R"(c={"d":[1,{}]})", "e=null"));
    EXPECT_THAT(members("\n{ \"a\" : -1.5e3 , \"b\" : [ true ] }\t"), ElementsAre("a=-1.5e3", "b=[ true ]"));
}

TEST(RowReader, WhatIsNoObjectIsNotWhole) {
    for (const std::string text :
         {"", " ", "5", "[]", "null", "\"a\"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}",
          "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1}x", "{\"a\":tru}", "{\"a\":01}", "{\"a\":\"\\x\"}",
          "{\"a\":\"\\u12\"}", "{\"a\":\"\n\"}", "{\"a\":[1}", "{\"a\":1}}", "{,\"a\":1}", "{\"a\":\"", "{\"a\":\"\\"}) {
        const std::vector<std::string> found = members(text);
        ASSERT_FALSE(found.empty()) << text;
        EXPECT_EQ(found.back(), "!") << text;
    }
}

TEST(RowReader, EveryCutOfARowIsNotWhole) {
    const std::string row = R"({"id":"a\u00e4","n":-12.5e+3,"t":true,"f":false,"z":null,"l":[1,[2],{"k":"v"}],"s":" "})";
    EXPECT_EQ(members(row).size(), 7);
    for (std::size_t size = 0; size < row.size(); ++size) {
        EXPECT_EQ(members(std::string(row, 0, size)).back(), "!") << size;
    }
}

TEST(RowReader, Unescapes) {
    std::string spare;
    EXPECT_EQ(unescaped("plain", spare), "plain");
    EXPECT_EQ(unescaped(R"(\"\\\/\b\f\n\r\t)", spare), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(unescaped(R"(a\u00e4\u20ACz)", spare), "a\xC3\xA4\xE2\x82\xACz");
    EXPECT_EQ(unescaped(R"(\ud83d\ude00)", spare), "\xF0\x9F\x98\x80");
    EXPECT_EQ(unescaped(R"(\ud83dx\ude00)", spare), "\xEF\xBF\xBDx\xEF\xBF\xBD") << "halves of pairs";
    EXPECT_EQ(unescaped(R"(\ud83d\u0041)", spare), "\xEF\xBF\xBD" "A");
    EXPECT_EQ(unescaped(R"(a\u0000b)", spare), std::string_view("a\0b", 3));
}

TEST(RowReader, TakesOutTheSpaceBetweenParts) {
    std::string spare;
    EXPECT_EQ(compacted(R"({"a":[1,2]})", spare), R"({"a":[1,2]})");
    EXPECT_EQ(compacted("{ \"a b\" : [1, \"\\\" \"]\n}", spare), "{\"a b\":[1,\"\\\" \"]}");
}

class RowValues : public StoreTest {
protected:
    void put(const std::string& text) { apply({Rows(things_).put_text(text)}); }
};

TEST_F(RowValues, AreWhatJsonExtractWouldGive) {
    open();
    // The members in another order, one that no column has, one twice, spaces.
    put(R"({"visible":true,"more":{"x":1},"id":"a","room":"r","count":7,"count":8,"weight":3,"position": [1, 2.50],)"
        R"("label":"x\ny\u00e4","extra":"text"})");
    const auto row = ask("SELECT label, count, weight, typeof(weight), visible, position, tags, extra FROM things");
    ASSERT_EQ(row.size(), 1);
    EXPECT_THAT(row[0], ElementsAre(Document("x\ny\xC3\xA4"), Document(7), Document(3.0), Document("real"), Document(1),
                                    Document("[1,2.50]"), Document(), Document("\"text\"")));
    put(R"({"room":"r","id":"b","count":12345678901234567,"weight":1e-3,"visible":false,"position":{},"extra":null})");
    EXPECT_THAT(ask("SELECT count, weight, visible, position, label, extra FROM things WHERE id = 'b'")[0],
                ElementsAre(Document(12345678901234567), Document(0.001), Document(0), Document("{}"), Document(),
                            Document()))
        << "nothing stays of the row before";
    put(R"({"room":"r","id":"c","count":2.0,"weight":123456789012345678901234567890,"visible":0,"position":"5"})");
    EXPECT_THAT(ask("SELECT count, weight, position FROM things WHERE id = 'c'")[0],
                ElementsAre(Document(2), Document(123456789012345678901234567890.0), Document("5")));
}

TEST_F(RowValues, AManyRowBatchIsRefusedForOneRowThatIsNoObject) {
    open();
    const std::string good = R"({"room":"r","id":"a","count":1,"weight":0,"visible":1,"position":[]})";
    for (const char* bad : {"", "[]", "5", R"({"room":"r")", R"({"room":"r"} {})"}) {
        const Error error = refusal([&] { apply({Rows(things_).put_text(good).put_text(bad)}); });
        EXPECT_EQ(error.code(), Code::conflict) << bad;
        EXPECT_EQ(one("SELECT count(*) FROM things"), Document(0)) << bad;
    }
    put(good);
    EXPECT_EQ(one("SELECT count(*) FROM things"), Document(1));
}

TEST_F(RowValues, KeysWithEscapesAreFoundAgainForErasing) {
    open();
    Thing thing;
    thing.room = "r";
    for (const std::string& id : {std::string("q\"\\\n"), std::string("\xF0\x9F\x98\x80"), std::string("nul\0l", 5)}) {
        thing.id = id;
        apply({Rows(things_).put(thing)});
        EXPECT_EQ(one("SELECT count(*) FROM things WHERE id = $1", {id}), Document(1));
        apply({Rows(things_).erase(thing)});
        EXPECT_EQ(one("SELECT count(*) FROM things"), Document(0));
    }
}

}  // namespace
}  // namespace cairn::storage_sqlite::test
