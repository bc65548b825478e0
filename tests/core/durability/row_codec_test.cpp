#include "core/durability/row_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cairn/error.hpp>

namespace cairn::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Inner {
    std::string name = "none";
    std::vector<std::int64_t> numbers;
};
void describe(Fields<Inner>& f) {
    f(&Inner::name, "name", "a name");
    f(&Inner::numbers, "numbers", "some numbers");
}

struct Row {
    bool flag = true;
    std::int8_t small = 5;
    std::uint16_t port = 80;
    std::int64_t large = 7;
    double number = 1.5;
    std::string text = "default";
    Duration duration{10};
    Bytes size{20};
    Rate rate{1, Duration(2)};
    Vec3 position{1, 2, 3};
    Secret secret{"s"};
    Document any = 3;
    std::vector<std::string> list{"x"};
    std::map<std::string, double> map{{"m", 1.0}};
    std::optional<std::int64_t> maybe = 9;
    std::optional<Vec3> place;
    std::optional<Document> free;
    Inner inner;
};
void describe(Fields<Row>& f) {
    f(&Row::flag, "flag", "m");
    f(&Row::small, "small", "m").between(0, 3);
    f(&Row::port, "port", "m");
    f(&Row::large, "large", "m");
    f(&Row::number, "number", "m");
    f(&Row::text, "text", "m");
    f(&Row::duration, "duration", "m");
    f(&Row::size, "size", "m");
    f(&Row::rate, "rate", "m");
    f(&Row::position, "position", "m");
    f(&Row::secret, "secret", "m");
    f(&Row::any, "any", "m");
    f(&Row::list, "list", "m");
    f(&Row::map, "map", "m");
    f(&Row::maybe, "maybe", "m");
    f(&Row::place, "place", "m");
    f(&Row::free, "free", "m");
    f(&Row::inner, "inner", "m");
}

Row decode(const std::string& column, Document value) {
    Row row;
    const std::vector<std::string> columns{column};
    const std::vector<Document> values{std::move(value)};
    RowDecoder(struct_type<Row>(), columns).decode(values, &row);
    return row;
}

std::string refusal(const std::string& column, Document value) {
    try {
        decode(column, std::move(value));
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::internal);
        return error.what();
    }
    ADD_FAILURE() << column << " took a wrong value";
    return {};
}

TEST(RowDecoder, Scalars) {
    EXPECT_FALSE(decode("flag", 0).flag);
    EXPECT_TRUE(decode("flag", 1).flag);
    EXPECT_FALSE(decode("flag", false).flag);
    EXPECT_EQ(decode("small", -128).small, -128) << "bounds of the description are not checked again";
    EXPECT_EQ(decode("port", 65535).port, 65535);
    EXPECT_EQ(decode("large", std::int64_t{INT64_MIN}).large, INT64_MIN);
    EXPECT_EQ(decode("large", 4.0).large, 4);
    EXPECT_EQ(decode("number", 3).number, 3.0);
    EXPECT_EQ(decode("number", 0.25).number, 0.25);
    EXPECT_EQ(decode("text", "hallo").text, "hallo");
    EXPECT_EQ(decode("text", "[1]").text, "[1]");
    EXPECT_EQ(decode("duration", 1500).duration, Duration(1500));
    EXPECT_EQ(decode("size", 4096).size.value, 4096);
    EXPECT_EQ(decode("secret", "geheim").secret.reveal(), "geheim");
}

TEST(RowDecoder, JsonColumns) {
    EXPECT_EQ(decode("position", "[4,5.5,-6]").position, (Vec3{4, 5.5, -6}));
    EXPECT_EQ(decode("position", "{\"x\":1,\"y\":2,\"z\":0.5}").position, (Vec3{1, 2, 0.5}));
    EXPECT_EQ(decode("position", "[1, -2.5e2, 0]").position, (Vec3{1, -250, 0}));
    EXPECT_EQ(decode("position", " [ 1 ,2 , 3 ] ").position, (Vec3{1, 2, 3}));
    for (const char* none : {"[1,2]", "[1,2,3,4]", "[inf,0,0]", "[1,2,.5]", "[1,2,1e999]", "[1,2,3", "[1,2,\"3\"]", ""}) {
        EXPECT_THROW(decode("position", none), Error) << none;
    }
    EXPECT_EQ(decode("rate", "{\"count\":3,\"per_ms\":1000}").rate, (Rate{3, Duration(1000)}));
    EXPECT_EQ(decode("any", "{\"a\":[1,true]}").any, (Document{{"a", Document::list({1, true})}}));
    EXPECT_EQ(decode("any", "\"quoted\"").any, Document("quoted"));
    EXPECT_EQ(decode("any", "not JSON").any, Document("not JSON"));
    EXPECT_EQ(decode("any", 12).any, Document(12));
    EXPECT_EQ(decode("list", "[\"a\",\"b\"]").list, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(decode("map", "{\"k\":2}").map, (std::map<std::string, double>{{"k", 2.0}}));
    EXPECT_EQ(decode("place", "[1,2,3]").place, (Vec3{1, 2, 3}));
    EXPECT_EQ(decode("free", "[1]").free, Document::list({1}));
    const Row row = decode("inner", "{\"name\":\"n\",\"numbers\":[1,2],\"unknown\":0}");
    EXPECT_EQ(row.inner.name, "n");
    EXPECT_EQ(row.inner.numbers, (std::vector<std::int64_t>{1, 2}));
}

TEST(RowDecoder, NullIsTheDefaultOrAnEmptyOptional) {
    for (const Field& field : struct_type<Row>().fields) {
        const Row row = decode(field.name, nullptr);
        const Row fresh;
        EXPECT_EQ(row.flag, fresh.flag);
        EXPECT_EQ(row.text, fresh.text);
        EXPECT_EQ(row.position, fresh.position);
        EXPECT_EQ(row.any, fresh.any) << field.name;
        EXPECT_EQ(row.list, fresh.list);
        EXPECT_EQ(row.maybe.has_value(), field.name != "maybe");
    }
    EXPECT_EQ(decode("maybe", 4).maybe, 4);
}

TEST(RowDecoder, PassesOverColumnsThatTheStructLacks) {
    EXPECT_EQ(decode("elsewhere", "[1").text, "default");
}

TEST(RowDecoder, WrongValuesAreNamed) {
    EXPECT_THAT(refusal("flag", 2), AllOf(HasSubstr("column flag"), HasSubstr("2"), HasSubstr("0 or 1")));
    EXPECT_THAT(refusal("flag", "true"), HasSubstr("column flag"));
    EXPECT_THAT(refusal("small", 128), AllOf(HasSubstr("column small"), HasSubstr("-128 to 127")));
    EXPECT_THAT(refusal("port", -1), HasSubstr("0 to 65535"));
    EXPECT_THAT(refusal("large", 1.5), HasSubstr("whole number"));
    EXPECT_THAT(refusal("large", 1e300), HasSubstr("whole number"));
    EXPECT_THAT(refusal("large", "7"), HasSubstr("whole number"));
    EXPECT_THAT(refusal("number", "7"), HasSubstr("a number"));
    EXPECT_THAT(refusal("text", 7), HasSubstr("text"));
    EXPECT_THAT(refusal("size", -1), HasSubstr("bytes"));
    EXPECT_THAT(refusal("position", "[1,2]"), HasSubstr("three numbers"));
    EXPECT_THAT(refusal("position", "[1,2,\"3\"]"), HasSubstr("three numbers"));
    EXPECT_THAT(refusal("position", "[1,2"), HasSubstr("JSON"));
    EXPECT_THAT(refusal("position", 5), HasSubstr("three numbers"));
    EXPECT_THAT(refusal("rate", "{}"), HasSubstr("rate"));
    EXPECT_THAT(refusal("list", "{}"), HasSubstr("array"));
    EXPECT_THAT(refusal("map", "[]"), HasSubstr("object"));
    EXPECT_THAT(refusal("map", "{\"k\":\"v\"}"), HasSubstr("column map.k"));
    EXPECT_THAT(refusal("inner", "{\"numbers\":[\"x\"]}"), HasSubstr("column inner.numbers"));
    EXPECT_THAT(refusal("maybe", "x"), HasSubstr("column maybe"));
    EXPECT_LT(refusal("text", Document::list({Document(std::string(5000, 'x'))})).size(), 300);
}

TEST(RowDecoder, WhatWasWrittenComesBack) {
    Row row;
    row.flag = false;
    row.small = -3;
    row.number = 0.1;
    row.text = "</script> \"quoted\" \xE2\x80\xA8";
    row.any = Document{{"deep", Document{{"er", nullptr}}}};
    row.place = Vec3{0.25, -1, 1e9};
    row.maybe.reset();
    row.inner.numbers = {1, 2, 3};
    std::string json;
    write_json(json, struct_type<Row>(), &row);
    const Document written = Document::parse_json(json);
    std::vector<std::string> columns;
    std::vector<Document> values;
    for (const Field& field : struct_type<Row>().fields) {
        if (field.name == "secret") continue;  // is written masked, on purpose
        columns.push_back(field.name);
        const Document& value = written[field.name];
        values.push_back(value.is_map() || value.is_list() ? Document(value.to_json()) : value);
    }
    Row read;
    RowDecoder(struct_type<Row>(), columns).decode(values, &read);
    std::string again;
    write_json(again, struct_type<Row>(), &read);
    EXPECT_EQ(again, json);
}

}  // namespace
}  // namespace cairn::core
