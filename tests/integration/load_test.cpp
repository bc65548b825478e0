// Rooms full of walkers: each place reaches everybody in the room, nobody outside of it, at most once per tick.
// The figures under full load are bench/'s business; here only what must be true at any speed is checked.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/player_client.hpp"
#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

constexpr int kRooms = 3;
constexpr int kWalkers = 20;
constexpr int kSteps = 25;
constexpr double kLast = 500;

/// One room, driven by one thread: all walk kSteps steps, then each must have seen the last place of each.
void walk(std::uint16_t port, int room) {
    std::vector<std::unique_ptr<PlayerClient>> walkers;
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < kWalkers; ++i) {
        walkers.push_back(std::make_unique<PlayerClient>(port));
        numbers.push_back(walkers.back()->enter("hall-" + std::to_string(room), "Walker")["n"].integer_or(-1));
    }
    const std::set<std::int64_t> here(numbers.begin(), numbers.end());
    ASSERT_EQ(here.size(), static_cast<std::size_t>(kWalkers)) << "numbers are unique";

    std::vector<std::map<std::int64_t, double>> seen(walkers.size());
    const auto listen = [&](std::size_t who, std::chrono::milliseconds within) {
        const auto message = walkers[who]->wait([](const Document&) { return true; }, within);
        if (!message) return false;
        if ((*message)["t"].text() != "user.moved") return true;
        std::set<std::int64_t> in_frame;
        for (const Document& row : (*message)["d"].items()) {
            const std::int64_t n = row.items()[0].integer_or(-1);
            EXPECT_TRUE(here.contains(n)) << "somebody of another room";
            EXPECT_TRUE(in_frame.insert(n).second) << "twice in one frame";
            const double x = row.items()[1].number_or(-1);
            const double z = row.items()[3].number_or(-1);
            EXPECT_EQ(z, room) << "somebody of another room";
            EXPECT_GE(x, seen[who][n]) << "an older place after a newer one";
            seen[who][n] = x;
        }
        return true;
    };

    for (int step = 1; step <= kSteps; ++step) {
        for (auto& walker : walkers) {
            const double x = step == kSteps ? kLast : step;
            walker->tell("user.move",
                         {{"p", Document::list({x, 0, room})}, {"r", Document::list({0, x, 0})}, {"ts", step}});
        }
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
        for (std::size_t i = 0; i < walkers.size(); ++i) {
            while (listen(i, std::chrono::milliseconds(0))) {
            }
        }
        std::this_thread::sleep_until(until);
    }
    const auto complete = [&](std::size_t who) {
        for (const std::int64_t n : here) {
            if (seen[who][n] != kLast) return false;
        }
        return true;
    };
    for (std::size_t i = 0; i < walkers.size(); ++i) {
        while (!complete(i) && listen(i, std::chrono::seconds(5))) {
        }
        EXPECT_TRUE(complete(i)) << "walker " << i << " of room " << room << " missed somebody's last place";
        EXPECT_FALSE(walkers[i]->ended());
    }
}

TEST(Load, EverybodyInARoomSeesEverybody) {
    TemporaryFolder folder;
    ServerProcess server({CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set", "data_dir=" + folder.path().string()});
    server.start();
    std::vector<std::thread> rooms;
    for (int room = 0; room < kRooms; ++room) rooms.emplace_back([&server, room] { walk(server.port(), room); });
    for (std::thread& room : rooms) room.join();
    EXPECT_EQ(server.stop(), 0);
}

TEST(Load, ARoomIsFullAtItsLimitAndHasRoomAgain) {
    TemporaryFolder folder;
    ServerProcess server({CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set", "data_dir=" + folder.path().string(),
                          "--set", "plugins.world.spaces.main.max_users=3"});
    server.start();
    std::vector<std::unique_ptr<PlayerClient>> inside;
    for (int i = 0; i < 3; ++i) {
        inside.push_back(std::make_unique<PlayerClient>(server.port()));
        inside.back()->enter("main", "Guest");
    }
    PlayerClient late(server.port());
    late.enter("lobby", "Late");
    EXPECT_EQ(late.ask("space.join", {{"space", "main"}})["err"]["code"].text(), "full");
    EXPECT_TRUE(inside.front()->ask("space.leave", Document::map())["ok"].boolean_or(false));
    // His answer does not wait for the room, which may live on another loop; what the others hear does.
    EXPECT_TRUE(inside.back()->wait_event("user.left").has_value());
    const Document joined = late.ask("space.join", {{"space", "main"}});
    EXPECT_TRUE(joined["ok"].boolean_or(false)) << joined.to_json();
}

TEST(Load, OnDemandHasItsCap) {
    TemporaryFolder folder;
    ServerProcess server({CAIRN_SOURCE_DIR "/config/metaverse.yaml", "--set", "data_dir=" + folder.path().string(),
                          "--set", "plugins.world.on_demand=2"});
    server.start();
    std::vector<std::unique_ptr<PlayerClient>> inside;
    for (int i = 0; i < 2; ++i) {
        inside.push_back(std::make_unique<PlayerClient>(server.port()));
        inside.back()->enter("room-" + std::to_string(i), "Guest");
    }
    PlayerClient late(server.port());
    late.enter("main", "Late");
    EXPECT_EQ(late.ask("space.join", {{"space", "room-2"}})["err"]["code"].text(), "full");
    EXPECT_TRUE(late.ask("space.join", {{"space", "room-1"}})["ok"].boolean_or(false)) << "one that is open has room";
}

}  // namespace
}  // namespace cairn::test
