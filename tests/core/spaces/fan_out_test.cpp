// Events to many: numbering, who gets what, positions, slow readers, first state, over one loop and over two.
#include <algorithm>
#include <random>
#include <set>
#include <stdexcept>

#include "tests/core/spaces/house.hpp"

namespace cairn::core::test {
namespace {

BehaviourFactory town_crier() {
    return behaviour("crier", [](Space& space) {
        space.on<Say>("cry", [&space](Player& from, const Say& say) {
            if (say.text == "others")
                space.broadcast_except(from, "cried", {{"n", from.n()}});
            else if (say.text == "alone")
                from.send("told", {{"n", from.n()}});
            else if (say.text == "json")
                space.broadcast_json("cried", R"({"json":true})");
            else
                space.broadcast("cried", {{"n", from.n()}, {"text", say.text}});
        });
        space.on<Nothing>("latest", [](Player& from, const Nothing&) {
            for (int i = 0; i < 5; ++i) from.send("state", {{"i", i}}, Delivery::latest);
        });
    });
}

class Loops : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(OneAndTwo, Loops, testing::Values(1, 2));

TEST_P(Loops, EventsAreNumberedTheSameForEverybody) {
    House house({town_crier()}, {}, GetParam());
    Client& ann = house.join("Ann", "main", 0);
    Client& bob = house.join("Bob", "main", GetParam() - 1);
    ann.request("cry", R"({"text":"a"})", 1);
    bob.request("cry", R"({"text":"others"})", 2);
    ann.request("cry", R"({"text":"json"})", 3);
    ann.request("cry", R"({"text":"alone"})", 4);
    const auto numbers = [](const Client& client) {
        std::vector<std::int64_t> found;
        for (const Document& event : client.all("cried")) found.push_back(event["s"].integer_or(-1));
        return found;
    };
    EXPECT_EQ(numbers(ann), (std::vector<std::int64_t>{1, 2, 3}));
    EXPECT_EQ(numbers(bob), (std::vector<std::int64_t>{1, 3}));
    EXPECT_EQ(ann.last("told").find("s"), nullptr);
    EXPECT_EQ(bob.count("told"), 0u);
    EXPECT_EQ(ann.last("cried")["d"]["json"].boolean_or(false), true);
}

TEST_P(Loops, TheAnswerAndTheEventComeInTheOrderTheyWereSaid) {
    House house({town_crier()}, {}, GetParam());
    Client& bob = house.join("Bob", "main", GetParam() - 1);
    bob.forget();
    for (int i = 0; i < 20; ++i) bob.send_only(R"({"t":"cry","id":)" + std::to_string(i) + R"(,"d":{"text":"x"}})");
    house.settle();
    ASSERT_EQ(bob.connection.messages.size(), 40u);
    for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_EQ(bob.connection.messages[2 * i]["s"].integer_or(0), static_cast<std::int64_t>(i + 1));
        EXPECT_EQ(bob.connection.messages[2 * i + 1]["re"].integer_or(-1), static_cast<std::int64_t>(i));
    }
}

TEST(FanOut, NumbersGoOnAboveTheLastWhenASpaceOpensAgain) {
    SpaceHost::Options options;
    options.close_empty_after = Duration(100);
    House house({town_crier()}, options);
    Client& ann = house.join("Ann", "room-1");
    for (int i = 1; i <= 5; ++i) ann.request("cry", R"({"text":"x"})", i);
    ann.request("space.leave", "{}", 6);
    house.advance(Duration(300), Duration(10));
    ASSERT_EQ(house.host->count(), 0u);
    ann.request("space.join", R"({"space":"room-1"})", 7);
    ann.request("cry", R"({"text":"x"})", 8);
    EXPECT_EQ(ann.last("cried")["s"].integer_or(0), 6);
}

TEST(FanOut, LatestReplacesWhatWaits) {
    House house({town_crier()});
    Client& ann = house.join("Ann");
    ann.request("latest", "{}", 1);
    EXPECT_EQ(ann.count("state"), 1u);
    EXPECT_EQ(ann.last("state")["d"]["i"].integer_or(-1), 4);
}

TEST(FanOut, SpacesAndTheHostReachEachOther) {
    std::vector<std::string> heard;
    House house({behaviour("mail",
                           [&heard](Space& space) {
                               space.on_tell("letter", [&heard, &space](const Document& message) {
                                   heard.push_back(space.id() + ":" + std::string(message["text"].text()));
                               });
                               space.on<Say>("mail", [&space](Player&, const Say& say) {
                                   space.tell("side", "letter", {{"text", say.text}});
                                   space.tell("nowhere", "letter", {{"text", say.text}});
                               });
                           })},
                {}, 2);
    Client& ann = house.join("Ann");
    Client& bob = house.join("Bob", "side", 1);
    ann.request("mail", R"({"text":"hi"})", 1);
    house.host->tell("main", "letter", {{"text", "from outside"}});
    house.host->broadcast("notice", {{"text", "all"}});
    house.settle();
    EXPECT_EQ(heard, (std::vector<std::string>{"side:hi", "main:from outside"}));
    EXPECT_EQ(ann.last("notice")["d"]["text"].text(), "all");
    EXPECT_EQ(bob.last("notice")["d"]["text"].text(), "all");
}

TEST(FanOut, DrainTellsEverybodyAndLetsNobodyElseIn) {
    House house({}, {}, 2);
    Client& ann = house.join("Ann", "main", 1);
    Client& bob = house.join("Bob", "");
    house.host->drain("back at nine");
    house.settle();
    EXPECT_EQ(ann.last("server.notice")["d"]["message"].text(), "back at nine");
    EXPECT_EQ(bob.count("server.notice"), 1u);
    bob.request("space.join", R"({"space":"main"})", 1);
    EXPECT_EQ(bob.refusal(1), "unavailable");
}

// ---- positions
// -------------------------------------------------------------------------------------------------------

struct Step {
    double x = 0;
};
void describe(Fields<Step>& f) {
    f(&Step::x, "x", "where");
}

BehaviourFactory walkers() {
    return behaviour("walkers", [](Space& space) {
        auto rows = space.stream<Place>("moved");
        space.on<Step>("go", [rows](Player& from, const Step& step) mutable {
            rows.set(from.n(), {step.x, 0, 0}, Place{from.n(), step.x});
        });
        space.on<Step>("many", [rows](Player&, const Step& step) mutable {
            for (std::int64_t n = 100; n < 160; ++n) rows.set(static_cast<std::uint64_t>(n), {}, Place{n, step.x});
        });
        space.on<Step>("forget",
                       [rows](Player&, const Step& step) mutable { rows.forget(static_cast<std::uint64_t>(step.x)); });
        space.on<Say>("cry", [&space](Player&, const Say& say) { space.broadcast("cried", {{"text", say.text}}); });
    });
}

/// The last x per n over all "moved" frames that this client has read.
std::map<std::int64_t, double> picture(const Client& client) {
    std::map<std::int64_t, double> seen;
    for (const Document& event : client.all("moved"))
        for (const Document& row : event["d"].items())
            seen[row.items()[0].integer_or(-1)] = row.items()[1].number_or(-1);
    return seen;
}

TEST_P(Loops, RowsOfATickGoOutTogetherAndOnce) {
    House house({walkers()}, {}, GetParam());
    Client& ann = house.join("Ann", "main", 0);
    Client& bob = house.join("Bob", "main", GetParam() - 1);
    for (int i = 1; i <= 3; ++i) ann.send(R"({"t":"go","d":{"x":)" + std::to_string(i) + ".12345}}");
    bob.send(R"({"t":"go","d":{"x":9}})");
    EXPECT_EQ(ann.count("moved"), 0u) << "not before the tick";
    house.advance(Duration(50));
    ASSERT_EQ(ann.count("moved"), 1u);
    EXPECT_EQ(ann.connection.texts.back(), R"({"t":"moved","d":[[1,3.123],[2,9]]})");
    EXPECT_EQ(bob.connection.texts.back(), ann.connection.texts.back());
    house.advance(Duration(500));
    EXPECT_EQ(ann.count("moved"), 1u) << "nothing new, nothing sent";
}

TEST(Rows, OfSomebodyForgottenAreNotSent) {
    House house({walkers()});
    Client& ann = house.join("Ann");
    ann.send(R"({"t":"many","d":{"x":1}})");
    for (int n = 100; n < 150; ++n) ann.send(R"({"t":"forget","d":{"x":)" + std::to_string(n) + "}}");
    house.advance(Duration(50));
    EXPECT_EQ(picture(ann).size(), 10u);
    EXPECT_EQ(picture(ann).count(149), 0u);
    EXPECT_EQ(picture(ann).count(150), 1u);
}

TEST_P(Loops, ASlowReaderConvergesToTheLatestOfEachRow) {
    SpaceHost::Options options;
    options.any_message = Rate{100000, Duration(1000)};
    House house({walkers()}, options, GetParam());
    Client& ann = house.join("Ann", "main", 0);
    Client& bob = house.join("Bob", "main", GetParam() - 1);
    bob.connection.room(0);
    std::mt19937 random(7);
    for (int round = 0; round < 40; ++round) {
        // Each row moves at another time, so that no single tick has them all.
        if (round % 13 == 0) ann.send(R"({"t":"many","d":{"x":)" + std::to_string(round) + "}}");
        ann.send(R"({"t":"go","d":{"x":)" + std::to_string(round) + "}}");
        house.advance(Duration(50));
        if (round % 6 == 5) {
            bob.connection.room(random() % 300);
            house.loops.at(bob.loop()).enter([&] { bob.flush(); });
        }
    }
    EXPECT_LT(bob.count("moved"), 20u);
    bob.connection.unlimited();
    house.loops.at(bob.loop()).enter([&] { bob.flush(); });
    house.advance(Duration(150));
    EXPECT_EQ(picture(bob), picture(ann));
    EXPECT_EQ(picture(bob).size(), 61u);
    EXPECT_GT(house.metrics.value("cairn_core_stream_ticks_left_out_total"), 0);
    const std::size_t frames = bob.count("moved");
    ann.send(R"({"t":"go","d":{"x":77}})");
    house.advance(Duration(50));
    ASSERT_EQ(bob.count("moved"), frames + 1);
    EXPECT_EQ(bob.last("moved")["d"].size(), 1u) << "after catching up he gets only what is new again";
}

TEST(SlowReader, IsLetGoWhenItStaysFullForTheGraceTime) {
    SpaceHost::Options options;
    options.outbox_messages = 20;
    options.slow_grace = Duration(2000);
    options.any_message = Rate{100000, Duration(1000)};
    House house({walkers()}, options);
    Client& ann = house.join("Ann");
    Client& bob = house.join("Bob");
    bob.connection.room(0);
    for (int i = 0; i < 25; ++i) ann.send(R"({"t":"cry","d":{"text":"x"}})");
    house.advance(Duration(1990), Duration(10));
    EXPECT_EQ(bob.connection.closes, 0) << "he has the grace time";
    house.advance(Duration(50), Duration(10));
    EXPECT_EQ(bob.connection.close_code, 4408);
    bob.connection.unlimited();
    house.loops.at(0).enter([&] { bob.flush(); });
    EXPECT_EQ(bob.last("bye")["d"]["code"].integer_or(0), 4408);
    EXPECT_EQ(bob.count("cried"), 0u) << "bye comes before what he would not have read anyway";
    EXPECT_EQ(house.host->players(), 1u);
    EXPECT_EQ(house.metrics.value("cairn_core_slow_readers_total"), 1);
}

TEST(SlowReader, IsKeptWhenItRecovers) {
    SpaceHost::Options options;
    options.outbox_messages = 20;
    options.slow_grace = Duration(2000);
    options.any_message = Rate{100000, Duration(1000)};
    House house({walkers()}, options);
    Client& ann = house.join("Ann");
    Client& bob = house.join("Bob");
    for (int round = 0; round < 4; ++round) {
        bob.connection.room(0);
        for (int i = 0; i < 30; ++i) ann.send(R"({"t":"cry","d":{"text":"x"}})");
        house.advance(Duration(1500), Duration(10));
        bob.connection.unlimited();
        house.loops.at(0).enter([&] { bob.flush(); });
        house.advance(Duration(700), Duration(10));
    }
    EXPECT_EQ(bob.connection.closes, 0);
    EXPECT_EQ(bob.count("cried"), 120u) << "nothing that must arrive was left out";
}

TEST(SlowReader, IsLetGoAtOnceWhenNothingMoreFits) {
    SpaceHost::Options options;
    options.outbox_messages = 20;
    options.any_message = Rate{100000, Duration(1000)};
    House house({walkers()}, options);
    Client& ann = house.join("Ann");
    Client& bob = house.join("Bob");
    bob.connection.room(0);
    std::size_t most = 0;
    for (int i = 0; i < 60; ++i) {
        ann.send(R"({"t":"cry","d":{"text":")" + std::string(1000, 'x') + "\"}}");
        most = std::max(most, bob.session->backlog());
    }
    EXPECT_EQ(bob.connection.close_code, 4408);
    EXPECT_LT(most, 41u * 1100u);
    EXPECT_EQ(ann.connection.closes, 0);
    EXPECT_EQ(ann.count("cried"), 60u);
}

// ---- space.state
// -----------------------------------------------------------------------------------------------------

struct Thing {
    std::int64_t id = 0;
    std::string text;
};

/// A space with many things; "add" adds one and tells everybody.
BehaviourFactory store_room(std::size_t things, std::size_t text_size) {
    return behaviour("store_room", [things, text_size](Space& space) {
        auto all = std::make_shared<std::vector<Thing>>();
        for (std::size_t i = 0; i < things; ++i)
            all->push_back({static_cast<std::int64_t>(i), std::string(text_size, 't')});
        space.on_state("things", [all](Player&) {
            StateSection section;
            section.count = all->size();
            section.next = [all, i = std::size_t{0}](JsonWriter& out) mutable {
                if (i >= all->size()) return false;
                out.begin_object().key("id").integer((*all)[i].id).key("text").text((*all)[i].text).end_object();
                ++i;
                return true;
            };
            return section;
        });
        space.on_state("players", [&space](Player&) {
            StateSection section;
            section.count = space.player_count();
            section.next = [&space, n = std::uint32_t{0}](JsonWriter& out) mutable {
                Player* player = nullptr;
                while (n < 1000 && !player) player = space.player(++n);
                if (!player) return false;
                out.integer(player->n());
                return true;
            };
            return section;
        });
        space.on_state("empty", [](Player&) { return StateSection{}; });
        space.on<Nothing>("add", [&space, all](Player&, const Nothing&) {
            all->push_back({static_cast<std::int64_t>(all->size()), "new"});
            space.broadcast("added", {{"id", all->back().id}});
        });
    });
}

TEST(State, ASmallSpaceIsOneChunk) {
    House house({store_room(3, 2)});
    house.join("Ann");
    Client& bob = house.join("Bob");
    EXPECT_EQ(
        bob.connection.texts.back(),
        R"({"t":"space.state","d":{"space":"main","chunk":0,"chunks":1,)"
        R"("things":[{"id":0,"text":"tt"},{"id":1,"text":"tt"},{"id":2,"text":"tt"}],"players":[1,2],"empty":[]}})");
}

TEST(State, ALargeOneComesInChunksThatAreAllThereAndExactAtTheEnd) {
    for (const std::size_t count : {999u, 1000u, 1001u, 2500u, 5000u}) {
        House house({store_room(count, 10)});
        Client& ann = house.join("Ann");
        std::size_t things = 0;
        std::int64_t expected = 0;
        for (const Document& chunk : ann.all("space.state")) {
            EXPECT_EQ(chunk["d"]["chunk"].integer_or(-1), expected++);
            const std::size_t items = chunk["d"]["things"].size() + chunk["d"]["players"].size();
            EXPECT_LE(items, 1000u);
            things += chunk["d"]["things"].size();
            const bool last = expected == static_cast<std::int64_t>(ann.count("space.state"));
            EXPECT_EQ(chunk["d"]["chunks"].integer_or(-1) == expected, last)
                << "only the last chunk says that it is the last";
        }
        EXPECT_EQ(things, count);
        EXPECT_EQ(expected, static_cast<std::int64_t>((count + 1 + 999) / 1000));
    }
}

TEST(State, ChunksAreBoundedInBytesAndMadeAsTheyAreRead) {
    House house({store_room(1200, 2000)});
    Client& ann = house.connect();
    ann.connection.room(2000);
    ann.hello("Ann");
    EXPECT_LT(ann.session->backlog(), 300u << 10) << "one chunk waits, not all of them";
    std::size_t most = 0;
    for (int i = 0; i < 200 && ann.connection.closes == 0; ++i) {
        ann.connection.room(100000);
        house.loops.at(0).enter([&] { ann.flush(); });
        house.settle();
        most = std::max(most, ann.session->backlog());
    }
    EXPECT_LT(most, 400u << 10);
    std::size_t things = 0;
    for (std::size_t i = 0; i < ann.connection.texts.size(); ++i) {
        EXPECT_LT(ann.connection.texts[i].size(), 270u << 10);
        things += ann.connection.messages[i]["d"]["things"].size();
    }
    EXPECT_EQ(things, 1200u);
    EXPECT_GT(ann.count("space.state"), 8u);
}

TEST_P(Loops, WhatHappensMeanwhileIsNotLost) {
    House house({store_room(3000, 100)}, {}, GetParam());
    Client& bob = house.join("Bob", "main", 0);
    Client& ann = house.connect(GetParam() - 1);
    ann.connection.room(1000);
    ann.hello("Ann");
    for (int i = 0; i < 30; ++i) {
        bob.send(R"({"t":"add","d":{}})");
        ann.connection.room(30000);
        house.loops.at(ann.loop()).enter([&] { ann.flush(); });
        house.settle();
    }
    ann.connection.unlimited();
    house.loops.at(ann.loop()).enter([&] { ann.flush(); });
    house.settle();
    std::set<std::int64_t> known;
    std::int64_t last = 0;
    for (const Document& message : ann.connection.messages) {
        for (const Document& thing : message["d"]["things"].items()) known.insert(thing["id"].integer_or(-1));
        if (message["t"].text() != "added") continue;
        known.insert(message["d"]["id"].integer_or(-1));
        EXPECT_GT(message["s"].integer_or(0), last);
        last = message["s"].integer_or(0);
    }
    EXPECT_EQ(known.size(), 3030u);
    EXPECT_EQ(ann.count("added"), 30u);
}

TEST(State, ASectionThatFailsEndsAndTheOthersCome) {
    House house({behaviour("bad",
                           [](Space& space) {
                               space.on_state("bad", [](Player&) {
                                   StateSection section;
                                   section.count = 10;
                                   section.next = [i = 0](JsonWriter& out) mutable {
                                       out.begin_object();
                                       if (++i == 3) throw std::runtime_error("no");
                                       out.end_object();
                                       return true;
                                   };
                                   return section;
                               });
                               space.on_state("worse", [](Player&) -> StateSection { throw std::runtime_error("no"); });
                           }),
                 store_room(2, 1)});
    const Document state = house.join("Ann").last("space.state")["d"];
    EXPECT_EQ(state["bad"].size(), 2u);
    EXPECT_EQ(state["worse"].size(), 0u);
    EXPECT_EQ(state["things"].size(), 2u);
}

TEST(State, LeavingInTheMiddleStopsIt) {
    House house({store_room(5000, 100)});
    Client& ann = house.connect();
    ann.connection.room(1000);
    ann.hello("Ann");
    ann.send(R"({"t":"space.join","id":1,"d":{"space":"side"}})");
    ann.connection.unlimited();
    house.loops.at(0).enter([&] { ann.flush(); });
    house.settle();
    std::size_t side = 0;
    std::size_t main = 0;
    for (const Document& chunk : ann.all("space.state")) (chunk["d"]["space"].text() == "side" ? side : main) += 1;
    EXPECT_EQ(main, 1u);
    EXPECT_EQ(side, 6u);
}

}  // namespace
}  // namespace cairn::core::test
