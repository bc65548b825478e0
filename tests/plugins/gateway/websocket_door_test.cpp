// WebSockets over real sockets on loopback.
#include <sys/socket.h>

#include "tests/plugins/gateway/door.hpp"

namespace cairn::gateway::testing {
namespace {

class WebSocketDoor : public Door {};

constexpr unsigned kClose = 8, kPing = 9, kPong = 10;

TEST_F(WebSocketDoor, EchoesThroughASession) {
    open();
    TestSocket socket = websocket("User-Agent: tester\r\nSec-WebSocket-Protocol: cairn.v1+json\r\n");
    socket.send(client_frame("echo hello"));
    const auto answers = frames(socket, 1);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].payload, "hello");
    EXPECT_EQ(session().info.remote, "127.0.0.1");
    EXPECT_EQ(session().info.user_agent, "tester");
    EXPECT_EQ(session().info.codec, "cairn.v1+json");
    EXPECT_TRUE(session().info.local);
    EXPECT_EQ(host->metrics.value("cairn_gateway_websockets"), 1);
}

TEST_F(WebSocketDoor, FramesRightBehindTheRequestAreNotLost) {
    open();
    TestSocket socket = connect();
    socket.send(upgrade_request() + client_frame("echo one") + client_frame("echo two"));
    ASSERT_TRUE(until_received(socket, "\r\n\r\n"));
    socket.received.erase(0, socket.received.find("\r\n\r\n") + 4);
    const auto answers = frames(socket, 2);
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(answers[1].payload, "two");
}

TEST_F(WebSocketDoor, RefusalsComeBeforeTheUpgrade) {
    open();
    const auto status = [&](const std::string& request) {
        TestSocket socket = connect();
        socket.send(request);
        EXPECT_TRUE(until_ended(socket));
        EXPECT_FALSE(socket.reset);
        return socket.received;
    };
    EXPECT_EQ(status(upgrade_request("Origin: https://evil.tld\r\n")).rfind("HTTP/1.1 403 ", 0), 0u);
    EXPECT_EQ(status(upgrade_request("Origin: null\r\n")).rfind("HTTP/1.1 403 ", 0), 0u);
    const std::string plain = status("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(plain.rfind("HTTP/1.1 426 Upgrade Required\r\n", 0), 0u);
    EXPECT_NE(plain.find("Sec-WebSocket-Version: 13\r\n"), std::string::npos);
    EXPECT_TRUE(host->sessions.records.empty());
    host->sessions.refusal = Error(Code::full, "the server is full");
    const std::string full = status(upgrade_request());
    EXPECT_EQ(full.rfind("HTTP/1.1 503 ", 0), 0u);
    EXPECT_NE(full.find("Retry-After: "), std::string::npos);
    EXPECT_NE(full.find("the server is full"), std::string::npos);
    EXPECT_EQ(host->metrics.value("cairn_gateway_websockets"), 0);
}

TEST_F(WebSocketDoor, PingsAreAnswered) {
    open();
    TestSocket socket = websocket();
    socket.send(client_frame("are you there", kPing));
    const auto answers = frames(socket, 1);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].opcode, kPong);
    EXPECT_EQ(answers[0].payload, "are you there");
    EXPECT_TRUE(session().messages.empty());
}

TEST_F(WebSocketDoor, TheClientsCloseIsAnsweredWithItsCode) {
    open();
    TestSocket socket = websocket();
    socket.send(client_frame(close_payload(4000, "done"), kClose));
    ASSERT_TRUE(until_ended(socket));
    EXPECT_FALSE(socket.reset);
    const auto answers = take_frames(socket.received);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].opcode, kClose);
    EXPECT_EQ(answers[0].close_code(), 4000);
    EXPECT_FALSE(session().ended) << "nobody says bye to somebody who leaves";
    EXPECT_TRUE(session().destroyed);
    socket.close();
    EXPECT_TRUE(until([&] { return door->connections() == 0; }));
}

TEST_F(WebSocketDoor, ACloseWithoutACodeIsAnsweredWithoutOne) {
    open();
    TestSocket socket = websocket();
    socket.send(client_frame("", kClose));
    ASSERT_TRUE(until_ended(socket));
    const auto answers = take_frames(socket.received);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_TRUE(answers[0].payload.empty());
}

TEST_F(WebSocketDoor, ByeComesBeforeTheServersClose) {
    open();
    TestSocket socket = websocket();
    socket.send(client_frame("end 4403") + client_frame("echo too late"));
    const auto answers = frames(socket, 2);
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(answers[0].payload, "bye 4403");
    EXPECT_EQ(answers[1].opcode, kClose);
    EXPECT_EQ(answers[1].close_code(), 4403);
    EXPECT_EQ(answers[1].payload.substr(2), "as you wish");
    EXPECT_EQ(session().messages, std::vector<std::string>{"end 4403"});
    EXPECT_TRUE(session().destroyed);
    // The server waits for the answer, then ends without a reset.
    host->turn(5);
    socket.receive();
    EXPECT_FALSE(socket.ended);
    socket.send(client_frame(close_payload(4403), kClose));
    ASSERT_TRUE(until_ended(socket));
    EXPECT_FALSE(socket.reset);
}

TEST_F(WebSocketDoor, AClientWhoNeverAnswersTheCloseIsNotWaitedForLong) {
    open();
    TestSocket socket = websocket();
    socket.send(client_frame("end 1001"));
    ASSERT_EQ(frames(socket, 2).size(), 2u);
    pass(Duration{4000});
    ASSERT_TRUE(until_ended(socket));
    EXPECT_EQ(door->connections(), 0u);
}

TEST_F(WebSocketDoor, ViolationsGetByeAndTheirCodeAndReachNobody) {
    open();
    struct Row {
        std::string bytes;
        std::uint16_t code;
    };
    const std::vector<Row> rows{
        {client_frame("x", 1, true, false), 1002},
        {client_frame("x", 3), 1002},
        {client_frame("x", 1, true, true, 4), 1002},
        {client_frame("x", kPing, false), 1002},
        {client_frame(std::string(126, 'x'), kPing), 1002},
        {client_frame("\x03", kClose), 1002},
        {client_frame(close_payload(1005), kClose), 1002},
        {client_frame("\xff"), 1007},
        {client_frame("x", 2), 1003},
        {client_frame(std::string(65537, 'x')), 1009},
    };
    std::size_t index = 0;
    for (const Row& row : rows) {
        for (const bool bytewise : {false, true}) {
            TestSocket socket = websocket();
            const std::string bytes = row.bytes.substr(0, 200) + client_frame("echo after");
            if (bytewise) {
                for (const char c : bytes) {
                    socket.send(std::string_view(&c, 1));
                    host->turn(1);
                }
            } else {
                socket.send(bytes);
            }
            ASSERT_TRUE(until_ended(socket)) << row.code;
            EXPECT_FALSE(socket.reset) << row.code;
            const auto answers = take_frames(socket.received);
            ASSERT_EQ(answers.size(), 2u) << row.code;
            EXPECT_EQ(answers[0].payload, "bye " + std::to_string(row.code));
            EXPECT_EQ(answers[1].opcode, kClose);
            EXPECT_EQ(answers[1].close_code(), row.code);
            EXPECT_TRUE(session(index).messages.empty());
            EXPECT_TRUE(session(index).destroyed);
            ++index;
        }
    }
    EXPECT_EQ(host->metrics.value("cairn_gateway_violations_total"), 20);
}

TEST_F(WebSocketDoor, TheSilentArePingedAndTheDeadLetGo) {
    open();
    TestSocket alive = websocket();
    TestSocket dead = websocket();
    pass(Duration{24000});
    alive.receive();
    EXPECT_EQ(alive.received, "");
    pass(Duration{2000});
    auto pings = frames(alive, 1);
    ASSERT_EQ(pings.size(), 1u);
    EXPECT_EQ(pings[0].opcode, kPing);
    alive.send(client_frame(pings[0].payload, kPong));
    host->turn(3);
    pass(Duration{20500});
    EXPECT_FALSE(session(0).ended);
    ASSERT_TRUE(session(1).ended);
    EXPECT_EQ(session(1).ended->first, close_code::kSlow);
    ASSERT_TRUE(until_ended(dead));
    const auto last = take_frames(dead.received);
    ASSERT_EQ(last.size(), 3u);
    EXPECT_EQ(last[0].opcode, kPing);
    EXPECT_EQ(last[1].payload, "bye 4408");
    EXPECT_EQ(last[2].close_code(), 4408);
}

TEST_F(WebSocketDoor, AMessageThatTakesTooLongIsRefused) {
    open();
    TestSocket socket = websocket();
    socket.send(client_frame("echo a").substr(0, 5));
    host->turn(2);
    pass(Duration{9000});
    EXPECT_FALSE(session().ended);
    pass(Duration{2000});
    ASSERT_TRUE(session().ended);
    EXPECT_EQ(session().ended->first, close_code::kPolicy);
}

TEST_F(WebSocketDoor, ManyFramesGoOutInOrderWhenTheSocketIsFull) {
    open();
    TestSocket socket = websocket();
    socket.send(client_frame("flood 20000000") + client_frame("echo last"));
    host->turn(5);
    EXPECT_GT(session().session->backlog(), 0u) << "the socket must not have taken all at once";
    const auto answers = frames(socket, 20001);
    ASSERT_EQ(answers.size(), 20001u);
    for (std::size_t i = 0; i < 20000; ++i) ASSERT_EQ(answers[i].payload, std::string(1000, 'x')) << i;
    EXPECT_EQ(answers[20000].payload, "last");
}

TEST_F(WebSocketDoor, AFloodOfPingsFillsNoOutbox) {
    open();
    TestSocket socket = websocket();
    const int small = 4096;
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    std::string pings;
    for (int i = 0; i < 500; ++i) pings += client_frame(std::string(125, 'p'), kPing);
    for (int i = 0; i < 200; ++i) {
        socket.send(pings);
        host->turn(1);
    }
    EXPECT_LT(session().session->backlog(), 70000u);
}

TEST_F(WebSocketDoor, ABrokenConnectionEndsTheSession) {
    open();
    TestSocket socket = websocket();
    const linger abort_now{1, 0};
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &abort_now, sizeof abort_now);
    socket.close();
    EXPECT_TRUE(until([&] { return session().destroyed; }));
    EXPECT_TRUE(until([&] { return door->connections() == 0; }));
    TestSocket other = websocket();
    other.close();
    EXPECT_TRUE(until([&] { return session(1).destroyed; }));
}

TEST_F(WebSocketDoor, EachVisitorBehindAProxyHasHisShare) {
    settings.trusted_proxies = {"127.0.0.1"};
    settings.limits.per_ip = 2;
    open();
    std::vector<TestSocket> sockets;
    for (int i = 0; i < 2; ++i) sockets.push_back(websocket("X-Forwarded-For: 203.0.113.9\r\n"));
    TestSocket third = connect();
    third.send(upgrade_request("X-Forwarded-For: 203.0.113.9\r\n"));
    ASSERT_TRUE(until_ended(third));
    EXPECT_EQ(third.received.rfind("HTTP/1.1 429 ", 0), 0u);
    third.close();
    sockets.push_back(websocket("X-Forwarded-For: 203.0.113.10\r\n"));
    EXPECT_EQ(session(0).info.remote, "203.0.113.9");
    EXPECT_FALSE(session(0).info.local);
    sockets.erase(sockets.begin());
    EXPECT_TRUE(until([&] { return door->connections() == 2; }));
    sockets.push_back(websocket("X-Forwarded-For: 203.0.113.9\r\n"));
}

TEST_F(WebSocketDoor, ThousandsOfMessagesInOneReadAreAllHeard) {
    open();
    TestSocket socket = websocket();
    std::string bytes;
    for (int i = 0; i < 20000; ++i) bytes += client_frame("message number " + std::to_string(i));
    std::size_t sent = 0;
    ASSERT_TRUE(until([&] {
        sent += socket.send(std::string_view(bytes).substr(sent));
        return session().messages.size() == 20000;
    }));
    EXPECT_EQ(session().messages.back(), "message number 19999");
}

}  // namespace
}  // namespace cairn::gateway::testing
