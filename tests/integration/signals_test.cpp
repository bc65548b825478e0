// How the server starts, tells about itself, and goes down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPlugins =
    "plugins:\n  storage_sqlite: {}\n  identity: {}\n  world: {}\n  chat: {}\n  gateway: {listen: \"127.0.0.1:1\"}\n";

class Server : public ::testing::Test {
protected:
    ServerProcess& make(const std::string& more = {}) {
        const std::string file =
            folder.write("server.yaml", "cairn: 1\nname: signals\ndata_dir: " + data() + "\n" + more + kPlugins);
        server = std::make_unique<ServerProcess>(std::vector<std::string>{file});
        return *server;
    }
    std::string data() const { return (folder.path() / "data").string(); }
    TemporaryFolder folder;
    std::unique_ptr<ServerProcess> server;
};

TEST_F(Server, SaysWhereToGoAndTellsItsHealth) {
    make().start();
    ASSERT_TRUE(server->wait_for_output("Cairn \"signals\" is up.")) << server->output();
    EXPECT_THAT(server->output(), HasSubstr("http://127.0.0.1:" + std::to_string(server->port()) + "/"));
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("main", "Somebody").is_null());

    const HttpAnswer health = http_get(server->port(), "/health");
    EXPECT_EQ(health.status, 200);
    const Document body = Document::parse_json(health.body);
    EXPECT_FALSE(body["status"].text().empty());
    EXPECT_EQ(body["persistence"]["database"].text(), "ok") << health.body;
    EXPECT_FALSE(body["persistence"]["cache"].text().empty());
    EXPECT_EQ(body["worldState"]["users"].integer_or(-1), 1) << health.body;
    EXPECT_EQ(body["worldState"]["objects"].integer_or(-1), 0);
    EXPECT_EQ(body["worldState"]["models"].integer_or(-1), 0);
    for (const char* member : {"processed", "queued", "averageLatency"}) {
        EXPECT_TRUE(body["batchProcessor"][member].is_number()) << member;
    }
    EXPECT_TRUE(body["uptime_seconds"].is_number());
    EXPECT_EQ(http_get(server->port(), "/livez").status, 200);
    EXPECT_EQ(http_get(server->port(), "/readyz").status, 200);
    EXPECT_THAT(http_get(server->port(), "/metrics").body, HasSubstr("# TYPE "));
    const Document protocol = Document::parse_json(http_get(server->port(), "/api/protocol").body);
    EXPECT_THAT(protocol.to_json(), HasSubstr("chat"));
    EXPECT_EQ(server->stop(), 0);
    struct stat info {};
    ASSERT_EQ(::stat(data().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u) << "what lasts is nobody else's business";
}

TEST_F(Server, SigtermTellsPlayersAndGivesThemTheGrace) {
    make("server: {shutdown: {drain: 1s, notice: \"Back soon\"}}\n").start();
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("main", "Somebody").is_null());
    server->signal(SIGTERM);
    const auto notice =
        player.wait([](const Document& message) { return message.to_json().find("Back soon") != std::string::npos; });
    EXPECT_TRUE(notice.has_value());
    const auto bye = player.wait_event("bye");
    ASSERT_TRUE(bye.has_value());
    player.wait([](const Document&) { return false; }, std::chrono::seconds(5));
    EXPECT_TRUE(player.ended());
    EXPECT_EQ(player.close_code(), 1001);
    EXPECT_EQ(server->wait(std::chrono::seconds(20)), 0) << server->output();
    EXPECT_THAT(server->output(), AllOf(HasSubstr("draining"), HasSubstr("down"), Not(HasSubstr(" left "))));
}

TEST_F(Server, TheSecondSignalSkipsTheGrace) {
    make("server: {shutdown: {drain: 1h}}\n").start();
    PlayerClient player(server->port());
    ASSERT_FALSE(player.enter("main", "Somebody").is_null());
    server->signal(SIGTERM);
    ASSERT_TRUE(server->wait_for_output("draining"));
    EXPECT_TRUE(server->running());
    server->signal(SIGINT);
    EXPECT_EQ(server->wait(std::chrono::seconds(20)), 0) << server->output();
}

TEST_F(Server, NobodyThereIsNoGraceNeeded) {
    make("server: {shutdown: {drain: 1h}}\n").start();
    EXPECT_EQ(server->stop(std::chrono::seconds(20)), 0) << server->output();
}

TEST_F(Server, SighupIsReservedAndSaysSo) {
    make().start();
    server->signal(SIGHUP);
    EXPECT_TRUE(server->wait_for_output("reload is reserved"));
    EXPECT_EQ(http_get(server->port(), "/readyz").status, 200);
    EXPECT_EQ(server->stop(), 0);
}

TEST_F(Server, TheDataFolderIsForOneProcess) {
    make().start();
    const auto before = std::chrono::steady_clock::now();
    const Finished second =
        run_cairn({"run", (folder.path() / "server.yaml").string(), "--set", "plugins.gateway.listen=127.0.0.1:1"});
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.output,
                AllOf(HasSubstr(data()), HasSubstr("in use by process " + std::to_string(server->pid()))));
    // The first one is not disturbed, and a killed one leaves no lock behind.
    EXPECT_EQ(http_get(server->port(), "/readyz").status, 200);
    server->kill_hard();
    server->start();
    EXPECT_EQ(server->stop(), 0);
}

TEST_F(Server, APortThatIsTakenIsSaidWithItsPlugin) {
    make().start();
    const TemporaryFolder other;
    const std::string file =
        other.write("second.yaml", "cairn: 1\ndata_dir: " + (other.path() / "data").string() + "\n" + kPlugins);
    const std::string address = "127.0.0.1:" + std::to_string(server->port());
    const Finished second = run_cairn({"run", file, "--set", "plugins.gateway.listen=" + address});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.output, AllOf(HasSubstr("plugin gateway"), HasSubstr(address)));
}

TEST_F(Server, WithoutAStoreCommitsAreRefusedAndTheRestLives) {
    const std::string file =
        folder.write("server.yaml", "cairn: 1\ndata_dir: " + data() +
                                        "\nplugins:\n  identity: {}\n  gateway: {listen: \"127.0.0.1:1\"}\n");
    ServerProcess bare({file});
    bare.start();
    const Document body = Document::parse_json(http_get(bare.port(), "/health").body);
    EXPECT_EQ(body["persistence"]["database"].text(), "none");
    EXPECT_EQ(bare.stop(), 0) << bare.output();
}

}  // namespace
}  // namespace cairn::test
