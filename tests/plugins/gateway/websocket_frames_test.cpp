// RFC 6455 sections 5 to 8, row by row: what a client may send, and with which code everything else is refused. Each
// row is fed whole, byte by byte and in odd pieces; the outcome must be the same.
#include <plugins/gateway/websocket_frames.hpp>

#include <gtest/gtest.h>

#include "tests/plugins/gateway/support.hpp"

namespace cairn::gateway {
namespace {

using testing::client_frame;
using testing::close_payload;

/// Writes down what the reader finds: "m:text", "ping:x", "pong:x", "close:CODE:reason", "bad:CODE".
class Notes final : public FrameSink {
public:
    void on_message(std::string_view message) override {
        lines.push_back("m:" +
                        std::string(message.size() > 40 ? std::to_string(message.size()) : std::string(message)));
    }
    void on_ping(std::string_view payload) override { lines.push_back("ping:" + std::string(payload)); }
    void on_pong(std::string_view payload) override { lines.push_back("pong:" + std::string(payload)); }
    void on_close(std::uint16_t code, std::string_view reason) override {
        lines.push_back("close:" + std::to_string(code) + ":" + std::string(reason));
    }
    void on_violation(std::uint16_t code, std::string_view why) override {
        EXPECT_FALSE(why.empty());
        lines.push_back("bad:" + std::to_string(code));
    }
    std::vector<std::string> lines;
};

using Lines = std::vector<std::string>;

struct Row {
    const char* name;
    std::string bytes;
    Lines expected;
};

constexpr unsigned kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

std::string header(std::initializer_list<unsigned> bytes) {
    std::string made;
    for (const unsigned byte : bytes) made.push_back(static_cast<char>(byte));
    return made;
}

std::string f(std::string_view payload, unsigned opcode = kText, bool fin = true) {
    return client_frame(payload, opcode, fin);
}

std::string close(std::uint16_t code, std::string_view reason = {}) {
    return f(close_payload(code, reason), kClose);
}

std::vector<Row> rows() {
    const std::string hello = f("hello");
    std::vector<Row> made{
        // 5.6 and 5.2: data
        {"text", hello, {"m:hello"}},
        {"empty text", f(""), {"m:"}},
        {"two messages", f("a") + f("b"), {"m:a", "m:b"}},
        {"125 bytes", f(std::string(125, 'x')), {"m:125"}},
        {"126 bytes", f(std::string(126, 'x')), {"m:126"}},
        {"127 bytes", f(std::string(127, 'x')), {"m:127"}},
        {"4095 bytes", f(std::string(4095, 'x')), {"m:4095"}},
        {"4096 bytes", f(std::string(4096, 'x')), {"m:4096"}},
        {"9000 bytes", f(std::string(9000, 'x')), {"m:9000"}},
        {"65535 bytes", f(std::string(65535, 'x')), {"m:65535"}},
        {"65536 bytes, the limit", f(std::string(65536, 'x')), {"m:65536"}},
        {"65537 bytes", f(std::string(65537, 'x')), {"bad:1009"}},
        {"a message after the limit is not read", f(std::string(65537, 'x')) + hello, {"bad:1009"}},
        {"announces 2^63 - 1 bytes",
         header({0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5}),
         {"bad:1009"}},
        {"announces 2^63 bytes", header({0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}), {"bad:1002"}},
        {"announces 2^64 - 1 bytes",
         header({0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}),
         {"bad:1002"}},
        {"16-bit length that fits into 7", header({0x81, 0xfe, 0, 5, 1, 2, 3, 4}) + "aaaaa", {"bad:1002"}},
        {"64-bit length that fits into 16", header({0x81, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 3, 4}), {"bad:1002"}},
        {"binary under a text codec", f("x", kBinary), {"bad:1003"}},
        {"binary after text", hello + f("x", kBinary), {"m:hello", "bad:1003"}},
        {"fragmented binary", f("x", kBinary, false), {"bad:1003"}},

        // 5.1 and 5.3: masks
        {"unmasked text", client_frame("hello", kText, true, false), {"bad:1002"}},
        {"unmasked empty text", client_frame("", kText, true, false), {"bad:1002"}},
        {"unmasked ping", client_frame("x", kPing, true, false), {"bad:1002"}},
        {"unmasked close", client_frame(close_payload(1000), kClose, true, false), {"bad:1002"}},
        {"unmasked after masked", hello + client_frame("x", kText, true, false), {"m:hello", "bad:1002"}},
        {"unmasked continuation", f("a", kText, false) + client_frame("b", kContinuation, true, false), {"bad:1002"}},

        // 5.2: reserved bits and opcodes
        {"RSV1", client_frame("x", kText, true, true, 4), {"bad:1002"}},
        {"RSV2", client_frame("x", kText, true, true, 2), {"bad:1002"}},
        {"RSV3", client_frame("x", kText, true, true, 1), {"bad:1002"}},
        {"RSV1 on a ping", client_frame("x", kPing, true, true, 4), {"bad:1002"}},
        {"RSV1 on a close", client_frame(close_payload(1000), kClose, true, true, 4), {"bad:1002"}},
        {"RSV1 on a continuation",
         f("a", kText, false) + client_frame("b", kContinuation, true, true, 4),
         {"bad:1002"}},
    };
    for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
        made.push_back({"reserved opcode", f("x", opcode), {"bad:1002"}});
        made.push_back({"reserved opcode after a message", hello + f("", opcode), {"m:hello", "bad:1002"}});
        made.push_back({"reserved opcode inside a message", f("a", kText, false) + f("x", opcode), {"bad:1002"}});
    }
    const std::vector<Row> more{
        // 5.4: fragments
        {"two fragments", f("hel", kText, false) + f("lo", kContinuation), {"m:hello"}},
        {"three fragments", f("h", kText, false) + f("el", kContinuation, false) + f("lo", kContinuation), {"m:hello"}},
        {"empty first fragment", f("", kText, false) + f("hello", kContinuation), {"m:hello"}},
        {"empty last fragment", f("hello", kText, false) + f("", kContinuation), {"m:hello"}},
        {"all fragments empty", f("", kText, false) + f("", kContinuation, false) + f("", kContinuation), {"m:"}},
        {"message after fragments", f("a", kText, false) + f("b", kContinuation) + f("c"), {"m:ab", "m:c"}},
        {"continuation of nothing", f("x", kContinuation), {"bad:1002"}},
        {"unfinished continuation of nothing", f("x", kContinuation, false), {"bad:1002"}},
        {"continuation after a whole message", hello + f("x", kContinuation), {"m:hello", "bad:1002"}},
        {"text inside a message", f("a", kText, false) + f("b"), {"bad:1002"}},
        {"binary inside a message", f("a", kText, false) + f("b", kBinary), {"bad:1002"}},
        {"fragments beyond the limit",
         f(std::string(65000, 'x'), kText, false) + f(std::string(537, 'x'), kContinuation),
         {"bad:1009"}},
        {"fragments up to the limit",
         f(std::string(65000, 'x'), kText, false) + f(std::string(536, 'x'), kContinuation),
         {"m:65536"}},
        {"an unfinished message tells nobody", f("a", kText, false), {}},

        // 5.5: control frames
        {"ping", f("x", kPing), {"ping:x"}},
        {"empty ping", f("", kPing), {"ping:"}},
        {"ping of 125 bytes", f(std::string(125, 'p'), kPing), {"ping:" + std::string(125, 'p')}},
        {"ping of 126 bytes", f(std::string(126, 'p'), kPing), {"bad:1002"}},
        {"ping of 65536 bytes", f(std::string(65536, 'p'), kPing), {"bad:1002"}},
        {"fragmented ping", f("x", kPing, false), {"bad:1002"}},
        {"fragmented pong", f("x", kPong, false), {"bad:1002"}},
        {"fragmented close", f(close_payload(1000), kClose, false), {"bad:1002"}},
        {"unasked pong", f("x", kPong), {"pong:x"}},
        {"pong of 126 bytes", f(std::string(126, 'p'), kPong), {"bad:1002"}},
        {"ping with bytes that are no text", f("\xff\xfe", kPing), {"ping:\xff\xfe"}},
        {"ping inside a message", f("a", kText, false) + f("p", kPing) + f("b", kContinuation), {"ping:p", "m:ab"}},
        {"pong inside a message", f("a", kText, false) + f("p", kPong) + f("b", kContinuation), {"pong:p", "m:ab"}},
        {"pings between all fragments",
         f("a", kText, false) + f("1", kPing) + f("b", kContinuation, false) + f("2", kPing) + f("c", kContinuation) +
             f("3", kPing),
         {"ping:1", "ping:2", "m:abc", "ping:3"}},
        {"close inside a message", f("a", kText, false) + close(1000), {"close:1000:"}},
        {"ten pings",
         f("", kPing) + f("1", kPing) + f("2", kPing) + f("3", kPing) + f("4", kPing),
         {"ping:", "ping:1", "ping:2", "ping:3", "ping:4"}},

        // 5.5.1 and 7.4: close
        {"close without a code", f("", kClose), {"close:1005:"}},
        {"close of one byte", f("\x03", kClose), {"bad:1002"}},
        {"close of one byte after a message", hello + f("\x03", kClose), {"m:hello", "bad:1002"}},
        {"close with a reason", close(1000, "bye"), {"close:1000:bye"}},
        {"close with the longest reason", close(1000, std::string(123, 'r')), {"close:1000:" + std::string(123, 'r')}},
        {"close too long", close(1000, std::string(124, 'r')), {"bad:1002"}},
        {"close with bad UTF-8", close(1000, "\xff"), {"bad:1007"}},
        {"close with cut UTF-8", close(1000, "\xe2\x82"), {"bad:1007"}},
        {"nothing is read after a close", close(1000) + hello, {"close:1000:"}},
        {"a message, then a close", hello + close(1001, "going"), {"m:hello", "close:1001:going"}},

        // 8.1: UTF-8
        {"two bytes", f("\xc3\xa4"), {"m:\xc3\xa4"}},
        {"three bytes", f("\xe2\x82\xac"), {"m:\xe2\x82\xac"}},
        {"four bytes", f("\xf0\x9f\x98\x80"), {"m:\xf0\x9f\x98\x80"}},
        {"the last character there is", f("\xf4\x8f\xbf\xbf"), {"m:\xf4\x8f\xbf\xbf"}},
        {"NUL is a character", f(std::string_view("a\0b", 3)), {"m:" + std::string("a\0b", 3)}},
        {"a character over two fragments", f("\xe2\x82", kText, false) + f("\xac", kContinuation), {"m:\xe2\x82\xac"}},
        {"a character over four fragments",
         f("\xf0", kText, false) + f("\x9f", kContinuation, false) + f("\x98", kContinuation, false) +
             f("\x80", kContinuation),
         {"m:\xf0\x9f\x98\x80"}},
        {"a character over fragments with a ping inside",
         f("\xe2\x82", kText, false) + f("\xff", kPing) + f("\xac", kContinuation),
         {"ping:\xff", "m:\xe2\x82\xac"}},
        {"0xff", f("\xff"), {"bad:1007"}},
        {"lone continuation byte", f("\x80"), {"bad:1007"}},
        {"overlong slash", f("\xc0\xaf"), {"bad:1007"}},
        {"overlong three bytes", f("\xe0\x80\xaf"), {"bad:1007"}},
        {"overlong four bytes", f("\xf0\x80\x80\xaf"), {"bad:1007"}},
        {"surrogate", f("\xed\xa0\x80"), {"bad:1007"}},
        {"beyond the last character", f("\xf4\x90\x80\x80"), {"bad:1007"}},
        {"five bytes", f("\xf8\x88\x80\x80\x80"), {"bad:1007"}},
        {"cut at the end", f("\xe2\x82"), {"bad:1007"}},
        {"cut at the end after text", f("hello\xe2\x82"), {"bad:1007"}},
        {"cut at the end of fragments", f("\xe2", kText, false) + f("\x82", kContinuation), {"bad:1007"}},
        {"character broken by the next fragment", f("\xe2\x82", kText, false) + f("x", kContinuation), {"bad:1007"}},
        {"bad byte in an unfinished message", f("ab\xff", kText, false), {"bad:1007"}},
        {"bad byte late in a long message", f(std::string(5000, 'x') + "\xff"), {"bad:1007"}},
        {"character over wslay's buffer border", f(std::string(4087, 'x') + "\xe2\x82\xac" + "yy"), {"m:4092"}},
    };
    made.insert(made.end(), more.begin(), more.end());
    for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999})
        made.push_back({"close code that may be sent",
                        close(static_cast<std::uint16_t>(code)),
                        {"close:" + std::to_string(code) + ":"}});
    // 1012 to 1014 were registered later, for servers; a client has no use for them.
    for (const int code : {0, 1, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
        made.push_back({"close code that may not be sent", close(static_cast<std::uint16_t>(code)), {"bad:1002"}});
    return made;
}

Lines read_in_pieces(const std::string& bytes, std::size_t piece) {
    FrameParserPool pool(65536);
    const FrameLimits limits;
    Notes notes;
    FrameReader reader(pool, limits, notes);
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < bytes.size(); at += piece)
        reader.feed(std::string_view(bytes).substr(at, piece), now);
    return notes.lines;
}

TEST(WebSocketFrames, ConformanceTable) {
    const auto table = rows();
    EXPECT_GE(table.size(), 120u);
    for (const Row& row : table)
        for (const std::size_t piece :
             {row.bytes.size(), std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{4096}})
            EXPECT_EQ(read_in_pieces(row.bytes, piece), row.expected) << row.name << " in pieces of " << piece;
}

TEST(WebSocketFrames, AnySplitInTwoGivesTheSame) {
    for (const Row& row : rows()) {
        if (row.bytes.size() > 300) continue;
        for (std::size_t cut = 1; cut < row.bytes.size(); ++cut) {
            FrameParserPool pool(65536);
            const FrameLimits limits;
            Notes notes;
            FrameReader reader(pool, limits, notes);
            reader.feed(std::string_view(row.bytes).substr(0, cut), {});
            reader.feed(std::string_view(row.bytes).substr(cut), {});
            ASSERT_EQ(notes.lines, row.expected) << row.name << " cut at " << cut;
        }
    }
}

TEST(WebSocketFrames, SixtyFourFragmentsAndNotOneMore) {
    for (const int count : {64, 65}) {
        std::string bytes = f("", kText, false);
        for (int i = 2; i < count; ++i) bytes += f("", kContinuation, false);
        bytes += f("x", kContinuation);
        const Lines expected = count == 64 ? Lines{"m:x"} : Lines{"bad:1008"};
        EXPECT_EQ(read_in_pieces(bytes, bytes.size()), expected);
        EXPECT_EQ(read_in_pieces(bytes, 1), expected);
    }
}

TEST(WebSocketFrames, AMessageMayNotTakeForEver) {
    FrameParserPool pool(65536);
    const FrameLimits limits;
    Notes notes;
    FrameReader reader(pool, limits, notes);
    const auto start = std::chrono::steady_clock::now();
    reader.feed(f("a", kText, false), start);
    reader.check_time(start + std::chrono::seconds(9));
    EXPECT_EQ(notes.lines, Lines{});
    reader.check_time(start + std::chrono::seconds(11));
    EXPECT_EQ(notes.lines, Lines{"bad:1008"});
    reader.feed(f("b", kContinuation), start + std::chrono::seconds(11));
    EXPECT_EQ(notes.lines, Lines{"bad:1008"});
}

TEST(WebSocketFrames, ALateEndIsAViolationEvenWithoutACheck) {
    FrameParserPool pool(65536);
    const FrameLimits limits;
    Notes notes;
    FrameReader reader(pool, limits, notes);
    const auto start = std::chrono::steady_clock::now();
    const std::string frame = f("hello");
    reader.feed(frame.substr(0, 4), start);
    reader.feed(frame.substr(4), start + std::chrono::seconds(11));
    EXPECT_EQ(notes.lines, Lines{"bad:1008"});
}

TEST(WebSocketFrames, ABusyClientWhoIsAlwaysInsideAFrameIsNotSlow) {
    FrameParserPool pool(65536);
    const FrameLimits limits;
    Notes notes;
    FrameReader reader(pool, limits, notes);
    auto now = std::chrono::steady_clock::now();
    const std::string frame = f("hello");
    reader.feed(frame.substr(0, 4), now);
    for (int i = 0; i < 30; ++i) {
        now += std::chrono::seconds(1);
        reader.feed(frame.substr(4) + frame.substr(0, 4), now);
    }
    EXPECT_EQ(notes.lines, Lines(30, "m:hello"));
}

TEST(WebSocketFrames, IdleConnectionsHoldNoParser) {
    FrameParserPool pool(65536);
    const FrameLimits limits;
    Notes notes;
    FrameReader first(pool, limits, notes);
    FrameReader second(pool, limits, notes);
    first.feed(f("one"), {});
    EXPECT_FALSE(first.unfinished());
    EXPECT_EQ(pool.spare(), 1u);
    second.feed(f("tw", kText, false), {});
    EXPECT_TRUE(second.unfinished());
    EXPECT_EQ(pool.spare(), 0u);
    first.feed(f("three") + f("x", kPing), {});
    second.feed(f("o", kContinuation), {});
    EXPECT_EQ(pool.spare(), 2u);
    EXPECT_EQ(notes.lines, (Lines{"m:one", "m:three", "ping:x", "m:two"}));
}

TEST(WebSocketFrames, AThrownAwayParserIsNotLentAgain) {
    FrameParserPool pool(65536);
    const FrameLimits limits;
    Notes notes;
    FrameReader bad(pool, limits, notes);
    bad.feed(client_frame("x", kText, true, false), {});
    EXPECT_TRUE(bad.finished());
    EXPECT_EQ(pool.spare(), 0u);
    FrameReader good(pool, limits, notes);
    good.feed(f("fine"), {});
    EXPECT_EQ(notes.lines, (Lines{"bad:1002", "m:fine"}));
}

}  // namespace
}  // namespace cairn::gateway
