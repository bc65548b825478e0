#include <plugins/gateway/websocket_handshake.hpp>

#include <gtest/gtest.h>

#include <cairn/error.hpp>

#include "tests/plugins/gateway/support.hpp"

namespace cairn::gateway {
namespace {

using testing::upgrade_request;

RequestHead parse(const std::string& request) {
    RequestHead head;
    const Refusal refusal = parse_head(request, HeadLimits{}, head);
    EXPECT_EQ(refusal.status, 0) << refusal.reason;
    return head;
}

const std::vector<std::string> kCodecs{"cairn.v1+json"};

Handshake judge(const std::string& request, const OriginRule& rule = {}, const OriginRule::Peer& peer = {}) {
    return judge_handshake(parse(request), rule, peer, kCodecs);
}

std::string without(std::string request, const std::string& line_start) {
    const std::size_t at = request.find("\r\n" + line_start);
    const std::size_t end = request.find("\r\n", at + 2);
    return request.erase(at, end - at);
}

std::string replaced(std::string request, const std::string& from, const std::string& to) {
    const std::size_t at = request.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return request.replace(at, from.size(), to);
}

TEST(WebSocketHandshake, AnswersTheExampleOfTheStandard) {
    // RFC 6455 section 1.3.
    EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const Handshake made = judge(upgrade_request());
    ASSERT_EQ(made.refusal.status, 0) << made.refusal.reason;
    EXPECT_EQ(made.answer,
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    EXPECT_EQ(made.codec, "cairn.v1+json");
}

TEST(WebSocketHandshake, Table) {
    struct Row {
        const char* name;
        std::string request;
        int status;
    };
    const std::string good = upgrade_request();
    const std::vector<Row> rows{
        {"in order", good, 0},
        {"upgrade among others, in capitals", replaced(good, "Upgrade: websocket", "Upgrade: h2c, WebSocket"), 0},
        {"connection as browsers send it", replaced(good, "Connection: Upgrade", "Connection: keep-alive, Upgrade"), 0},
        {"post", replaced(good, "GET", "POST"), 405},
        {"http 1.0", replaced(good, "HTTP/1.1", "HTTP/1.0"), 400},
        {"no upgrade", without(good, "Upgrade:"), 426},
        {"upgrade to something else", replaced(good, "Upgrade: websocket", "Upgrade: h2c"), 426},
        {"no connection", without(good, "Connection:"), 400},
        {"connection without upgrade", replaced(good, "Connection: Upgrade", "Connection: keep-alive"), 400},
        {"no version", without(good, "Sec-WebSocket-Version:"), 426},
        {"version 8", replaced(good, "Version: 13", "Version: 8"), 426},
        {"version 013", replaced(good, "Version: 13", "Version: 013"), 426},
        {"two versions", upgrade_request("Sec-WebSocket-Version: 13\r\n"), 426},
        {"no key", without(good, "Sec-WebSocket-Key:"), 400},
        {"two keys", upgrade_request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), 400},
        {"short key", replaced(good, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="), 400},
        {"long key", replaced(good, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZSBsb25n"), 400},
        {"key that is no base64", replaced(good, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25*ZQ=="), 400},
        {"with a body", upgrade_request("Content-Length: 5\r\n"), 400},
        {"known subprotocol", upgrade_request("Sec-WebSocket-Protocol: cairn.v1+json\r\n"), 0},
        {"known among unknown", upgrade_request("Sec-WebSocket-Protocol: chat, cairn.v1+json\r\n"), 0},
        {"known in a second field",
         upgrade_request("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: cairn.v1+json\r\n"), 0},
        {"unknown subprotocol", upgrade_request("Sec-WebSocket-Protocol: chat\r\n"), 400},
        {"subprotocol in capitals", upgrade_request("Sec-WebSocket-Protocol: CAIRN.V1+JSON\r\n"), 400},
        {"empty subprotocol", upgrade_request("Sec-WebSocket-Protocol:\r\n"), 400},
        {"subprotocol twice", upgrade_request("Sec-WebSocket-Protocol: cairn.v1+json, cairn.v1+json\r\n"), 400},
        {"extensions are offered and not taken", upgrade_request("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
         0},
    };
    for (const Row& row : rows) EXPECT_EQ(judge(row.request).refusal.status, row.status) << row.name;
    EXPECT_EQ(judge(rows[26].request).answer.find("Extensions"), std::string::npos);
    EXPECT_NE(judge(rows[20].request).answer.find("Sec-WebSocket-Protocol: cairn.v1+json\r\n"), std::string::npos);
}

TEST(WebSocketHandshake, AnEightKilobyteSubprotocolListIsRefused) {
    std::string list = "a0";
    for (int i = 1; list.size() < 7900; ++i) list += ",a" + std::to_string(i);
    EXPECT_EQ(judge(upgrade_request("Sec-WebSocket-Protocol: " + list + "\r\n")).refusal.status, 400);
}

struct OriginRow {
    const char* origin;
    int status;
};

TEST(OriginRule, AllowListIsExact) {
    const OriginRule rule({"https://good.example", "http://localhost:5173"}, false);
    const std::vector<OriginRow> rows{
        {"https://good.example", 0},
        {"https://good.example:443", 0},
        {"http://localhost:5173", 0},
        {"http://good.example", 403},
        {"https://good.example:8443", 403},
        {"https://good.example.evil.tld", 403},
        {"https://evil.tld", 403},
        {"https://notgood.example", 403},
        {"https://sub.good.example", 403},
        {"https://GOOD.example", 403},
        {"HTTPS://good.example", 403},
        {"https://me@good.example", 403},
        {"https://good.example@evil.tld", 403},
        {"https://good.example/", 403},
        {"https://good.example/path", 403},
        {"https://good.example:", 403},
        {"https://good.example:443:443", 403},
        {"https://good.example:99999", 403},
        {"http://localhost", 403},
        {"http://localhost:5174", 403},
        {"http://127.0.0.1:5173", 403},
        {"null", 403},
        {"", 403},
        {"file://", 403},
        {"https://good.example https://evil.tld", 403},
        {"https://good.example, https://evil.tld", 403},
    };
    for (const OriginRow& row : rows)
        EXPECT_EQ(judge(upgrade_request("Origin: " + std::string(row.origin) + "\r\n"), rule, {}).refusal.status,
                  row.status)
            << row.origin;
    EXPECT_EQ(
        judge(upgrade_request("Origin: https://good.example\r\nOrigin: https://good.example\r\n"), rule).refusal.status,
        403);
}

TEST(OriginRule, AnEmptyListMeansTheSameHost) {
    const OriginRule rule;
    const auto status = [&](const std::string& origin, const std::string& host, OriginRule::Peer peer) {
        return judge(upgrade_request("Origin: " + origin + "\r\n", host), rule, peer).refusal.status;
    };
    EXPECT_EQ(status("http://world.example", "world.example", {}), 0);
    EXPECT_EQ(status("http://world.example", "World.Example", {}), 0);
    EXPECT_EQ(status("http://world.example:8080", "world.example:8080", {}), 0);
    EXPECT_EQ(status("http://[2001:db8::1]:8080", "[2001:db8::1]:8080", {}), 0);
    EXPECT_EQ(status("http://world.example", "world.example:80", {}), 0);
    EXPECT_EQ(status("http://world.example", "world.example:8080", {}), 403);
    EXPECT_EQ(status("http://other.example", "world.example", {}), 403);
    EXPECT_EQ(status("null", "world.example", {}), 403);
    // Plain here, TLS outside: only a proxy that we trust may have ended it.
    EXPECT_EQ(status("https://world.example", "world.example", {}), 403);
    EXPECT_EQ(status("https://world.example", "world.example", {false, true, false}), 0);
    EXPECT_EQ(status("https://world.example", "world.example", {true, false, false}), 0);
    EXPECT_EQ(status("http://world.example", "world.example", {true, false, false}), 403);
    // A page of this very machine, on this very machine: development.
    EXPECT_EQ(status("http://localhost:5173", "127.0.0.1:8080", {false, false, true}), 0);
    EXPECT_EQ(status("http://[::1]:5173", "127.0.0.1:8080", {false, false, true}), 0);
    EXPECT_EQ(status("http://localhost:5173", "127.0.0.1:8080", {false, false, false}), 403);
    EXPECT_EQ(status("http://localhost.evil.tld", "127.0.0.1:8080", {false, false, true}), 403);
}

TEST(OriginRule, AbsentMeansNoBrowserAndMayBeRefused) {
    EXPECT_EQ(judge(upgrade_request(), OriginRule({}, false)).refusal.status, 0);
    EXPECT_EQ(judge(upgrade_request(), OriginRule({"https://good.example"}, false)).refusal.status, 0);
    EXPECT_EQ(judge(upgrade_request(), OriginRule({}, true)).refusal.status, 403);
}

TEST(OriginRule, AStarLetsAllPagesInButNotNull) {
    const OriginRule rule({"*"}, false);
    EXPECT_TRUE(rule.allows_all());
    EXPECT_EQ(judge(upgrade_request("Origin: https://anything.example\r\n"), rule).refusal.status, 0);
    EXPECT_EQ(judge(upgrade_request("Origin: null\r\n"), rule).refusal.status, 403);
}

TEST(OriginRule, ConfigurationMistakesAreExplained) {
    for (const char* text :
         {"good.example", "https://good.example/", "https://Good.example", "ftp://good.example", "https://"}) {
        EXPECT_NE(OriginRule::complaint(text).find("https://world.example"), std::string::npos) << text;
        EXPECT_THROW(OriginRule({text}, false), Error) << text;
    }
    EXPECT_EQ(OriginRule::complaint("https://good.example:8443"), "");
}

}  // namespace
}  // namespace cairn::gateway
