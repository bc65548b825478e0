// What strangers send: thousands of damaged messages, and orders of events that only a bad network brings about.
#include <random>

#include "tests/core/spaces/house.hpp"

namespace cairn::core::test {
namespace {

BehaviourFactory listener() {
    return behaviour("listener", [](Space& space) {
        auto rows = space.stream<Place>("moved");
        space.on<Say>("say", [&space](Player&, const Say& say) { space.broadcast("said", {{"text", say.text}}); });
        space.on<Place>("go", [rows](Player&, const Place& place) mutable {
            rows.set(static_cast<std::uint64_t>(place.n), {}, place);
        });
        space.on<Place>("forget", [rows](Player&, const Place& place) mutable {
            rows.forget(static_cast<std::uint64_t>(place.n));
        });
    });
}

TEST(Hostile, DamagedMessagesAreAnsweredAndNothingElseHappens) {
    SpaceHost::Options options;
    options.any_message = Rate{1000000, Duration(1000)};
    House house({listener()}, options);
    Client& ann = house.join("Ann");
    const std::string seeds[] = {
        R"({"t":"say","id":17,"d":{"text":"hello \u00e9 \"quoted\" world"}})",
        R"({"t":"go","id":"abc","d":{"n":3,"x":-1.25e3}})",
        R"({"t":"ping","id":1,"d":{"ts":{"a":[1,2,{"b":null}]}}})",
        R"({"d":{"text":"order"},"x":[[[]]],"id":0,"t":"say"})",
    };
    const std::string bits = "{}[]\",:\\ntu0eE+-. \x01\xff\xc3";
    std::mt19937 random(5);
    for (int i = 0; i < 20000; ++i) {
        std::string text = seeds[random() % std::size(seeds)];
        for (std::size_t changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0:
                    text[at] = bits[random() % bits.size()];
                    break;
                case 1:
                    text.erase(at, 1 + random() % 5);
                    break;
                case 2:
                    text.insert(at, 1, bits[random() % bits.size()]);
                    break;
                default:
                    text.insert(at, text.substr(random() % text.size(), random() % 20));
            }
        }
        ann.send(text);
        if (i % 100 == 0) ann.forget();
    }
    EXPECT_EQ(ann.connection.closes, 0);
    ann.forget();
    ann.request("say", R"({"text":"still here"})", 5);
    EXPECT_TRUE(ann.reply(5)["ok"].boolean_or(false));
    EXPECT_EQ(ann.last("said")["d"]["text"].text(), "still here");
}

TEST(Hostile, AQueueOfJoinsIsBounded) {
    std::shared_ptr<Space::Hold> hold;
    SpaceHost::Options options;
    options.max_connections = 10100;
    options.max_online = 20000;
    House house({behaviour("loader", [&hold](Space& space) { hold = space.hold("much"); })}, options);
    house.source.named[0].max_players = 20000;
    for (int i = 0; i < 10001; ++i) {
        house.clients.push_back(std::make_unique<Client>(house, 0));
        Client& client = *house.clients.back();
        house.loops.at(0).enter([&] { client.session = house.host->open(house.loops.at(0), client.connection, {}); });
        client.send_only(R"({"t":"hello","d":{"name":"P)" + std::to_string(i) + R"(","space":"main"}})");
    }
    house.settle();
    EXPECT_EQ(house.clients.back()->last("error")["d"]["code"].text(), "full");
    EXPECT_EQ(house.clients[9999]->count("error"), 0u);
    hold.reset();
    house.settle();
    EXPECT_EQ(house.host->players(), 10000u);
    EXPECT_EQ(house.clients[9999]->last("welcome")["d"]["n"].integer_or(0), 10000);
    house.loops.at(0).enter([&] {
        for (auto& client : house.clients) client->session.reset();
    });
    house.settle();
    EXPECT_EQ(house.host->players(), 0u);
    house.clients.clear();
}

/// Loops that run at different speeds, readers that stall: whatever the order, in the end everybody has the latest
/// rows.
TEST(Hostile, PositionsConvergeInAnyOrderOfEvents) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        std::mt19937 random(seed);
        SpaceHost::Options options;
        options.any_message = Rate{1000000, Duration(1000)};
        options.slow_grace = Duration(1000000);
        options.outbox_messages = 12;
        House house({listener()}, options, 3);
        Client* readers[] = {&house.join("A", "main", 0), &house.join("B", "main", 1), &house.join("C", "main", 2),
                             &house.join("D", "main", 2)};
        std::map<std::int64_t, double> truth;
        for (int step = 0; step < 4000; ++step) {
            Client& one = *readers[random() % 4];
            switch (random() % 8) {
                case 0:
                case 1: {
                    const auto n = static_cast<std::int64_t>(random() % 25);
                    // Only by the first reader: who says what first would otherwise be open.
                    readers[0]->send_only(R"({"t":"go","d":{"n":)" + std::to_string(n) + R"(,"x":)" +
                                          std::to_string(step) + "}}");
                    truth[n] = step;
                    break;
                }
                case 2:
                    house.clock.advance(Duration(random() % 30));
                    break;
                case 3:
                    one.connection.room(random() % 400);
                    house.loops.at(one.loop()).enter([&] { one.flush(); });
                    break;
                case 4:
                    if (random() % 8 == 0) readers[0]->send_only(R"({"t":"say","d":{"text":"must arrive"}})");
                    break;
                default:
                    house.loops.at(random() % 3).turn();
            }
            if (step % 50 == 0) {
                for (Client* reader : readers) {
                    reader->connection.unlimited();
                    house.loops.at(reader->loop()).enter([&] { reader->flush(); });
                    reader->connection.room(random() % 2 == 0 ? 0 : 5000);
                }
            }
        }
        for (Client* reader : readers) {
            reader->connection.unlimited();
            house.loops.at(reader->loop()).enter([&] { reader->flush(); });
        }
        house.advance(Duration(300), Duration(10));
        for (Client* reader : readers) {
            ASSERT_EQ(reader->connection.closes, 0) << "seed " << seed;
            std::map<std::int64_t, double> seen;
            for (const Document& event : reader->all("moved"))
                for (const Document& row : event["d"].items())
                    seen[row.items()[0].integer_or(-1)] = row.items()[1].number_or(-1);
            EXPECT_EQ(seen, truth) << "seed " << seed;
            EXPECT_EQ(reader->count("said"), readers[0]->count("said"));
        }
    }
}

}  // namespace
}  // namespace cairn::core::test
