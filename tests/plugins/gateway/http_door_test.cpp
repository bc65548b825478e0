// Requests over real sockets on loopback.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/plugins/gateway/door.hpp"

namespace cairn::gateway::testing {
namespace {

class HttpDoor : public Door {
protected:
    void open_with_routes() {
        host = std::make_unique<SmallHost>(1);
        HttpRoute hello{"GET", "/hello",
                        [](const HttpRequest& request) { return HttpResponse::text(200, "hello " + request.query); }};
        HttpRoute size{"POST", "/size", [](const HttpRequest& request) {
                           return HttpResponse::text(200, std::to_string(request.body.size()));
                       }};
        size.max_body = 100000;
        HttpRoute fault{"GET", "/fault", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("oops"); }};
        HttpRoute who{"GET", "/who",
                      [](const HttpRequest& request) { return HttpResponse::text(200, "<" + request.remote + ">"); }};
        host->routes.routes = {hello, size, fault, who};
        folder.write("index.html", "<h1>start</h1>");
        folder.write("long.bin", std::string(3000000, 'x') + "END");
        host->routes.folders.push_back({"/", folder.path(), "index.html", {}});
        reopen();
    }

    std::string ask(const std::string& request, const std::string& until_text = "") {
        TestSocket socket = connect();
        socket.send(request);
        if (until_text.empty())
            until_ended(socket);
        else
            until_received(socket, until_text);
        EXPECT_FALSE(socket.reset) << request;
        return socket.received;
    }

    TempFolder folder;
};

std::string get(const std::string& path, const std::string& more = "Connection: close\r\n") {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n";
}

TEST_F(HttpDoor, RoutesAndFiles) {
    open_with_routes();
    EXPECT_NE(ask(get("/hello?you")).find("\r\n\r\nhello you"), std::string::npos);
    const std::string page = ask(get("/"));
    EXPECT_NE(page.find("<h1>start</h1>"), std::string::npos);
    EXPECT_NE(page.find("Content-Type: text/html; charset=utf-8\r\n"), std::string::npos);
    EXPECT_NE(page.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_EQ(ask(get("/missing")).rfind("HTTP/1.1 404 ", 0), 0u);
    EXPECT_EQ(ask(get("/fault")).rfind("HTTP/1.1 500 ", 0), 0u);
    EXPECT_NE(ask(get("/who")).find("<127.0.0.1>"), std::string::npos);
}

TEST_F(HttpDoor, HeadHasNoBody) {
    open_with_routes();
    for (const char* path : {"/hello", "/", "/missing"}) {
        const std::string answer =
            ask("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        EXPECT_EQ(answer.find("\r\n\r\n"), answer.size() - 4) << answer;
        EXPECT_EQ(answer.find("Content-Length: 0\r\n"), std::string::npos) << answer;
    }
}

TEST_F(HttpDoor, MethodsThatAreNotPossible) {
    open_with_routes();
    const std::string wrong = ask("DELETE /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(wrong.rfind("HTTP/1.1 405 ", 0), 0u);
    EXPECT_NE(wrong.find("Allow: GET, HEAD, OPTIONS\r\n"), std::string::npos) << wrong;
    const std::string file = ask("POST /index.html HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(file.rfind("HTTP/1.1 405 ", 0), 0u);
    EXPECT_NE(file.find("Allow: GET, HEAD, OPTIONS\r\n"), std::string::npos);
    const std::string options = ask("OPTIONS /size HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(options.rfind("HTTP/1.1 204 ", 0), 0u);
    EXPECT_NE(options.find("Allow: POST, OPTIONS\r\n"), std::string::npos);
    EXPECT_EQ(options.find("Content-Length"), std::string::npos);
}

TEST_F(HttpDoor, BodiesByLengthAndChunked) {
    open_with_routes();
    EXPECT_NE(ask("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nConnection: close\r\n\r\nhello world")
                  .find("\r\n\r\n11"),
              std::string::npos);
    EXPECT_NE(ask("POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: "
                  "close\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
                  .find("\r\n\r\n5"),
              std::string::npos);
    EXPECT_EQ(ask("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n").rfind("HTTP/1.1 413 ", 0), 0u);
    const std::string large(90000, 'x');
    EXPECT_NE(ask("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\nConnection: close\r\n\r\n" + large)
                  .find("\r\n\r\n90000"),
              std::string::npos);
}

TEST_F(HttpDoor, ContinuesWhenAsked) {
    open_with_routes();
    TestSocket socket = connect();
    socket.send(
        "POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(until_received(socket, "HTTP/1.1 100 Continue\r\n\r\n"));
    socket.send("hello");
    ASSERT_TRUE(until_ended(socket));
    EXPECT_NE(socket.received.find("\r\n\r\n5"), std::string::npos);
}

TEST_F(HttpDoor, RequestsInOnePieceAreAnsweredInOrder) {
    open_with_routes();
    TestSocket socket = connect();
    socket.send(get("/hello?1", "") + get("/", "") + "POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
                get("/hello?4"));
    ASSERT_TRUE(until_ended(socket));
    std::size_t at = 0;
    for (const char* text : {"hello 1", "<h1>start</h1>", "\r\n\r\n3", "hello 4"}) {
        const std::size_t found = socket.received.find(text, at);
        ASSERT_NE(found, std::string::npos) << text << " in " << socket.received;
        at = found;
    }
}

TEST_F(HttpDoor, ABodyIsNeverTakenForARequest) {
    open_with_routes();
    const std::string hidden = get("/hello?smuggled");
    const std::vector<std::string> requests{
        "POST /missing HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(hidden.size()) + "\r\n\r\n" + hidden,
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(hidden.size()) + "\r\n\r\n" + hidden,
        "POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
        "POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden,
        "POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n" + hidden,
        "POST /size HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\nhello\r\n0\r\n\r\n" + hidden,
        "GET /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n" + hidden,
        "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n" + hidden,
        "GET /hello HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n" + hidden,
    };
    for (const std::string& request : requests) {
        const std::string answer = ask(request);
        EXPECT_EQ(answer.find("smuggled"), std::string::npos) << request << "\n=>\n" << answer;
        EXPECT_EQ(answer.find("HTTP/1.1 ", 1), std::string::npos) << answer;
        EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    }
}

TEST_F(HttpDoor, OneByteAtATime) {
    open_with_routes();
    TestSocket socket = connect();
    for (const char c : get("/hello?slow")) {
        socket.send(std::string_view(&c, 1));
        host->turn(1);
    }
    ASSERT_TRUE(until_ended(socket));
    EXPECT_NE(socket.received.find("hello slow"), std::string::npos);
}

TEST_F(HttpDoor, LongFilesArriveWhole) {
    open_with_routes();
    TestSocket socket = connect();
    socket.send(get("/long.bin"));
    ASSERT_TRUE(until_ended(socket));
    const std::size_t body = socket.received.find("\r\n\r\n") + 4;
    EXPECT_EQ(socket.received.size() - body, 3000003u);
    EXPECT_EQ(socket.received.substr(socket.received.size() - 3), "END");
}

TEST_F(HttpDoor, AFileThatShrinksBreaksOffInsteadOfLying) {
    open_with_routes();
    host->background.eager = false;
    TestSocket socket = connect();
    socket.send(get("/long.bin"));
    until([&] { return host->background.waiting() > 0; });
    host->background.run_all();
    folder.write("long.bin", "short");
    until([&] {
        socket.receive();
        host->background.run_all();
        return socket.ended;
    });
    EXPECT_TRUE(socket.ended);
    EXPECT_LT(socket.received.size(), 3000003u);
}

TEST_F(HttpDoor, AClientWhoGoesWhileALaneWorksIsForgotten) {
    open_with_routes();
    host->background.eager = false;
    TestSocket socket = connect();
    socket.send(get("/hello"));
    ASSERT_TRUE(until([&] { return host->background.waiting() == 1; }));
    const linger abort_now{1, 0};
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &abort_now, sizeof abort_now);
    socket.close();
    host->turn(5);
    host->background.run_all();
    EXPECT_TRUE(until([&] { return door->connections() == 0; }));
}

TEST_F(HttpDoor, AClientWhoShutsHisSendingSideStillGetsHisAnswer) {
    open_with_routes();
    TestSocket socket = connect();
    socket.send(get("/hello?half", ""));
    socket.shut_sending();
    ASSERT_TRUE(until_ended(socket));
    EXPECT_NE(socket.received.find("hello half"), std::string::npos);
    EXPECT_TRUE(until([&] { return door->connections() == 0; }));
}

TEST_F(HttpDoor, AFullLaneSaysSo) {
    open_with_routes();
    host->background.refuse = true;
    EXPECT_EQ(ask(get("/hello")).rfind("HTTP/1.1 503 ", 0), 0u);
    EXPECT_EQ(ask(get("/")).rfind("HTTP/1.1 503 ", 0), 0u);
}

TEST_F(HttpDoor, SlowHeadersAreLetGoAndDelayNobody) {
    open_with_routes();
    std::vector<TestSocket> slow;
    for (int i = 0; i < 50; ++i) {
        slow.push_back(connect());
        slow.back().send("GET / HTTP/1.1\r\nHost: a\r\nX-");
    }
    TestSocket silent = connect();
    host->turn(3);
    EXPECT_NE(ask(get("/hello?quick")).find("hello quick"), std::string::npos);
    pass(Duration{4000});
    for (TestSocket& socket : slow) {
        // A byte now and then does not help: the time is for the whole head.
        socket.send("a");
        socket.receive();
        EXPECT_FALSE(socket.ended);
    }
    pass(Duration{1600});
    for (TestSocket& socket : slow) {
        ASSERT_TRUE(until_ended(socket));
        EXPECT_EQ(socket.received.rfind("HTTP/1.1 408 ", 0), 0u);
    }
    ASSERT_TRUE(until_ended(silent));
    EXPECT_EQ(silent.received, "");
    EXPECT_GE(host->metrics.value("cairn_gateway_dropped_total{slow}"), 51);
}

TEST_F(HttpDoor, SlowBodiesAreLetGo) {
    open_with_routes();
    TestSocket socket = connect();
    socket.send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
    for (int second = 0; second < 12; ++second) {
        socket.send(std::string(100, 'x'));
        pass(Duration{1000});
    }
    ASSERT_TRUE(until_ended(socket));
    EXPECT_EQ(socket.received.rfind("HTTP/1.1 408 ", 0), 0u);
}

TEST_F(HttpDoor, IdleConnectionsEndWithoutAWord) {
    open_with_routes();
    TestSocket socket = connect();
    socket.send(get("/hello?1", ""));
    ASSERT_TRUE(until_received(socket, "hello 1"));
    pass(Duration{14000});
    socket.send(get("/hello?2", ""));
    ASSERT_TRUE(until_received(socket, "hello 2"));
    const std::string before = socket.received;
    pass(Duration{16000});
    ASSERT_TRUE(until_ended(socket));
    EXPECT_EQ(socket.received, before);
}

TEST_F(HttpDoor, AnHttpClientWhoTakesNothingIsLetGo) {
    open_with_routes();
    TestSocket socket = connect();
    const int small = 4096;
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    folder.write("long.bin", std::string(20000000, 'x'));
    socket.send(get("/long.bin"));
    host->turn(200);
    EXPECT_EQ(door->connections(), 1u);
    pass(Duration{22000});
    EXPECT_TRUE(until([&] { return door->connections() == 0; }));
}

TEST_F(HttpDoor, TheOldestHalfOpenConnectionMakesRoom) {
    settings.limits.half_open = 10;
    open_with_routes();
    std::vector<TestSocket> waiting;
    for (int i = 0; i < 10; ++i) {
        waiting.push_back(connect());
        waiting.back().send("GET ");
        host->turn(2);
    }
    EXPECT_NE(ask(get("/hello?newcomer")).find("hello newcomer"), std::string::npos);
    waiting[0].receive();
    EXPECT_TRUE(waiting[0].ended);
    for (std::size_t i = 1; i < waiting.size(); ++i) {
        waiting[i].receive();
        EXPECT_FALSE(waiting[i].ended) << i;
    }
    EXPECT_EQ(host->metrics.value("cairn_gateway_dropped_total{half_open}"), 1);
}

TEST_F(HttpDoor, EachAddressHasItsShare) {
    settings.limits.per_ip = 3;
    settings.limits.per_ip_exempt = {"127.0.0.1"};
    open_with_routes();
    std::vector<TestSocket> mine;
    for (int i = 0; i < 3; ++i) mine.push_back(connect("127.0.0.2"));
    TestSocket fourth = connect("127.0.0.2");
    ASSERT_TRUE(until_ended(fourth));
    EXPECT_EQ(fourth.received.rfind("HTTP/1.1 429 ", 0), 0u);
    EXPECT_NE(fourth.received.find("Retry-After: 60\r\n"), std::string::npos);
    std::vector<TestSocket> others;
    for (int i = 0; i < 3; ++i) others.push_back(connect("127.0.0.3"));
    for (int i = 0; i < 10; ++i) others.push_back(connect("127.0.0.1"));
    host->turn(3);
    EXPECT_EQ(door->connections(), 16u);
    mine.pop_back();
    EXPECT_TRUE(until([&] { return door->connections() == 15; }));
    TestSocket again = connect("127.0.0.2");
    again.send(get("/hello"));
    ASSERT_TRUE(until_ended(again));
    EXPECT_EQ(again.received.rfind("HTTP/1.1 200 ", 0), 0u);
}

TEST_F(HttpDoor, ConnectionsComeNotTooFast) {
    settings.limits.connect_rate = {10, Duration{60000}};
    settings.limits.connect_burst = 5;
    settings.limits.per_ip_exempt = {};
    open_with_routes();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(get("/hello")).rfind("HTTP/1.1 200 ", 0), 0u) << i;
    EXPECT_EQ(ask(get("/hello")).rfind("HTTP/1.1 429 ", 0), 0u);
    pass(Duration{6100});
    EXPECT_EQ(ask(get("/hello")).rfind("HTTP/1.1 200 ", 0), 0u);
    EXPECT_EQ(ask(get("/hello")).rfind("HTTP/1.1 429 ", 0), 0u);
}

TEST_F(HttpDoor, AFullServerSaysSo) {
    settings.limits.max_connections = 2;
    open_with_routes();
    TestSocket one = connect();
    TestSocket two = connect();
    host->turn(2);
    EXPECT_EQ(ask(get("/hello")).rfind("HTTP/1.1 503 ", 0), 0u);
    one.close();
    EXPECT_TRUE(until([&] { return door->connections() == 1; }));
    EXPECT_EQ(ask(get("/hello")).rfind("HTTP/1.1 200 ", 0), 0u);
}

TEST_F(HttpDoor, OnlyATrustedProxySpeaksForOthers) {
    settings.trusted_proxies = {"127.0.0.2", "10.0.0.0/8"};
    open_with_routes();
    const auto who = [&](const std::string& from, const std::string& field) {
        TestSocket socket = connect(from);
        socket.send(get("/who", "Connection: close\r\n" + field));
        until_ended(socket);
        const std::size_t open = socket.received.find('<');
        return open == std::string::npos ? socket.received : socket.received.substr(open);
    };
    EXPECT_EQ(who("127.0.0.1", "X-Forwarded-For: 203.0.113.9\r\n"), "<127.0.0.1>");
    EXPECT_EQ(who("127.0.0.2", "X-Forwarded-For: 203.0.113.9\r\n"), "<203.0.113.9>");
    EXPECT_EQ(who("127.0.0.2", "X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.1.1.1\r\n"), "<203.0.113.9>");
    EXPECT_EQ(who("127.0.0.2", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.9\r\n"), "<203.0.113.9>");
    EXPECT_EQ(who("127.0.0.2", "X-Forwarded-For: nonsense\r\n"), "<127.0.0.2>");
    EXPECT_EQ(who("127.0.0.2", ""), "<127.0.0.2>");
}

TEST_F(HttpDoor, AnAddressInUseNamesWhoWhatAndTheCure) {
    open_with_routes();
    Settings second = settings;
    second.listen = "127.0.0.1:" + std::to_string(door->port());
    try {
        FrontDoor other(second, services());
        FAIL() << "two servers on one port";
    } catch (const Error& error) {
        const std::string text = error.what();
        EXPECT_EQ(error.code(), Code::unavailable);
        for (const std::string& part : {std::string("gateway"), second.listen, std::string("Address already in use"),
                                        std::string("ss -ltnp"), std::string("plugins.gateway.listen")})
            EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    }
    second.listen = "203.0.113.1:0";
    EXPECT_THROW(FrontDoor(second, services()), Error);
    second.listen = "no.such.host.invalid:0";
    EXPECT_THROW(FrontDoor(second, services()), Error);
}

TEST_F(HttpDoor, Ipv6AndTheAddressToShow) {
    open_with_routes();
    EXPECT_EQ(door->address(), "http://127.0.0.1:" + std::to_string(door->port()) + "/");
    close();
    settings.listen = "[::1]:0";
    reopen();
    EXPECT_EQ(door->address(), "http://[::1]:" + std::to_string(door->port()) + "/");
    EXPECT_TRUE(host->log.lines.empty());
    close();
    settings.listen = "0.0.0.0:0";
    reopen();
    EXPECT_EQ(door->address(), "http://127.0.0.1:" + std::to_string(door->port()) + "/");
    ASSERT_EQ(host->log.lines.size(), 1u);
    EXPECT_NE(host->log.lines[0].find("tls.cert"), std::string::npos);
}

TEST_F(HttpDoor, ManyConnectionsSpreadEvenly) {
    host = std::make_unique<SmallHost>(3);
    reopen();
    std::vector<TestSocket> sockets;
    for (int i = 0; i < 30; ++i) sockets.push_back(connect());
    ASSERT_TRUE(until([&] { return door->connections() == 30; }));
    host->turn(3);
    EXPECT_EQ(host->loops.hand(0).watched(), 11u);  // and the listener
    EXPECT_EQ(host->loops.hand(1).watched(), 10u);
    EXPECT_EQ(host->loops.hand(2).watched(), 10u);
}

TEST_F(HttpDoor, ClosingLeavesNothingBehind) {
    const auto descriptors = [] {
        std::size_t count = 0;
        for (int fd = 0; fd < 1024; ++fd)
            if (::fcntl(fd, F_GETFD) >= 0) ++count;
        return count;
    };
    host = std::make_unique<SmallHost>(2);
    const std::size_t before = descriptors();
    reopen();
    {
        std::vector<TestSocket> sockets;
        for (int i = 0; i < 10; ++i) sockets.push_back(connect());
        sockets[0].send("GET / HT");
        sockets[1].send(upgrade_request());
        ASSERT_TRUE(until([&] { return host->sessions.records.size() == 1; }));
        close();
        for (TestSocket& socket : sockets) {
            socket.receive();
            EXPECT_TRUE(socket.ended);
        }
    }
    EXPECT_TRUE(session().destroyed);
    EXPECT_EQ(session().ended->first, close_code::kShutdown);
    EXPECT_EQ(descriptors(), before);
    EXPECT_EQ(host->loops.hand(0).watched() + host->loops.hand(1).watched(), 0u);
    EXPECT_EQ(host->loops.hand(0).timers() + host->loops.hand(1).timers(), 0u);
}

TEST_F(HttpDoor, WithoutDescriptorsNewcomersAreToldAndTheLoopRests) {
    open_with_routes();
    TestSocket inside = connect();
    inside.send(get("/hello?1", ""));
    ASSERT_TRUE(until_received(inside, "hello 1"));
    std::vector<TestSocket> waiting;
    for (int i = 0; i < 8; ++i) {
        waiting.push_back(connect());
        waiting.back().send(get("/hello"));
    }
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = ::dup(0);
    ::close(next);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(next);  // the lowest free descriptor is already one too many
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    for (TestSocket& socket : waiting) EXPECT_TRUE(until_ended(socket));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    for (TestSocket& socket : waiting) EXPECT_EQ(socket.received.rfind("HTTP/1.1 503 ", 0), 0u) << socket.received;
    EXPECT_EQ(host->metrics.value("cairn_gateway_refused_total{descriptors}"), 8);
    ASSERT_EQ(host->log.lines.size(), 1u) << "one line for all of them";
    EXPECT_NE(host->log.lines[0].find("LimitNOFILE"), std::string::npos);
    inside.send(get("/hello?2", ""));
    EXPECT_TRUE(until_received(inside, "hello 2")) << "who is in stays in";
    pass(Duration{300});
    EXPECT_NE(ask(get("/hello?3")).find("hello 3"), std::string::npos);
}

TEST_F(HttpDoor, AfterDrainNobodyComesInAndThoseInsideStay) {
    open_with_routes();
    TestSocket inside = connect();
    inside.send(get("/hello?1", ""));
    ASSERT_TRUE(until_received(inside, "hello 1"));
    const std::uint16_t port = door->port();
    waited([&] {
        door->stop_accepting();
        return 0;
    });
    EXPECT_THROW(TestSocket::connect(port), std::runtime_error);
    inside.send(get("/hello?2", ""));
    EXPECT_TRUE(until_received(inside, "hello 2"));
}

}  // namespace
}  // namespace cairn::gateway::testing
