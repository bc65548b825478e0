// A crowd at the door: idle connections and half-sent request heads hold nobody up (reliability.md section 8, HTTP).
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

class Sockets {
public:
    ~Sockets() {
        for (const int fd : fds_) ::close(fd);
    }
    bool connect(std::uint16_t port, const std::string& first_bytes) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) return false;
        fds_.push_back(fd);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
        return first_bytes.empty() || ::send(fd, first_bytes.data(), first_bytes.size(), MSG_NOSIGNAL) > 0;
    }

private:
    std::vector<int> fds_;
};

TEST(Crowd, IdleAndSlowConnectionsDoNotHoldUpAJoin) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    ASSERT_GE(files.rlim_cur, 4096U) << "this test opens 2,500 sockets: raise the limit of open files (ulimit -n)";

    TemporaryFolder folder;
    ServerProcess server({CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set", "data_dir=" + folder.path().string()});
    server.start();
    PlayerClient warm_up(server.port());
    warm_up.enter("main", "Early bird");

    Sockets crowd;
    for (int i = 0; i < 2000; ++i) ASSERT_TRUE(crowd.connect(server.port(), "")) << "idle connection " << i;
    for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(crowd.connect(server.port(), "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")) << "slow head " << i;
    }

    std::vector<std::chrono::milliseconds> joins;
    for (int i = 0; i < 11; ++i) {
        const auto began = std::chrono::steady_clock::now();
        PlayerClient player(server.port());
        player.enter("main", "Newcomer");
        joins.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began));
    }
    std::sort(joins.begin(), joins.end());
    EXPECT_LT(joins[joins.size() / 2].count(), 200) << "the median newcomer waited too long at the door";
    EXPECT_FALSE(warm_up.ended()) << "a player who was in lost his place";
    EXPECT_EQ(warm_up.ask("ping", {{"ts", 1}})["d"]["ts"].integer_or(0), 1);
}

}  // namespace
}  // namespace cairn::test
