#include <cairn/json.hpp>

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <random>

namespace cairn {
namespace {

std::string number(double value) {
    std::string out;
    write_json_number(out, value);
    return out;
}

std::string number(double value, double precision) {
    std::string out;
    write_json_number(out, value, precision);
    return out;
}

std::string text(std::string_view value) {
    std::string out;
    write_json_text(out, value);
    return out;
}

TEST(JsonNumber, IsShortest) {
    EXPECT_EQ(number(0), "0");
    EXPECT_EQ(number(-0.0), "0");
    EXPECT_EQ(number(1), "1");
    EXPECT_EQ(number(-17), "-17");
    EXPECT_EQ(number(0.1), "0.1");
    EXPECT_EQ(number(1234567.25), "1234567.25");
    EXPECT_EQ(number(9007199254740991), "9007199254740991");
    EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(number(std::nan("")), "null");
}

TEST(JsonNumber, ReadsBackAsItself) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 100'000; ++i) {
        const std::uint64_t bits = random();
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        if (!std::isfinite(value)) continue;
        const std::string written = number(value);
        double back = 0;
        std::from_chars(written.data(), written.data() + written.size(), back);
        ASSERT_EQ(back, value) << written;
    }
}

TEST(JsonNumber, RoundsToAPrecision) {
    EXPECT_EQ(number(1.23456, 0.001), "1.235");
    EXPECT_EQ(number(-1.23456, 0.001), "-1.235");
    EXPECT_EQ(number(1.2, 0.001), "1.2");
    EXPECT_EQ(number(1.0004, 0.001), "1");
    EXPECT_EQ(number(-0.0004, 0.001), "0");
    EXPECT_EQ(number(0.05, 0.01), "0.05");
    EXPECT_EQ(number(-0.05, 0.01), "-0.05");
    EXPECT_EQ(number(100, 0.01), "100");
    EXPECT_EQ(number(12.5, 1), "13");
    EXPECT_EQ(number(-12.5, 1), "-13");
    EXPECT_EQ(number(7.3, 0.25), "7.25");
    EXPECT_EQ(number(7.3, 5), "5");
    EXPECT_EQ(number(1e300, 0.001), "1e+300");
    EXPECT_EQ(number(std::nan(""), 0.001), "null");
    EXPECT_EQ(number(std::numeric_limits<double>::infinity(), 0.25), "null");
}

TEST(JsonNumber, RoundedValuesAreNear) {
    std::mt19937_64 random(2);
    std::uniform_real_distribution<double> any(-10'000, 10'000);
    for (const double precision : {1.0, 0.1, 0.01, 0.001, 0.0001, 0.000001}) {
        for (int i = 0; i < 20'000; ++i) {
            const double value = any(random);
            const std::string written = number(value, precision);
            double back = 0;
            const auto end = std::from_chars(written.data(), written.data() + written.size(), back);
            ASSERT_EQ(end.ptr, written.data() + written.size()) << written;
            ASSERT_LE(std::fabs(back - value), precision * 0.5000001) << written << " for " << value;
            if (written.find('.') != std::string::npos) {
                ASSERT_NE(written.back(), '0');
            }
        }
    }
}

TEST(JsonText, Escapes) {
    EXPECT_EQ(text(""), R"("")");
    EXPECT_EQ(text("plain"), R"("plain")");
    EXPECT_EQ(text("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(text("\n\r\t\x01\x1f"), R"("\n\r\t\u0001\u001f")");
    EXPECT_EQ(text(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(text("é日\xF0\x9F\x98\x80"), "\"é日\xF0\x9F\x98\x80\"");
    EXPECT_EQ(text("a/b"), R"("a/b")");
}

TEST(JsonText, IsSafeInsideAScriptBlock) {
    EXPECT_EQ(text("</script>"), R"("<\/script>")");
    EXPECT_EQ(text("<!-- x"), R"("\u003c!-- x")");
    EXPECT_EQ(text("a < b <"), R"("a < b <")");
    EXPECT_EQ(text("<</"), R"("<<\/")");
    EXPECT_EQ(text("\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA"), "\"\\u2028\\u2029\xE2\x80\xAA\"");
}

TEST(JsonText, NeverWritesMalformedUtf8) {
    EXPECT_EQ(text("a\xFFz"), R"("a\ufffdz")");
    EXPECT_EQ(text("\xE2\x80"), R"("\ufffd\ufffd")");
    EXPECT_EQ(text("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");
    EXPECT_EQ(text("\xEF\xBF\xBD"), "\"\xEF\xBF\xBD\"") << "U+FFFD itself is fine";
}

TEST(JsonWriter, PutsTheCommas) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    w.key("a").integer(-1).key("b").begin_array().text("x").boolean(false).null().end_array();
    w.key("c").begin_object().end_object().key("d").number(1.5).key("e").number(0.12345, 0.01);
    w.key("v").vector({1, 2.5, -3}).key("doc").document({{"k", Document::list({1})}}).key("raw").raw("[ ]");
    w.end_object();
    EXPECT_EQ(out, R"({"a":-1,"b":["x",false,null],"c":{},"d":1.5,"e":0.12,"v":[1,2.5,-3],"doc":{"k":[1]},"raw":[ ]})");
}

TEST(JsonWriter, NestsArrays) {
    std::string out;
    JsonWriter w(out);
    w.begin_array().begin_array().end_array().begin_array().integer(1).integer(2).end_array().end_array();
    EXPECT_EQ(out, "[[],[1,2]]");
}

}  // namespace
}  // namespace cairn
