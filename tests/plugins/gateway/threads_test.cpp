// The front door on the host's real loops and lanes, with clients on threads of their own: what ThreadSanitizer looks
// at.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "core/loops/lanes.hpp"
#include "core/loops/loop_group.hpp"

#include <plugins/gateway/front_door.hpp>

#include "tests/plugins/gateway/support.hpp"

namespace cairn::gateway::testing {
namespace {

std::string ask(TestSocket& socket, const std::string& bytes, const std::string& wanted) {
    socket.send(bytes);
    const auto end = Steady::now() + std::chrono::seconds(20);
    while (socket.received.find(wanted) == std::string::npos && !socket.ended && Steady::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        socket.receive();
    }
    return std::exchange(socket.received, {});
}

TEST(FrontDoorOnThreads, ClientsComeTalkAndGoWhileItRunsAndWhileItCloses) {
    FakeSessions sessions;
    FakeRoutes routes;
    FakeMetrics metrics;
    FakeLog log;
    FakeClock clock;
    TempFolder folder;
    std::string content(700000, 'x');
    content += "END";
    folder.write("long.txt", content);
    routes.folders.push_back({"/", folder.path(), "index.html", {}});
    routes.routes.push_back(
        {"GET", "/hello", [](const HttpRequest&) { return HttpResponse::text(200, "hello there"); }});
    core::LoopGroup loops(3);
    loops.start();
    core::Lanes lanes({}, metrics);
    const HostServices services{loops, sessions, routes, lanes, metrics, log, clock};
    Settings settings;
    settings.listen = "127.0.0.1:0";
    auto door = std::make_unique<FrontDoor>(settings, services);
    const std::uint16_t port = door->port();

    std::atomic<int> heard{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back([&, i] {
            for (int round = 0; round < 10; ++round) {
                TestSocket socket = TestSocket::connect(port);
                std::string answer;
                if (i % 3 == 0) answer = ask(socket, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "hello there");
                if (i % 3 == 1) answer = ask(socket, "GET /long.txt HTTP/1.1\r\nHost: a\r\n\r\n", "END");
                if (i % 3 == 2)
                    answer = ask(socket, upgrade_request() + client_frame("echo hello there"), "hello there");
                if (answer.find(i % 3 == 1 ? "END" : "hello there") != std::string::npos) ++heard;
            }
        });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(heard, 60);

    std::vector<TestSocket> staying;
    for (int i = 0; i < 20; ++i) {
        staying.push_back(TestSocket::connect(port));
        EXPECT_NE(ask(staying.back(), upgrade_request(), "\r\n\r\n").find(" 101 "), std::string::npos);
    }
    std::atomic<bool> stop{false};
    std::thread noise([&] {
        while (!stop) {
            for (TestSocket& socket : staying) socket.send(client_frame("echo noise"));
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    door->close(Duration{300});
    stop = true;
    noise.join();
    for (TestSocket& socket : staying) {
        ask(socket, "", "never");
        EXPECT_TRUE(socket.ended);
    }
    door.reset();
    for (const auto& record : sessions.records) EXPECT_TRUE(record->destroyed);
    lanes.stop(Duration{1000});
    loops.stop();
}

}  // namespace
}  // namespace cairn::gateway::testing
