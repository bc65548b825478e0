#include <gtest/gtest.h>

#include <limits>

#include <cairn/error.hpp>

#include "allocation_count.hpp"
#include "every_kind.hpp"

namespace cairn {
namespace {

using every_kind::Everything;
using every_kind::Move;

struct Refusal {
    std::string code = "none";
    std::string field;
    std::string message;
};

template <class T>
Refusal refusal(std::string_view json) {
    try {
        from_json<T>(json);
    } catch (const Error& error) {
        return {std::string(code_name(error.code())), error.field(), error.what()};
    }
    return {};
}

TEST(JsonDecode, ReadsEveryKind) {
    const auto e = from_json<Everything>(R"({
        "flag":true,"tiny":-128,"byte":255,"small":-32768,"wide":4294967295,"big":-9223372036854775808,
        "huge":18446744073709551615,"bounded":20,"switched":7,"number":-1.5e3,"ratio":1,"text":"h\u00e9 \"q\"",
        "named":"Red Chair_2","short_text":"äöüßé","choice":"blue","wait":250,"size":2048,"rate":{"count":5,"per_ms":60000},
        "at":[1,-2.5,3e2],"in_box":[-1000,0,1000],"secret":"hush","any":{"a":[1,null,true,"x",{"b":1.5}]},
        "list":[0,9],"words":["a","b-c"],"inners":[{"x":1,"word":"abcd"},{}],"weights":{"a":0.5,"b":2},
        "by_name":{"k":{"x":-5}},"maybe":3,"maybe_at":[0,0,0],"maybe_list":[7],"inner":{"word":"yo"},"checked":"yes"})");
    EXPECT_TRUE(e.flag);
    EXPECT_EQ(e.tiny, -128);
    EXPECT_EQ(e.byte, 255);
    EXPECT_EQ(e.small, -32768);
    EXPECT_EQ(e.wide, 4294967295u);
    EXPECT_EQ(e.big, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(e.huge, std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(e.bounded, 20);
    EXPECT_EQ(e.switched, 7);
    EXPECT_EQ(e.number, -1500);
    EXPECT_EQ(e.ratio, 1);
    EXPECT_EQ(e.text, "hé \"q\"");
    EXPECT_EQ(e.named, "Red Chair_2");
    EXPECT_EQ(e.short_text, "äöüßé") << "lengths count code points, not bytes";
    EXPECT_EQ(e.choice, "blue");
    EXPECT_EQ(e.wait.count(), 250);
    EXPECT_EQ(e.size.value, 2048u);
    EXPECT_EQ(e.rate, (Rate{5, Duration{60000}}));
    EXPECT_EQ(e.at, (Vec3{1, -2.5, 300}));
    EXPECT_EQ(e.in_box, (Vec3{-1000, 0, 1000}));
    EXPECT_EQ(e.secret.reveal(), "hush");
    EXPECT_EQ(e.any.to_json(), R"({"a":[1,null,true,"x",{"b":1.5}]})");
    EXPECT_EQ(e.list, (std::vector<int>{0, 9}));
    EXPECT_EQ(e.words, (std::vector<std::string>{"a", "b-c"}));
    ASSERT_EQ(e.inners.size(), 2u);
    EXPECT_EQ(e.inners[0].word, "abcd");
    EXPECT_EQ(e.weights.at("b"), 2);
    EXPECT_EQ(e.by_name.at("k").x, -5);
    EXPECT_EQ(e.maybe, 3);
    EXPECT_TRUE(e.maybe_at.has_value());
    EXPECT_EQ(e.maybe_list.value(), std::vector<int>{7});
    EXPECT_EQ(e.inner.word, "yo");
    EXPECT_EQ(e.checked, "yes");
}

TEST(JsonDecode, KeepsDefaultsOfAbsentMembers) {
    const auto e = from_json<Everything>("{}");
    EXPECT_EQ(e.bounded, 5);
    EXPECT_EQ(e.short_text, "ab");
    EXPECT_EQ(e.wait.count(), 1000);
    EXPECT_FALSE(e.maybe);
}

TEST(JsonDecode, TakesNullForAnOptionalOnly) {
    EXPECT_FALSE(from_json<Everything>(R"({"maybe":null})").maybe);
    EXPECT_TRUE(from_json<Everything>(R"({"any":null})").any.is_null());
    EXPECT_EQ(refusal<Everything>(R"({"text":null})").code, "invalid_field");
}

TEST(JsonDecode, ASwitchMayStandForANumberWhereSaidSo) {
    EXPECT_EQ(from_json<Everything>(R"({"switched":true})").switched, 42);
    EXPECT_EQ(from_json<Everything>(R"({"switched":false})").switched, 0);
    EXPECT_EQ(refusal<Everything>(R"({"bounded":true})").field, "bounded");
}

TEST(JsonDecode, WholeNumbersMayBeSpelledWithAPoint) {
    EXPECT_EQ(from_json<Everything>(R"({"bounded":3.0})").bounded, 3);
    EXPECT_EQ(from_json<Everything>(R"({"bounded":1e1})").bounded, 10);
    EXPECT_EQ(from_json<Everything>(R"({"number":7})").number, 7);
}

struct WrongCase {
    const char* json;
    const char* code;
    const char* field;
};

TEST(JsonDecode, RefusesWhatBreaksARule) {
    const WrongCase cases[] = {
        {R"({"tiny":128})", "invalid_field", "tiny"},
        {R"({"tiny":-129})", "invalid_field", "tiny"},
        {R"({"byte":-1})", "invalid_field", "byte"},
        {R"({"byte":256})", "invalid_field", "byte"},
        {R"({"small":40000})", "invalid_field", "small"},
        {R"({"wide":4294967296})", "invalid_field", "wide"},
        {R"({"big":9223372036854775808})", "invalid_field", "big"},
        {R"({"huge":-1})", "invalid_field", "huge"},
        {R"({"huge":18446744073709551616})", "invalid_field", "huge"},
        {R"({"big":123456789012345678901234567890})", "invalid_field", "big"},
        {R"({"bounded":0})", "invalid_field", "bounded"},
        {R"({"bounded":21})", "invalid_field", "bounded"},
        {R"({"bounded":2.5})", "invalid_field", "bounded"},
        {R"({"bounded":1e400})", "invalid_field", "bounded"},
        {R"({"switched":101})", "invalid_field", "switched"},
        {R"({"number":1e999})", "invalid_field", "number"},
        {R"({"number":-1e999})", "invalid_field", "number"},
        {R"({"ratio":1.0001})", "invalid_field", "ratio"},
        {R"({"ratio":-0.1})", "invalid_field", "ratio"},
        {R"({"named":"<b>"})", "invalid_field", "named"},
        {R"({"short_text":"a"})", "invalid_field", "short_text"},
        {R"({"short_text":"abcdef"})", "invalid_field", "short_text"},
        {R"({"choice":"rde"})", "invalid_field", "choice"},
        {R"({"text":"\u0000"})", "invalid_field", "text"},
        {R"({"text":"\ud800"})", "bad_request", "text"},
        {R"({"text":"\udfff"})", "bad_request", "text"},
        {R"({"text":"\udfff\ud800"})", "bad_request", "text"},
        {R"({"wait":99})", "invalid_field", "wait"},
        {R"({"wait":60001})", "invalid_field", "wait"},
        {R"({"wait":"5s"})", "invalid_field", "wait"},
        {R"({"size":-1})", "invalid_field", "size"},
        {R"({"size":1048577})", "invalid_field", "size"},
        {R"({"rate":{"count":1}})", "invalid_field", "rate"},
        {R"({"rate":{"count":1,"per_ms":0}})", "invalid_field", "rate"},
        {R"({"rate":{"count":-1,"per_ms":1}})", "invalid_field", "rate"},
        {R"({"rate":{"count":1001,"per_ms":1}})", "invalid_field", "rate"},
        {R"({"rate":{"count":1,"per_ms":1,"x":1}})", "invalid_field", "rate"},
        {R"({"rate":{"count":1,"count":1,"per_ms":1}})", "bad_request", "rate"},
        {R"({"at":[1,2]})", "invalid_field", "at"},
        {R"({"at":[]})", "invalid_field", "at"},
        {R"({"at":[1,2,3,4]})", "invalid_field", "at"},
        {R"({"at":[1,2,null]})", "invalid_field", "at"},
        {R"({"at":[1,2,"3"]})", "invalid_field", "at"},
        {R"({"at":[1,2,1e999]})", "invalid_field", "at"},
        {R"({"at":{"x":1,"y":2,"z":3}})", "invalid_field", "at"},
        {R"({"in_box":[0,1000.001,0]})", "invalid_field", "in_box"},
        {R"({"list":[1,2,3,4,5]})", "invalid_field", "list"},
        {R"({"list":[1,10]})", "invalid_field", "list[1]"},
        {R"({"list":[1,"2"]})", "invalid_field", "list[1]"},
        {R"({"words":["a","b c"]})", "invalid_field", "words[1]"},
        {R"({"inners":[{"x":1},{"x":6}]})", "invalid_field", "inners[1].x"},
        {R"({"inners":[{"y":1}]})", "invalid_field", "inners[0].y"},
        {R"({"inners":[{},{},{},{}]})", "invalid_field", "inners"},
        {R"({"weights":{"a":-1}})", "invalid_field", "weights.a"},
        {R"({"weights":{"a":1,"a":2}})", "bad_request", "weights.a"},
        {R"({"by_name":{"k":{"word":"abcde"}}})", "invalid_field", "by_name.k.word"},
        {R"({"maybe":4})", "invalid_field", "maybe"},
        {R"({"maybe_list":[]})", "invalid_field", "maybe_list"},
        {R"({"inner":null})", "invalid_field", "inner"},
        {R"({"inner":[]})", "invalid_field", "inner"},
        {R"({"checked":"no"})", "invalid_field", "checked"},
        {R"({"flag":true,"flag":true})", "bad_request", "flag"},
        {R"({"flag":true,"fl\u0061g":true})", "bad_request", "flag"},
        {R"({"flagg":true})", "invalid_field", "flagg"},
        {R"({"any":"\ud800"})", "bad_request", "any"},
        {R"({"any":{"a":1,"a":1}})", "bad_request", "any"},
    };
    for (const WrongCase& c : cases) {
        const Refusal r = refusal<Everything>(c.json);
        EXPECT_EQ(r.code, c.code) << c.json << " " << r.message;
        EXPECT_EQ(r.field, c.field) << c.json << " " << r.message;
    }
}

/// Each member against a value of each JSON type: only those that fit may pass.
TEST(JsonDecode, TypeMatrix) {
    struct Value {
        const char* name;
        const char* json;
    };
    const Value values[] = {{"null", "null"},       {"boolean", "true"},     {"number", "2"},       {"fraction", "2.5"},
                            {"text", "\"ab\""},     {"list", "[1]"},         {"triple", "[1,2,3]"}, {"object", "{}"},
                            {"pair", R"({"a":1})"}, {"deep", R"([{"x":1}])"}};
    const std::map<std::string, std::string> accepted{
        {"flag", "boolean"},
        {"tiny", "number"},
        {"byte", "number"},
        {"small", "number"},
        {"wide", "number"},
        {"big", "number"},
        {"huge", "number"},
        {"bounded", "number"},
        {"switched", "boolean number"},
        {"number", "number fraction"},
        {"ratio", ""},
        {"text", "text"},
        {"named", "text"},
        {"short_text", "text"},
        {"choice", ""},
        {"wait", ""},
        {"size", "number"},
        {"rate", ""},
        {"at", "triple"},
        {"in_box", "triple"},
        {"secret", "text"},
        {"any", "null boolean number fraction text list triple object pair deep"},
        {"list", "list triple"},
        {"words", ""},
        {"inners", "deep"},
        {"weights", "object pair"},
        {"by_name", "object"},
        {"maybe", "null number"},
        {"maybe_at", "null triple"},
        {"maybe_list", "null list"},
        {"inner", "object"},
        {"checked", "text"},
    };
    ASSERT_EQ(accepted.size(), struct_type<Everything>().fields.size());
    for (const Field& field : struct_type<Everything>().fields) {
        for (const Value& value : values) {
            const Refusal r = refusal<Everything>("{\"" + field.name + "\":" + value.json + "}");
            const bool fits =
                (' ' + accepted.at(field.name) + ' ').find(' ' + std::string(value.name) + ' ') != std::string::npos;
            EXPECT_EQ(r.code == "none", fits) << field.name << " " << value.json << " " << r.message;
            if (!fits) {
                EXPECT_TRUE(r.field.starts_with(field.name)) << r.field;
            }
        }
    }
}

TEST(JsonDecode, NamesTheNearestMember) {
    const std::string message = refusal<Everything>(R"({"boundde":1})").message;
    EXPECT_NE(message.find("did you mean \"bounded\""), std::string::npos) << message;
    EXPECT_NE(refusal<every_kind::Inner>(R"({"completely_else":1})").message.find("x, word"), std::string::npos);
    EXPECT_NE(refusal<Everything>(R"({"choice":"gren"})").message.find("did you mean green"), std::string::npos);
}

struct Wanted {
    int a = 0;
    std::string b;
};
void describe(Fields<Wanted>& f) {
    f(&Wanted::a, "a", "first").required();
    f(&Wanted::b, "b", "second").required();
}

TEST(JsonDecode, NamesWhatIsMissing) {
    EXPECT_EQ(refusal<Wanted>(R"({"a":1})").field, "b");
    EXPECT_EQ(refusal<Wanted>("{}").field, "a");
    EXPECT_EQ(refusal<Wanted>(R"({"b":"x","a":1})").code, "none");
}

TEST(JsonDecode, RefusesEverythingAroundTheObject) {
    for (const char* bad : {"",
                            " ",
                            "null",
                            "1",
                            "\"x\"",
                            "true",
                            "[]",
                            "[{}]",
                            "{}{}",
                            "{},{}",
                            "{} x",
                            "{}]",
                            "{",
                            "}",
                            "{\"a\":1",
                            "{\"a\":1,}",
                            "{,}",
                            "{\"a\" 1}",
                            "{\"a\"}",
                            "{\"a\":}",
                            "{a:1}",
                            "{\"a\":1}],[{\"a\":1}",
                            "\xEF\xBB\xBF{}",
                            "{\"a\":01}",
                            "{\"a\":+1}",
                            "{\"a\":1x}",
                            "{\"a\":tru}",
                            "{\"b\":\"\t\"}",
                            "{\"b\":\"\xff\"}",
                            "{\"b\":\"\\q\"}",
                            "{\"\xff\":1}"}) {
        EXPECT_NE(refusal<Wanted>(bad).code, "none") << bad;
    }
    EXPECT_EQ(refusal<Wanted>("nonsense").code, "bad_request");
}

TEST(JsonDecode, HoldsTheHostsOwnLimits) {
    const auto text = [](std::size_t n) { return R"({"text":")" + std::string(n, 'x') + "\"}"; };
    EXPECT_EQ(refusal<Everything>(text(8192)).code, "none");
    EXPECT_EQ(refusal<Everything>(text(8193)).code, "too_large");

    const auto words = [](std::size_t n) {
        std::string json = R"({"words":["a")";
        for (std::size_t i = 1; i < n; ++i) json += ",\"a\"";
        return json + "]}";
    };
    EXPECT_EQ(refusal<Everything>(words(256)).code, "none");
    EXPECT_EQ(refusal<Everything>(words(257)).code, "too_large");

    const auto keys = [](std::size_t n) {
        std::string json = R"({"any":{)";
        for (std::size_t i = 0; i < n; ++i) json += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":{}";
        return json + "}}";
    };
    EXPECT_EQ(refusal<Everything>(keys(256)).code, "none");
    EXPECT_EQ(refusal<Everything>(keys(257)).code, "too_large");

    const auto deep = [](std::size_t n) { return R"({"any":)" + std::string(n, '[') + std::string(n, ']') + "}"; };
    EXPECT_EQ(refusal<Everything>(deep(15)).code, "none") << "the message itself is the sixteenth";
    EXPECT_EQ(refusal<Everything>(deep(16)).code, "too_large");
    EXPECT_EQ(refusal<Everything>(deep(5000)).code, "too_large");

    EXPECT_NE(refusal<Everything>("{\"" + std::string(300, 'k') + "\":1}").code, "none");
}

TEST(JsonDecode, ReplacesContainers) {
    Everything e;
    e.list = {1, 2, 3};
    e.weights = {{"old", 1}};
    decode_json(struct_type<Everything>(), &e, R"({"list":[4],"weights":{"new":2}})");
    EXPECT_EQ(e.list, std::vector<int>{4});
    EXPECT_EQ(e.weights.size(), 1u);
    EXPECT_EQ(e.weights.count("new"), 1u);
}

struct Outer {
    std::string payload;
    int after = 0;
};
void describe(Fields<Outer>& f) {
    f(&Outer::payload, "payload", "JSON in a text").check([](const std::string& text) {
        // A decode inside a decode: it must not disturb the outer one.
        return from_json<Wanted>(text).a == 7 ? std::string() : std::string("a must be 7");
    });
    f(&Outer::after, "after", "behind it");
}

TEST(JsonDecode, MayBeNested) {
    const auto outer = from_json<Outer>(R"({"payload":"{\"a\":7,\"b\":\"x\"}","after":9})");
    EXPECT_EQ(outer.after, 9);
    EXPECT_EQ(refusal<Outer>(R"({"payload":"{\"a\":8,\"b\":\"x\"}"})").field, "payload");
    EXPECT_EQ(refusal<Outer>(R"({"payload":"{","after":1})").code, "bad_request");
    EXPECT_EQ(from_json<Outer>(R"({"after":3})").after, 3) << "a refusal leaves the parser usable";
}

TEST(AllocationCount, Counts) {
    const std::size_t before = allocation_count();
    const auto made = std::make_unique<std::string>(1000, 'x');
    EXPECT_GE(allocation_count(), before + 2) << made->size();
}

TEST(JsonDecode, AllocatesNothingForAFlatMessage) {
    const std::string_view json = R"({"p":[12.345,1.5,-33.25],"r":[0,1.5708,0],"ts":123456789,"id":"obj-1"})";
    Move move;
    const StructType& type = struct_type<Move>();
    decode_json(type, &move, json);  // the thread's parser grows to its size
    const std::size_t before = allocation_count();
    for (int i = 0; i < 1000; ++i) decode_json(type, &move, json);
    EXPECT_EQ(allocation_count(), before);
    EXPECT_EQ(move.id, "obj-1");
}

}  // namespace
}  // namespace cairn
