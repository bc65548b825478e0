#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cairn/document.hpp>

#include "core/spaces/envelope.hpp"

namespace cairn::core {
namespace {

TEST(Envelope, IsTakenApart) {
    EnvelopeReader reader;
    Envelope envelope;
    EXPECT_FALSE(reader.read(R"({"t":"object.move","id":17,"d":{"p":[1,2,3],"x":{"y":"}"}}})", envelope));
    EXPECT_EQ(envelope.type, "object.move");
    EXPECT_EQ(envelope.id, "17");
    EXPECT_EQ(envelope.d, R"({"p":[1,2,3],"x":{"y":"}"}})");
    EXPECT_FALSE(reader.read(" { \"d\" : { } , \"id\" : \"a \\\"b\\\"\" , \"t\" : \"x\" } \n", envelope));
    EXPECT_EQ(envelope.id, R"("a \"b\"")");
    EXPECT_EQ(envelope.d, "{ }");
}

TEST(Envelope, IdAndDMayBeMissingAndOthersAreForLater) {
    EnvelopeReader reader;
    Envelope envelope;
    EXPECT_FALSE(reader.read(R"({"t":"ping"})", envelope));
    EXPECT_EQ(envelope.id, "");
    EXPECT_EQ(envelope.d, "{}");
    EXPECT_FALSE(reader.read(R"({"v":2,"x":[1,{"t":3}],"t":"ping"})", envelope));
    EXPECT_EQ(envelope.type, "ping");
}

TEST(Envelope, IdsAreEchoedVerbatim) {
    EnvelopeReader reader;
    Envelope envelope;
    for (const std::string& id :
         std::vector<std::string>{"0", "-1", "9007199254740993", "18446744073709551615", R"("")", R"("a")",
                                  R"("\u00e9\n")", "\"" + std::string(64, 'x') + "\""}) {
        EXPECT_FALSE(reader.read(R"({"t":"x","id":)" + id + "}", envelope)) << id;
        EXPECT_EQ(envelope.id, id);
    }
}

TEST(Envelope, WhatIsWrongIsSaid) {
    struct Case {
        const char* text;
        const char* words;
    };
    const std::string long_id = R"({"t":"x","id":")" + std::string(65, 'x') + "\"}";
    const std::string long_type = R"({"t":")" + std::string(65, 'x') + "\"}";
    const Case cases[] = {
        {"", "not JSON"},
        {" ", "not JSON"},
        {"hello", "object"},
        {"null", "object"},
        {"17", "object"},
        {"[]", "object"},
        {"\"t\"", "object"},
        {"{", "JSON"},
        {"{}", "\"t\""},
        {R"({"id":1})", "\"t\""},
        {R"({"t":})", ""},
        {R"({"t":"x")", ""},
        {R"({"t":"x",})", ""},
        {R"({"t":"x"}})", ""},
        {R"({"t":"x"} {"t":"y"})", "follows"},
        {R"({"t":"x"}x)", ""},
        {R"({"t":"x" "id":1})", ""},
        {R"({t:"x"})", ""},
        {R"({'t':'x'})", ""},
        {R"({"t":7})", "\"t\""},
        {R"({"t":null})", "\"t\""},
        {R"({"t":""})", "\"t\""},
        {R"({"t":["x"]})", "\"t\""},
        {R"({"t":"x","t":"y"})", "twice"},
        {R"({"t":"x","d":{},"d":{}})", "twice"},
        {R"({"t":"x","id":1,"id":1})", "twice"},
        {R"({"t":"x","id":1.5})", "\"id\""},
        {R"({"t":"x","id":1e3})", "\"id\""},
        {R"({"t":"x","id":99999999999999999999})", "\"id\""},
        {R"({"t":"x","id":true})", "\"id\""},
        {R"({"t":"x","id":null})", "\"id\""},
        {R"({"t":"x","id":{}})", "\"id\""},
        {R"({"t":"x","id":01})", "\"id\""},
        {long_id.c_str(), "\"id\""},
        {long_type.c_str(), "\"t\""},
        {R"({"t":"x","d":[]})", "\"d\""},
        {R"({"t":"x","d":"{}"})", "\"d\""},
        {R"({"t":"x","d":null})", "\"d\""},
        {R"({"t":"x","d":3})", "\"d\""},
        {"{\"t\":\"\xff\"}", ""},
        {"{\"t\":\"a\x01\"}", ""},
        {R"({"t":"\ud800"})", ""},
    };
    EnvelopeReader reader;
    for (const Case& one : cases) {
        Envelope envelope;
        const auto wrong = reader.read(one.text, envelope);
        ASSERT_TRUE(wrong) << one.text;
        EXPECT_EQ(wrong->code(), Code::bad_request) << one.text;
        EXPECT_NE(std::string(wrong->what()).find(one.words), std::string::npos) << one.text << " → " << wrong->what();
    }
    Envelope envelope;
    EXPECT_FALSE(reader.read(R"({"t":"still"})", envelope)) << "the reader goes on";
}

TEST(Envelope, AGoodIdIsKnownEvenWhenTheRestIsWrong) {
    EnvelopeReader reader;
    Envelope envelope;
    EXPECT_TRUE(reader.read(R"({"t":7,"id":12})", envelope));
    EXPECT_EQ(envelope.id, "12");
    EXPECT_TRUE(reader.read(R"({"t":"x","d":[1],"id":"q"})", envelope));
    EXPECT_EQ(envelope.id, R"("q")");
}

TEST(Envelope, DeepNonsenseEndsInARefusal) {
    EnvelopeReader reader;
    Envelope envelope;
    const std::string deep = R"({"t":"x","d":{"a":)" + std::string(5000, '[') + std::string(5000, ']') + "}}";
    (void)reader.read(deep, envelope);
    const std::string open = R"({"t":"x","d":{"a":)" + std::string(60000, '{');
    EXPECT_TRUE(reader.read(open, envelope));
    EXPECT_FALSE(reader.read(R"({"t":"ok"})", envelope));
}

TEST(Envelope, FramesAreWrittenAsTheProtocolSays) {
    std::string text;
    begin_event(text, "chat.message", 1042);
    EXPECT_EQ(text + "{}}", R"({"t":"chat.message","s":1042,"d":{}})");
    EXPECT_EQ(event_json("a\"b", "[1]"), R"({"t":"a\"b","d":[1]})");
    EXPECT_EQ(reply_json("\"q\"", R"({"n":1})"), R"({"re":"q","ok":true,"d":{"n":1}})");
    const Error error = Error(Code::rate_limited, "slow down").at("d.p").retry_after(std::chrono::milliseconds(1200));
    EXPECT_EQ(
        Document::parse_json(refusal_json("17", "x", error, "k3f9")),
        Document::parse_json(
            R"({"re":17,"err":{"code":"rate_limited","message":"slow down","field":"d.p","retry_after_ms":1200,"trace":"k3f9"}})"));
    EXPECT_EQ(Document::parse_json(refusal_json("", "x", Error(Code::full, "no"))),
              Document::parse_json(R"({"t":"error","d":{"code":"full","message":"no","re_t":"x"}})"));
}

}  // namespace
}  // namespace cairn::core
