#include <plugins/gateway/http_head.hpp>

#include <gtest/gtest.h>

namespace cairn::gateway {
namespace {

struct Row {
    const char* name;
    std::string bytes;
    int status;  ///< 0: accepted
};

std::string get(const std::string& fields, const std::string& target = "/", const std::string& version = "HTTP/1.1") {
    return "GET " + target + " " + version + "\r\n" + fields + "\r\n";
}

std::string with_host(const std::string& fields) {
    return get("Host: a\r\n" + fields);
}

std::string post(const std::string& fields) {
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::vector<Row> rows() {
    std::string many = "Host: a\r\n";
    for (int i = 0; i < 63; ++i) many += "F" + std::to_string(i) + ": v\r\n";
    return {
        // In order.
        {"plain", with_host(""), 0},
        {"http 1.0 without host", get("", "/", "HTTP/1.0"), 0},
        {"host with port", get("Host: example.org:8080\r\n"), 0},
        {"host ipv6", get("Host: [::1]:8080\r\n"), 0},
        {"blanks around a value", with_host("X: \t v \t\r\n"), 0},
        {"no blank before a value", with_host("X:v\r\n"), 0},
        {"empty value", with_host("X:\r\n"), 0},
        {"bytes above 0x7f in a value", with_host("X: \xc3\xa4\xff\r\n"), 0},
        {"one empty line before", "\r\n" + with_host(""), 0},
        {"content length", post("Content-Length: 5\r\n"), 0},
        {"content length zero", post("Content-Length: 0\r\n"), 0},
        {"chunked", post("Transfer-Encoding: chunked\r\n"), 0},
        {"chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n"), 0},
        {"expect continue", post("Content-Length: 5\r\nExpect: 100-Continue\r\n"), 0},
        {"repeated harmless field", with_host("Accept: a\r\nX: b\r\naccept: c\r\n"), 0},
        {"encoded word stays as it is", with_host("X: =?UTF-8?Q?chunked?=\r\n"), 0},
        {"64 fields", get(many), 0},
        {"options", "OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"token characters in a name", with_host("X!#$%&'*+-.^_`|~9: v\r\n"), 0},

        // Lines.
        {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
        {"bare LF in the fields", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
        {"bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
        {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
        {"bare CR in a value", with_host("X: a\rb\r\n"), 400},
        {"NUL in a value", with_host(std::string("X: a\0b\r\n", 8)), 400},
        {"NUL in the target", get("Host: a\r\n", std::string("/a\0b", 4)), 400},
        {"escape in a value", with_host("X: a\x1b\r\n"), 400},
        {"DEL in a value", with_host("X: a\x7f\r\n"), 400},
        {"folded field", with_host("X: a\r\n b\r\n"), 400},
        {"folded with tab", with_host("X: a\r\n\tb\r\n"), 400},
        {"blank line of spaces first", " \r\n" + with_host(""), 400},
        {"first field folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"two empty lines before", "\r\n\r\n" + with_host(""), 400},
        {"no colon", with_host("Xy\r\n"), 400},
        {"space before the colon", with_host("Content-Length : 5\r\n"), 400},
        {"tab before the colon", with_host("X\t: 5\r\n"), 400},
        {"space in a name", with_host("X Y: 5\r\n"), 400},
        {"empty name", with_host(": 5\r\n"), 400},
        {"name with a byte above 0x7f", with_host("X\xc3\xa4: 5\r\n"), 400},
        {"name with brackets", with_host("X(y): 5\r\n"), 400},
        {"TLS instead of HTTP", "\x16\x03\x01\x02", 400},

        // Request line.
        {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"tab instead of space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
        {"space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"lower case http", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
        {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        {"HTTP/11", "GET / HTTP/11\r\nHost: a\r\n\r\n", 400},
        {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"trace", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"lower case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"method with a brace", "G{T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"connect", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"absolute form", get("Host: a\r\n", "http://b/"), 400},
        {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"fragment in the target", get("Host: a\r\n", "/a#b"), 400},
        {"raw bytes above 0x7f in the target", get("Host: a\r\n", "/\xc3\xa4"), 400},
        {"too long a target", get("Host: a\r\n", "/" + std::string(9000, 'a')), 414},

        // Host.
        {"no host", get(""), 400},
        {"two hosts", get("Host: a\r\nHost: b\r\n"), 400},
        {"the same host twice", get("Host: a\r\nHost: a\r\n"), 400},
        {"two hosts in HTTP/1.0", get("Host: a\r\nHost: b\r\n", "/", "HTTP/1.0"), 400},
        {"empty host", get("Host:\r\n"), 400},
        {"host with userinfo", get("Host: me@a\r\n"), 400},
        {"host with a path", get("Host: a/b\r\n"), 400},
        {"host with a list", get("Host: a, b\r\n"), 400},
        {"host with a letter port", get("Host: a:b\r\n"), 400},

        // Framing: what request smuggling is made of.
        {"length and chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
        {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
        {"the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        {"length list", post("Content-Length: 5, 5\r\n"), 400},
        {"length with plus", post("Content-Length: +5\r\n"), 400},
        {"negative length", post("Content-Length: -5\r\n"), 400},
        {"hexadecimal length", post("Content-Length: 0x5\r\n"), 400},
        {"length with a blank", post("Content-Length: 5 5\r\n"), 400},
        {"empty length", post("Content-Length:\r\n"), 400},
        {"length beyond 64 bits", post("Content-Length: 99999999999999999999999\r\n"), 400},
        {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n"), 501},
        {"identity", post("Transfer-Encoding: identity\r\n"), 501},
        {"xchunked", post("Transfer-Encoding: xchunked\r\n"), 501},
        {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 501},
        {"chunked with a vertical tab", post("Transfer-Encoding:\x0b chunked\r\n"), 400},
        {"quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n"), 501},
        {"empty transfer encoding", post("Transfer-Encoding:\r\n"), 501},
        {"encoded word as transfer encoding", post("Transfer-Encoding: =?UTF-8?Q?chunked?=\r\n"), 501},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"unknown expectation", post("Content-Length: 1\r\nExpect: a-miracle\r\n"), 417},

        // Limits.
        {"65 fields", get(many + "One-More: v\r\n"), 431},
        {"16 KiB of fields",
         with_host("X: " + std::string(8000, 'a') + "\r\nY: " + std::string(8000, 'a') +
                   "\r\nZ: " + std::string(1000, 'a') + "\r\n"),
         431},
        {"one field beyond 8 KiB", with_host("X: " + std::string(8193, 'a') + "\r\n"), 431},

        // Paths.
        {"dot segment", get("Host: a\r\n", "/a/../b"), 400},
        {"encoded dot segment", get("Host: a\r\n", "/a/%2e%2e/b"), 400},
        {"half encoded dot segment", get("Host: a\r\n", "/a/.%2e"), 400},
        {"single dot", get("Host: a\r\n", "/./a"), 400},
        {"encoded slash", get("Host: a\r\n", "/..%2f..%2fetc/passwd"), 400},
        {"doubly encoded", get("Host: a\r\n", "/%252e%252e/etc"), 400},
        {"backslash", get("Host: a\r\n", "/..\\..\\etc"), 400},
        {"encoded backslash", get("Host: a\r\n", "/..%5c..%5cetc"), 400},
        {"encoded NUL", get("Host: a\r\n", "/a%00.html"), 400},
        {"encoded line end", get("Host: a\r\n", "/a%0d%0aX:y"), 400},
        {"cut percent", get("Host: a\r\n", "/a%2"), 400},
        {"percent without digits", get("Host: a\r\n", "/a%zz"), 400},
        {"overlong slash in UTF-8", get("Host: a\r\n", "/%c0%af"), 400},
        {"lone continuation byte", get("Host: a\r\n", "/%80"), 400},
        {"surrogate in UTF-8", get("Host: a\r\n", "/%ed%a0%80"), 400},
        {"two slashes", get("Host: a\r\n", "//evil.example/x"), 400},
        {"unicode path", get("Host: a\r\n", "/%c3%a4"), 0},
        {"dots in a name", get("Host: a\r\n", "/a..b/...c"), 0},
        {"anything in the query", get("Host: a\r\n", "/a?x=../..%2f%00"), 0},
    };
}

struct Outcome {
    int status = -1;
    std::size_t taken = 0;
    RequestHead head;
};

Outcome feed_chopped(const std::string& bytes, std::size_t piece) {
    HeadReader reader{HeadLimits{}};
    Outcome outcome;
    for (std::size_t at = 0; at < bytes.size() && reader.state() == HeadReader::State::need_more; at += piece)
        outcome.taken += reader.feed(std::string_view(bytes).substr(at, piece));
    if (reader.state() == HeadReader::State::refused) outcome.status = reader.refusal().status;
    if (reader.state() == HeadReader::State::complete) {
        outcome.status = 0;
        outcome.head = reader.take();
    }
    return outcome;
}

TEST(HttpHead, TableOfGoodAndBadHeads) {
    for (const Row& row : rows())
        for (const std::size_t piece : {row.bytes.size(), std::size_t{1}, std::size_t{7}})
            EXPECT_EQ(feed_chopped(row.bytes, piece).status, row.status) << row.name << " in pieces of " << piece;
}

TEST(HttpHead, EveryPrefixOfAGoodHeadWaits) {
    const std::string bytes = with_host("Accept: a\r\n");
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_EQ(feed_chopped(bytes.substr(0, length), 3).status, -1) << length;
}

TEST(HttpHead, TakesNothingBehindTheEmptyLine) {
    const std::string head = with_host("");
    HeadReader reader{HeadLimits{}};
    EXPECT_EQ(reader.feed(head + "GET /next HTTP/1.1\r\n"), head.size());
    ASSERT_EQ(reader.state(), HeadReader::State::complete);
    EXPECT_EQ(reader.take().path, "/");
    reader.reset();
    EXPECT_TRUE(reader.untouched());
    EXPECT_EQ(reader.feed("BAD\n"), 4u);
    EXPECT_EQ(reader.state(), HeadReader::State::refused);
}

TEST(HttpHead, SaysWhatWasAsked) {
    const Outcome outcome = feed_chopped(
        "POST /a%20b/%c3%a4?x=1%202&y HTTP/1.1\r\nHOST: Example.org\r\nX-Word: =?UTF-8?Q?=C3=A4?=\r\nContent-Length: "
        "12\r\n"
        "Connection: foo , CLOSE\r\n\r\n",
        1000);
    ASSERT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.head.method, "POST");
    EXPECT_EQ(outcome.head.path, "/a b/\xc3\xa4");
    EXPECT_EQ(outcome.head.query, "x=1%202&y");
    EXPECT_EQ(outcome.head.host, "Example.org");
    EXPECT_EQ(outcome.head.field("x-word"), "=?UTF-8?Q?=C3=A4?=");
    EXPECT_EQ(outcome.head.content_length, 12u);
    EXPECT_TRUE(outcome.head.has_token("connection", "close"));
    EXPECT_FALSE(outcome.head.has_token("connection", "clos"));
    EXPECT_FALSE(outcome.head.keep_alive);
}

TEST(HttpHead, RefusesALineFeedBeforeTheRestArrives) {
    HeadReader reader{HeadLimits{}};
    reader.feed("GET / HTTP/1.1\n");
    EXPECT_EQ(reader.state(), HeadReader::State::refused);
    EXPECT_NE(reader.refusal().reason.find("CR LF"), std::string::npos);
}

TEST(HttpHead, NeverHoldsMoreThanTheLimit) {
    HeadReader reader{HeadLimits{}};
    std::size_t taken = 0;
    while (reader.state() == HeadReader::State::need_more) taken += reader.feed("X");
    EXPECT_EQ(reader.refusal().status, 431);
    EXPECT_LE(taken, 16385u);
}

}  // namespace
}  // namespace cairn::gateway
