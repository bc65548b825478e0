#include <plugins/gateway/http_body.hpp>

#include <gtest/gtest.h>

namespace cairn::gateway {
namespace {

RequestHead chunked_head() {
    RequestHead head;
    head.chunked = true;
    return head;
}

RequestHead length_head(std::uint64_t length) {
    RequestHead head;
    head.content_length = length;
    return head;
}

struct Outcome {
    BodyReader::State state;
    int status;
    std::string body;
    std::size_t taken;
};

Outcome feed_chopped(const RequestHead& head, const std::string& bytes, std::size_t piece, std::size_t limit = 100) {
    BodyReader reader(head, limit);
    std::size_t taken = 0;
    for (std::size_t at = 0; at < bytes.size() && reader.state() == BodyReader::State::need_more; at += piece)
        taken += reader.feed(std::string_view(bytes).substr(at, piece));
    return {reader.state(), reader.refusal().status, reader.take(), taken};
}

TEST(HttpBody, TakesAsManyBytesAsWerePromised) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
        const Outcome outcome = feed_chopped(length_head(5), "helloGET / HTTP/1.1", piece);
        EXPECT_EQ(outcome.state, BodyReader::State::complete);
        EXPECT_EQ(outcome.body, "hello");
        EXPECT_EQ(outcome.taken, 5u);
    }
}

TEST(HttpBody, RefusesAPromiseBeyondTheLimitAtOnce) {
    BodyReader reader(length_head(101), 100);
    EXPECT_EQ(reader.state(), BodyReader::State::refused);
    EXPECT_EQ(reader.refusal().status, 413);
    EXPECT_EQ(reader.feed("x"), 0u);
}

TEST(HttpBody, NothingPromisedIsCompleteAtOnce) {
    EXPECT_EQ(BodyReader(length_head(0), 100).state(), BodyReader::State::complete);
    EXPECT_EQ(BodyReader(RequestHead{}, 0).state(), BodyReader::State::complete);
}

TEST(HttpBody, ChunkedGoodAndBad) {
    struct Row {
        const char* name;
        std::string bytes;
        int status;  ///< 0: complete; -1: waits for more
        std::string body;
    };
    const std::vector<Row> rows{
        {"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", 0, "hello world"},
        {"empty", "0\r\n\r\n", 0, ""},
        {"hexadecimal sizes", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", 0, "01234567890123456789"},
        {"leading zeros", "0005\r\nhello\r\n000\r\n\r\n", 0, "hello"},
        {"extension", "5;name=value; other=\"x\"\r\nhello\r\n0\r\n\r\n", 0, "hello"},
        {"trailers", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", 0, "hello"},
        {"stops behind the end", "0\r\n\r\nGET / HTTP/1.1\r\n", 0, ""},
        {"unfinished", "5\r\nhel", -1, ""},
        {"no last line", "5\r\nhello\r\n0\r\n", -1, ""},
        {"no size", "\r\nhello", 400, ""},
        {"minus", "-5\r\nhello", 400, ""},
        {"plus", "+5\r\nhello", 400, ""},
        {"0x", "0x5\r\nhello", 400, ""},
        {"blank before the line end", "5 \r\nhello", 400, ""},
        {"blank before the size", " 5\r\nhello", 400, ""},
        {"bare LF", "5\nhello", 400, ""},
        {"CR without LF", "5\rhello", 400, ""},
        {"bare LF in an extension", "5;a\nhello", 400, ""},
        {"data longer than its size", "5\r\nhello!\r\n0\r\n\r\n", 400, ""},
        {"LF after the data", "5\r\nhello\n0\r\n\r\n", 400, ""},
        {"nine digits", "000000005\r\nhello\r\n", 400, ""},
        {"size beyond 64 bits", "ffffffffffffffff5\r\nhello", 400, ""},
        {"endless extension", "5;" + std::string(200, 'a') + "\r\nhello", 400, ""},
        {"beyond the limit in one", "65\r\n", 413, ""},
        {"beyond the limit in two", "5\r\nhello\r\n60\r\n", 413, ""},
        {"huge", "ffffffff\r\n", 413, ""},
        {"trailer without a colon", "0\r\nXY\r\n\r\n", 400, ""},
        {"trailer with a bad name", "0\r\nX Y: z\r\n\r\n", 400, ""},
        {"trailer with bare LF", "0\r\nX: y\n\r\n", 400, ""},
        {"trailer with NUL", std::string("0\r\nX: \0\r\n\r\n", 11), 400, ""},
        {"endless trailers", "0\r\nX: " + std::string(2000, 'a'), 400, ""},
    };
    for (const Row& row : rows) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{4000}}) {
            const Outcome outcome = feed_chopped(chunked_head(), row.bytes, piece);
            if (row.status == -1) {
                EXPECT_EQ(outcome.state, BodyReader::State::need_more) << row.name;
            } else if (row.status == 0) {
                EXPECT_EQ(outcome.state, BodyReader::State::complete) << row.name << " in pieces of " << piece;
                EXPECT_EQ(outcome.body, row.body) << row.name;
            } else {
                EXPECT_EQ(outcome.state, BodyReader::State::refused) << row.name << " in pieces of " << piece;
                EXPECT_EQ(outcome.status, row.status) << row.name << " in pieces of " << piece;
            }
        }
    }
    EXPECT_EQ(feed_chopped(chunked_head(), "0\r\n\r\nGET", 100).taken, 5u);
}

}  // namespace
}  // namespace cairn::gateway
