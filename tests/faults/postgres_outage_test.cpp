// The database goes away while people play, and comes back. CAIRN_FAULT_PG_DOWN says for how many seconds (8 unless said
// otherwise; the measured promise is 300).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

seconds time_down() {
    const char* text = std::getenv("CAIRN_FAULT_PG_DOWN");
    return seconds(text ? std::atoi(text) : 8);
}

std::int64_t resident_mib(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;) {
        if (word != "VmRSS:") continue;
        std::int64_t kib = 0;
        status >> kib;
        return kib / 1024;
    }
    return 0;
}

class PostgresOutage : public ::testing::Test {
protected:
    PostgresOutage() {
        const std::string often = "1000000/1s";
        database_ = "cairn_outage";
        cluster_.run("postgres", "CREATE DATABASE " + database_);
        ::setenv("DATABASE_URL", cluster_.url(database_).c_str(), 1);
        server_ = std::make_unique<ServerProcess>(std::vector<std::string>{
            CAIRN_SOURCE_DIR "/config/metaverse.yaml", "-c", CAIRN_SOURCE_DIR "/config/postgres.yaml", "--set",
            "data_dir=" + (folder_.path() / "data").string(), "--set", "plugins.chat.limits.send=" + often, "--set",
            "server.messages=100000/1s"});
        server_->start();
    }
    ~PostgresOutage() override { ::unsetenv("DATABASE_URL"); }

    /// Says things for `time`, each answered before the next; all of them have to be.
    void talk(PlayerClient& player, seconds time) {
        for (const auto until = Clock::now() + time; Clock::now() < until;) {
            const Document reply = player.ask("chat.send", {{"message", "message " + std::to_string(said_ + 1)}});
            ASSERT_FALSE(reply["d"]["id"].text().empty()) << reply.to_json();
            ++said_;
        }
    }
    /// Waits until the database holds everything.
    bool drained(seconds within) {
        for (const auto until = Clock::now() + within; Clock::now() < until;) {
            const HttpAnswer health = http_get(server_->port(), "/health");
            if (health.status == 200 &&
                Document::parse_json(health.body)["persistence"]["store"]["behind"].integer_or(-1) == 0) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return false;
    }
    /// Every message that was answered is in the database, once, in the order in which it was said.
    void expect_all_there() {
        const std::string found = cluster_.run(
            database_, "SELECT count(*), count(DISTINCT message), bool_and(in_order) FROM (SELECT message, "
                       "substring(message FROM 9)::bigint > coalesce(lag(substring(message FROM 9)::bigint) OVER (ORDER BY "
                       "created_at, substring(message FROM 9)::bigint), 0) AS in_order FROM chat_messages) AS m");
        EXPECT_EQ(found, std::to_string(said_) + "|" + std::to_string(said_) + "|t");
    }

    PostgresCluster cluster_;
    TemporaryFolder folder_;
    std::string database_;
    std::unique_ptr<ServerProcess> server_;
    std::int64_t said_ = 0;
};

TEST_F(PostgresOutage, PeopleTalkOnAndNothingIsMissingAfterwards) {
    PlayerClient player(server_->port());
    player.enter("main", "Ada");
    talk(player, seconds(1));
    const std::int64_t before = resident_mib(server_->pid());
    cluster_.stop(PostgresCluster::Stop::immediate);
    talk(player, time_down());
    EXPECT_LT(resident_mib(server_->pid()) - before, 150);
    EXPECT_EQ(http_get(server_->port(), "/health").status, 503);
    cluster_.start();
    talk(player, seconds(1));
    EXPECT_TRUE(drained(seconds(60)));
    expect_all_there();
    EXPECT_EQ(server_->stop(), 0);
}

TEST_F(PostgresOutage, AServerThatStandsStillHoldsNobodyUp) {
    PlayerClient player(server_->port());
    player.enter("main", "Ada");
    cluster_.pause();
    talk(player, seconds(3));
    cluster_.resume();
    EXPECT_TRUE(drained(seconds(60)));
    expect_all_there();
}

TEST_F(PostgresOutage, KilledWhileTheDatabaseIsAway) {
    {
        PlayerClient player(server_->port());
        player.enter("main", "Ada");
        cluster_.stop(PostgresCluster::Stop::fast);
        talk(player, seconds(2));
    }
    server_->kill_hard();
    cluster_.start();
    server_->start();
    EXPECT_TRUE(drained(seconds(60)));
    expect_all_there();
}

}  // namespace
}  // namespace cairn::test
