// The same host on real loops: many clients on two threads, joining, talking, moving, vanishing. Run under
// ThreadSanitizer it shows that nothing is shared that should not be; everywhere it shows that nobody is lost.
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/loops/loop_group.hpp"
#include "tests/core/spaces/house.hpp"

namespace cairn::core::test {
namespace {

class SteadyClock final : public Clock {
public:
    WallTime wall() const noexcept override { return 1'700'000'000'000; }
    std::chrono::steady_clock::time_point steady() const noexcept override { return std::chrono::steady_clock::now(); }
};

/// A client that lives on one loop and writes what is written to it into a FakeConnection at the end of each turn.
class Peer final : public Connection {
public:
    Peer(Loop& loop, SpaceHost& host, std::string name) : loop_(loop), host_(host), name_(std::move(name)) {}
    void start(const std::string& space) {
        session_ = host_.open(loop_, *this, {});
        session_->receive(R"({"t":"hello","d":{"name":")" + name_ + R"(","space":")" + space + "\"}}");
    }
    void say(const std::string& text) {
        if (session_) session_->receive(text);
    }
    void end() { session_.reset(); }
    void wake() override {
        if (std::exchange(flushing_, true)) return;
        loop_.at_turn_end([this] {
            flushing_ = false;
            if (session_) transport.flush(*session_);
        });
    }
    void close(std::uint16_t code, std::string_view reason) override { transport.close(code, reason); }

    FakeConnection transport;

private:
    Loop& loop_;
    SpaceHost& host_;
    const std::string name_;
    std::unique_ptr<Session> session_;
    bool flushing_ = false;
};

/// Runs `job` on `loop` and waits for it.
template <class F>
void on(Loop& loop, F&& job) {
    std::promise<void> done;
    loop.post([&] {
        job();
        done.set_value();
    });
    done.get_future().wait();
}

TEST(Threads, ACrowdOnTwoLoopsLosesNobody) {
    SteadyClock clock;
    PlainMetrics metrics;
    MemoryStorage storage;
    ManualBackground background;
    NameIdentity identity;
    FixedSource source;
    std::atomic<int> joins{0};
    std::atomic<int> leaves{0};
    std::atomic<int> deaths{0};
    std::atomic<int> cries{0};
    LoopGroup loops(2);
    loops.start();
    SpaceHost::Options options;
    options.any_message = Rate{1000000, Duration(1000)};
    options.close_empty_after = Duration(5);
    SpaceHost::Environment environment{&loops, &background, &storage, &clock, &metrics, &identity, &source};
    SpaceHost host(
        options, environment,
        {behaviour(
            "crowd",
            [&](Space& space) {
                auto rows = space.stream<Place>("moved");
                space.on_join([&](Player&) { ++joins; });
                space.on_leave([&, rows](Player& player, LeaveReason) mutable {
                    ++leaves;
                    rows.forget(player.n());
                });
                space.on<Say>("cry", [&](Player& from, const Say& say) {
                    ++cries;
                    space.broadcast("cried", {{"n", from.n()}, {"text", say.text}});
                });
                space.on<Nothing>("go", [rows](Player& from, const Nothing&) mutable {
                    rows.set(from.n(), {}, Place{from.n(), 1});
                });
                space.on<Nothing>("rename", [](Player& from, const Nothing&) { from.set_name(from.name() + "x"); });
                space.on<Nothing>("tell", [&](Player&, const Nothing&) { space.tell("side", "note", {{"x", 1}}); });
                space.on_tell("note", [&](const Document&) { space.broadcast("noted", {}); });
            },
            [&] { ++deaths; })});
    host.serve();
    host.open_initial({});

    std::vector<std::unique_ptr<Peer>> peers;
    for (int i = 0; i < 40; ++i)
        peers.push_back(
            std::make_unique<Peer>(loops.at(static_cast<std::size_t>(i) % 2), host, "P" + std::to_string(i % 30)));
    std::mt19937 random(3);
    const std::string spaces[] = {"main", "main", "side", "room-1", "room-2"};
    for (int i = 0; i < 40; ++i) {
        Loop& loop = loops.at(static_cast<std::size_t>(i) % 2);
        Peer& peer = *peers[static_cast<std::size_t>(i)];
        loop.post([&peer, space = spaces[random() % 5]] { peer.start(space); });
    }
    for (int step = 0; step < 3000; ++step) {
        const std::size_t i = random() % 40;
        Peer& peer = *peers[i];
        std::string text;
        switch (random() % 12) {
            case 0:
                text = R"({"t":"space.join","id":1,"d":{"space":")" + spaces[random() % 5] + "\"}}";
                break;
            case 1:
                text = R"({"t":"space.leave","d":{}})";
                break;
            case 2:
                text = R"({"t":"rename","d":{}})";
                break;
            case 3:
                text = R"({"t":"tell","d":{}})";
                break;
            case 4:
            case 5:
                text = R"({"t":"cry","id":2,"d":{"text":"hello"}})";
                break;
            case 6:
                if (random() % 10 == 0) {
                    loops.at(i % 2).post([&peer] { peer.end(); });
                    continue;
                }
                [[fallthrough]];
            default:
                text = R"({"t":"go","d":{}})";
        }
        loops.at(i % 2).post([&peer, text] { peer.say(text); });
        if (step % 100 == 0) {
            host.broadcast("announcement", {{"step", step}});
            (void)host.figures();
            (void)host.protocol();
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    host.drain("the end");
    host.close_all(Duration(0));
    EXPECT_EQ(host.players(), 0u);
    EXPECT_EQ(host.count(), 0u);
    EXPECT_EQ(joins.load(), leaves.load());
    EXPECT_GT(joins.load(), 20);
    EXPECT_GT(cries.load(), 0);
    EXPECT_GT(deaths.load(), 0);
    std::size_t frames = 0;
    for (std::size_t i = 0; i < peers.size(); ++i) {
        on(loops.at(i % 2), [&] {
            peers[i]->end();
            frames += peers[i]->transport.messages.size();
        });
    }
    EXPECT_GT(frames, 100u);
    EXPECT_EQ(host.sessions_open(), 0u);
    loops.stop();
}

}  // namespace
}  // namespace cairn::core::test
