#include <cairn/document.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include <cairn/error.hpp>

namespace cairn {
namespace {

TEST(Document, HoldsEachType) {
    EXPECT_TRUE(Document().is_null());
    EXPECT_TRUE(Document(nullptr).is_null());
    EXPECT_TRUE(Document(true).is_boolean());
    EXPECT_TRUE(Document(7).is_integer());
    EXPECT_TRUE(Document(7).is_number());
    EXPECT_TRUE(Document(7.5).is_number());
    EXPECT_FALSE(Document(7.5).is_integer());
    EXPECT_TRUE(Document("text").is_text());
    EXPECT_TRUE(Document::list().is_list());
    EXPECT_TRUE(Document::map().is_map());
    EXPECT_EQ(Document(std::uint8_t{200}).integer_or(0), 200);
}

TEST(Document, GivesTheOtherValueForAnotherType) {
    EXPECT_EQ(Document("x").integer_or(5), 5);
    EXPECT_EQ(Document(1.5).integer_or(5), 5);
    EXPECT_EQ(Document(3).number_or(0), 3.0);
    EXPECT_EQ(Document(true).number_or(2.5), 2.5);
    EXPECT_TRUE(Document(1).boolean_or(true));
    EXPECT_EQ(Document(1).text(), "");
    EXPECT_TRUE(Document(1).items().empty());
    EXPECT_TRUE(Document(1).members().empty());
    EXPECT_EQ(Document(1).size(), 0u);
    EXPECT_EQ(Document(1).find("a"), nullptr);
    EXPECT_TRUE(Document(1)["a"].is_null());
}

TEST(Document, MapsKeepTheirOrder) {
    Document d{{"z", 1}, {"a", "two"}};
    d.set("m", true).set("z", 9);
    EXPECT_EQ(d.to_json(), R"({"z":9,"a":"two","m":true})");
    EXPECT_TRUE(d.remove("a"));
    EXPECT_FALSE(d.remove("a"));
    EXPECT_FALSE(Document(1).remove("a"));
    EXPECT_EQ(d.to_json(), R"({"z":9,"m":true})");
}

TEST(Document, ANullBecomesWhatIsPutIntoIt) {
    Document list;
    list.push(1).push("b");
    EXPECT_EQ(list.to_json(), R"([1,"b"])");
    Document map;
    map.set("k", list);
    EXPECT_EQ(map.to_json(), R"({"k":[1,"b"]})");
}

TEST(Document, CopiesShareUntilOneChanges) {
    Document a{{"k", Document::list({1, 2})}};
    Document b = a;
    b.set("k", 5);
    EXPECT_EQ(a.to_json(), R"({"k":[1,2]})");
    EXPECT_EQ(b.to_json(), R"({"k":5})");
    Document c = a;
    c.remove("k");
    EXPECT_EQ(a.size(), 1u);
    Document list = Document::list({1});
    const Document other = list;
    list.push(2);
    EXPECT_EQ(other.size(), 1u);
}

TEST(Document, SetMayTakeItsOwnPart) {
    Document a{{"k", 1}};
    a.set("self", a);
    EXPECT_EQ(a.to_json(), R"({"k":1,"self":{"k":1}})");
}

TEST(Document, PartsOfATemporaryMayBeWalked) {
    int sum = 0;
    for (const Document& item : Document::parse_json("[1,2,3]").items()) sum += static_cast<int>(item.integer_or(0));
    std::string keys;
    for (const Document::Member& member : Document::parse_json(R"({"a":1,"b":2})").members()) keys += member.key;
    const Document& part = Document::parse_json(R"({"a":[7]})")["a"];
    EXPECT_EQ(sum, 6);
    EXPECT_EQ(keys, "ab");
    EXPECT_EQ(part.to_json(), "[7]");
}

TEST(Document, EqualityIsOfValues) {
    EXPECT_EQ(Document(1), Document(1.0));
    EXPECT_FALSE(Document(1) == Document("1"));
    EXPECT_EQ((Document{{"a", 1}, {"b", 2}}), (Document{{"b", 2}, {"a", 1}}));
    EXPECT_FALSE((Document{{"a", 1}}) == (Document{{"a", 1}, {"b", 2}}));
    EXPECT_FALSE((Document{{"a", 1}}) == (Document{{"b", 1}}));
    EXPECT_FALSE(Document::list({1, 2}) == Document::list({2, 1}));
    Document marked(1);
    marked.set_mark({1, 2, 3});
    EXPECT_EQ(marked, Document(1));
    EXPECT_EQ(marked.mark().column, 3u);
}

TEST(Document, ParsesEachKind) {
    const Document d = Document::parse_json(
        R"( {"n":null,"t":true,"f":false,"i":-5,"r":1.25,"e":1e3,"s":"aé\u00e9\ud83d\ude00\n","l":[1,[2,[]]],"m":{"x":{}}} )");
    EXPECT_TRUE(d["n"].is_null());
    EXPECT_TRUE(d["t"].boolean_or(false));
    EXPECT_EQ(d["i"].integer_or(0), -5);
    EXPECT_EQ(d["r"].number_or(0), 1.25);
    EXPECT_TRUE(d["e"].is_number());
    EXPECT_EQ(d["s"].text(), "aéé\xF0\x9F\x98\x80\n");
    EXPECT_EQ(d["l"].to_json(), "[1,[2,[]]]");
    EXPECT_EQ(d["m"].to_json(), R"({"x":{}})");
}

TEST(Document, ParsesScalarsAtTheRoot) {
    EXPECT_EQ(Document::parse_json("5"), Document(5));
    EXPECT_EQ(Document::parse_json(" \"x\" ").text(), "x");
    EXPECT_TRUE(Document::parse_json("null").is_null());
    EXPECT_EQ(Document::parse_json("true"), Document(true));
    EXPECT_EQ(Document::parse_json("9223372036854775807").integer_or(0), INT64_MAX);
    EXPECT_EQ(Document::parse_json("9223372036854775808").number_or(0), 9223372036854775808.0);
    EXPECT_EQ(Document::parse_json("123456789012345678901234").number_or(0), 123456789012345678901234.0);
}

TEST(Document, RefusesWhatIsNotOneJsonValue) {
    for (const char* bad : {"",
                            " ",
                            "nul",
                            "nulll",
                            "tru",
                            "truex",
                            "falsy",
                            "{",
                            "}",
                            "[",
                            "]",
                            "[1",
                            "[1,]",
                            "[,1]",
                            "[1 2]",
                            "{\"a\"}",
                            "{\"a\":}",
                            "{\"a\":1,}",
                            "{a:1}",
                            "{'a':1}",
                            "{\"a\" 1}",
                            "1 2",
                            "1,2",
                            "1],[2",
                            "[1]]",
                            "[[1]",
                            "{}{}",
                            "[]x",
                            "x",
                            "01",
                            "-",
                            "+1",
                            "1.",
                            ".5",
                            "1e",
                            "1e+",
                            "0x1",
                            "NaN",
                            "Infinity",
                            "1e999",
                            "\"",
                            "\"a",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"\\ud800\"",
                            "\"\\udc00\"",
                            "\"\\ud800x\"",
                            "\"\n\"",
                            "\"\\u0000\"",
                            "// c\n1",
                            "{\"a\":1,\"a\":2}",
                            "{\"a\":1,\"\\u0061\":2}",
                            "\"\xff\"",
                            "[1}",
                            "{]",
                            "[\"a\":1]"}) {
        EXPECT_THROW(Document::parse_json(bad), Error) << bad;
    }
}

TEST(Document, BoundsTheDepth) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_NO_THROW(Document::parse_json(nested(64)));
    EXPECT_THROW(Document::parse_json(nested(65)), Error);
    EXPECT_THROW(Document::parse_json(nested(100'000)), Error);
    EXPECT_THROW(Document::parse_json(std::string(100'000, '[')), Error);
}

TEST(Document, NamesThePlaceOfAMistake) {
    try {
        Document::parse_json(R"({"list":[{"x":"\ud800"}]})");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.field(), "list[0].x");
    }
}

TEST(Document, FindsDuplicatesAmongManyKeys) {
    std::string many = "{";
    for (int i = 0; i < 5000; ++i) many += "\"k" + std::to_string(i) + "\":1,";
    EXPECT_EQ(Document::parse_json(many + "\"last\":1}").size(), 5001u);
    EXPECT_THROW(Document::parse_json(many + "\"k77\":1}"), Error);
}

Document random_document(std::mt19937_64& random, int depth) {
    switch (random() % (depth > 0 ? 7 : 5)) {
        case 0: return {};
        case 1: return random() % 2 == 0;
        case 2: return static_cast<std::int64_t>(random()) >> (random() % 64);
        case 3: {
            const double value = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                            static_cast<int>(random() % 200) - 150);
            return value;
        }
        case 4: {
            static const std::vector<std::string> kPieces{
                "a", "\"", "\\", "/", "</", "<!", "\n", "\x01", "é", "\xE2\x80\xA8", "\xF0\x9F\x98\x80", "\x7F"};
            std::string text;
            for (std::size_t i = random() % 8; i > 0; --i) text += kPieces[random() % kPieces.size()];
            return text;
        }
        case 5: {
            Document list = Document::list();
            for (std::size_t i = random() % 5; i > 0; --i) list.push(random_document(random, depth - 1));
            return list;
        }
        default: {
            Document map = Document::map();
            for (std::size_t i = random() % 5; i > 0; --i)
                map.set("k" + std::to_string(random() % 9), random_document(random, depth - 1));
            return map;
        }
    }
}

TEST(Document, WhatIsWrittenReadsBackTheSame) {
    std::mt19937_64 random(20260101);
    for (int i = 0; i < 20'000; ++i) {
        const Document made = random_document(random, 4);
        const std::string json = made.to_json();
        ASSERT_EQ(Document::parse_json(json), made) << json;
        ASSERT_EQ(Document::parse_json(json).to_json(), json);
    }
}

TEST(Document, RandomBytesNeverGetThroughUnnoticed) {
    // Whatever parses is JSON again when written; whatever does not is an Error and nothing else.
    std::mt19937_64 random(7);
    const std::string_view alphabet = "{}[]:,\"\\ \n0123456789.eE+-truefalsn\xC3\xA9\xFF/u";
    int parsed = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string text;
        for (std::size_t n = random() % 12; n > 0; --n) text += alphabet[random() % alphabet.size()];
        try {
            const Document d = Document::parse_json(text);
            ++parsed;
            ASSERT_EQ(Document::parse_json(d.to_json()), d) << text;
        } catch (const Error& error) {
            ASSERT_TRUE(error.code() == Code::bad_request || error.code() == Code::invalid_field ||
                        error.code() == Code::too_large);
        }
    }
    EXPECT_GT(parsed, 100);
}

}  // namespace
}  // namespace cairn
