// Hello, join and leave: the state machine of one session, and what a space is told of it.
#include <random>
#include <set>

#include "tests/core/spaces/house.hpp"

namespace cairn::core::test {
namespace {

TEST(Hello, BringsAPlayerInWithOneFrame) {
    House house({});
    Client& ann = house.join("Ann");
    ASSERT_EQ(ann.connection.messages.size(), 2u);
    const Document welcome = ann.connection.messages[0]["d"];
    EXPECT_EQ(welcome["player"].text(), "id-Ann");
    EXPECT_EQ(welcome["n"].integer_or(0), 1);
    EXPECT_EQ(welcome["space"].text(), "main");
    EXPECT_EQ(welcome["resume"].text(), "id-Ann");
    EXPECT_EQ(welcome["heartbeat_ms"].integer_or(0), 25000);
    EXPECT_EQ(welcome["server_time"].integer_or(0), house.clock.wall());
    EXPECT_TRUE(welcome["resumed"].is_boolean());
    EXPECT_EQ(welcome["missed"].integer_or(-1), 0);
    EXPECT_EQ(welcome["limits"]["messages"]["burst"].integer_or(0), 120);
    EXPECT_EQ(ann.connection.messages[1]["t"].text(), "space.state");
    EXPECT_EQ(house.host->players(), 1u);
}

TEST(Hello, WithoutASpaceWelcomesOnly) {
    House house({});
    Client& ann = house.join("Ann", "");
    ASSERT_EQ(ann.connection.messages.size(), 1u);
    EXPECT_EQ(ann.last("welcome")["d"].find("space"), nullptr);
    EXPECT_EQ(ann.last("welcome")["d"].find("n"), nullptr);
    ann.request("space.join", R"({"space":"main"})", 7);
    EXPECT_EQ(ann.reply(7)["d"]["space"].text(), "main");
    EXPECT_EQ(ann.reply(7)["d"]["n"].integer_or(0), 1);
    EXPECT_EQ(ann.count("space.state"), 1u);
}

TEST(Hello, ToASpaceThatDoesNotExistWelcomesAndSaysWhy) {
    House house({});
    Client& ann = house.join("Ann", "nowhere");
    EXPECT_EQ(ann.count("welcome"), 1u);
    EXPECT_EQ(ann.last("welcome")["d"].find("space"), nullptr);
    const Document error = ann.last("error")["d"];
    EXPECT_EQ(error["code"].text(), "not_found");
    EXPECT_EQ(error["re_t"].text(), "space.join");
    EXPECT_EQ(ann.connection.closes, 0);
}

TEST(Hello, MustComeInTime) {
    House house({});
    Client& ann = house.connect();
    house.advance(Duration(4990));
    EXPECT_EQ(ann.connection.closes, 0);
    house.advance(Duration(20));
    EXPECT_EQ(ann.connection.close_code, 4401);
    EXPECT_EQ(ann.last("bye")["d"]["code"].integer_or(0), 4401);
    EXPECT_EQ(ann.connection.closes, 1);
}

TEST(Hello, InTimeStopsTheClock) {
    House house({});
    Client& ann = house.join("Ann", "");
    house.advance(Duration(6000), Duration(500));
    EXPECT_EQ(ann.connection.closes, 0);
}

TEST(Hello, ComesFirstAndOnce) {
    House house({});
    Client& ann = house.connect();
    ann.request("ping", R"({"ts":1})", 1);
    EXPECT_EQ(ann.refusal(1), "unauthenticated");
    ann.hello("Ann");
    ann.send(R"({"t":"hello","id":2,"d":{}})");
    EXPECT_EQ(ann.refusal(2), "conflict");
    EXPECT_EQ(ann.connection.closes, 0);
}

TEST(Hello, NeverTakesAnIdFromTheClient) {
    House house({});
    Client& ann = house.connect();
    ann.send(R"({"t":"hello","id":1,"d":{"name":"Ann","id":"id-Boss"}})");
    EXPECT_EQ(ann.refusal(1), "invalid_field");
    EXPECT_EQ(ann.count("welcome"), 0u);
}

TEST(Hello, LongerThanFourKilobytesIsTooLarge) {
    House house({});
    Client& ann = house.connect();
    ann.send(R"({"t":"hello","id":1,"d":{"name":")" + std::string(4200, 'a') + "\"}}");
    EXPECT_EQ(ann.last("error")["d"]["code"].text(), "too_large");
    EXPECT_EQ(ann.connection.closes, 0);
}

TEST(Hello, RefusedByIdentityIsAnsweredAndClosed) {
    House house({});
    house.identity.refuse.emplace("Eve", Error(Code::forbidden, "banned until Friday"));
    house.identity.refuse.emplace("Bad", Error(Code::unauthenticated, "the token has expired"));
    Client& eve = house.join("Eve");
    EXPECT_EQ(eve.last("error")["d"]["code"].text(), "forbidden");
    EXPECT_EQ(eve.last("error")["d"]["re_t"].text(), "hello");
    EXPECT_EQ(eve.connection.close_code, 4403);
    EXPECT_EQ(house.join("Bad").connection.close_code, 4401);
}

TEST(Hello, WaitingForIdentityRefusesOtherMessagesAndSurvivesTheEnd) {
    House house({});
    house.identity.held = true;
    Client& ann = house.join("Ann");
    ann.request("ping", "{}", 1);
    EXPECT_EQ(ann.refusal(1), "not_ready");
    Client& bob = house.join("Bob");
    bob.vanish();
    for (const auto& admit : house.identity.waiting) admit();
    house.settle();
    EXPECT_EQ(ann.count("welcome"), 1u);
    EXPECT_EQ(house.host->players(), 1u);
}

TEST(Sessions, RefusedBeforeServingAndWhenFull) {
    SpaceHost::Options options;
    options.max_connections = 2;
    House house({}, options);
    house.connect();
    house.connect();
    EXPECT_EQ(house.host->sessions_open(), 2u);
    EXPECT_THROW(
        try { house.connect(); } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::full);
            throw;
        },
        Error);
    house.clients.pop_back();
    house.clients.front()->vanish();
    EXPECT_NO_THROW(house.connect());
    house.host->drain("bye");
    EXPECT_THROW(house.connect(), Error);
    house.clients.pop_back();
}

TEST(Sessions, MoreThanAllowedOfOnePlayerReplaceTheOldest) {
    House house({});
    Client& first = house.join("Ann", "");
    house.join("Ann", "");
    house.join("Ann", "");
    EXPECT_EQ(first.connection.closes, 0);
    Client& fourth = house.join("Ann", "");
    EXPECT_EQ(first.connection.close_code, 4409);
    EXPECT_EQ(first.last("bye")["d"]["code"].integer_or(0), 4409);
    EXPECT_EQ(fourth.connection.closes, 0);
}

TEST(Sessions, MoreThanAllowedOnlineIsFull) {
    SpaceHost::Options options;
    options.max_online = 1;
    House house({}, options);
    house.join("Ann");
    Client& again = house.join("Ann");
    EXPECT_EQ(again.count("welcome"), 1u) << "the same player counts once";
    Client& bob = house.join("Bob");
    EXPECT_EQ(bob.last("error")["d"]["code"].text(), "full");
    EXPECT_EQ(bob.connection.close_code, 1013);
    EXPECT_GT(bob.last("bye")["d"]["reconnect_after_ms"].integer_or(0), 0);
}

TEST(Join, ASecondOneLeavesTheFirstSpace) {
    std::vector<std::string> told;
    House house({behaviour("watch", [&told](Space& space) {
        space.on_join([&](Player& player) { told.push_back("+" + space.id() + " " + player.name()); });
        space.on_leave([&](Player& player, LeaveReason reason) {
            told.push_back("-" + space.id() + " " + player.name() + " " + std::string(leave_reason_name(reason)));
        });
    })});
    Client& ann = house.join("Ann", "main");
    ann.request("space.join", R"({"space":"side"})", 1);
    EXPECT_EQ(ann.reply(1)["d"]["space"].text(), "side");
    ann.request("space.leave", "{}", 2);
    EXPECT_TRUE(ann.reply(2)["ok"].boolean_or(false));
    ann.request("space.leave", "{}", 3);
    EXPECT_EQ(ann.refusal(3), "not_ready");
    EXPECT_EQ(told, (std::vector<std::string>{"+main Ann", "-main Ann left", "+side Ann", "-side Ann left"}));
    EXPECT_EQ(house.host->players(), 0u);
}

TEST(Join, NumbersAreTheSmallestThatAreFree) {
    House house({});
    Client& a = house.join("A");
    Client& b = house.join("B");
    Client& c = house.join("C");
    EXPECT_EQ(c.last("welcome")["d"]["n"].integer_or(0), 3);
    a.vanish();
    b.vanish();
    EXPECT_EQ(house.join("D").last("welcome")["d"]["n"].integer_or(0), 1);
    EXPECT_EQ(house.join("E").last("welcome")["d"]["n"].integer_or(0), 2);
    EXPECT_EQ(house.join("F").last("welcome")["d"]["n"].integer_or(0), 4);
}

TEST(Join, BeyondMaxPlayersIsFull) {
    House house({});
    house.source.named[0].max_players = 2;
    house.join("A");
    Client& b = house.join("B");
    Client& c = house.join("C");
    EXPECT_EQ(c.last("error")["d"]["code"].text(), "full");
    EXPECT_GT(c.last("error")["d"]["retry_after_ms"].integer_or(0), 0);
    b.vanish();
    c.request("space.join", R"({"space":"main"})", 1);
    EXPECT_EQ(c.reply(1)["d"]["n"].integer_or(0), 2);
}

TEST(Join, TheSamePlayerReplacesHimself) {
    std::vector<std::string> told;
    House house({behaviour("watch", [&told](Space& space) {
        space.on_join([&](Player& player) { told.push_back("+" + std::to_string(player.n())); });
        space.on_leave([&](Player& player, LeaveReason reason) {
            told.push_back("-" + std::to_string(player.n()) + " " + std::string(leave_reason_name(reason)));
        });
    })});
    for (const std::size_t loop : {0u}) {
        Client& old = house.join("Ann", "main", loop);
        Client& fresh = house.join("Ann", "main", loop);
        EXPECT_EQ(old.connection.close_code, 4409);
        EXPECT_EQ(fresh.connection.closes, 0);
        EXPECT_EQ(fresh.last("welcome")["d"]["n"].integer_or(0), 1);
    }
    EXPECT_EQ(told, (std::vector<std::string>{"+1", "-1 replaced", "+1"}));
    EXPECT_EQ(house.host->players(), 1u);
}

TEST(Join, WhoAsksForASpaceThatIsNoneStaysWhereHeIs) {
    House house({behaviour("quiet", [](Space&) {})});
    Client& ann = house.join("Ann");
    EXPECT_EQ(house.host->players(), 1u);
    ann.request("space.join", R"({"space":"nowhere"})", 7);
    EXPECT_EQ(ann.refusal(7), "not_found");
    EXPECT_EQ(house.host->players(), 1u);
    ann.request("space.leave", "{}", 8);
    EXPECT_TRUE(ann.reply(8)["ok"].boolean_or(false)) << "he was still in a space";
}

TEST(Join, RefusedByABehaviourTellsOnlyThoseWhoHadLetHimIn) {
    std::vector<std::string> told;
    const auto watcher = [&told](std::string name) {
        return behaviour(name, [&told, name](Space& space) {
            space.on_join([&told, name](Player&) { told.push_back("+" + name); });
            space.on_leave([&told, name](Player&, LeaveReason) { told.push_back("-" + name); });
        });
    };
    House house({watcher("a"), watcher("b"),
                 behaviour("door",
                           [](Space& space) {
                               space.on_join([](Player& player) {
                                   player.send("door.hello", {{"x", 1}});
                                   if (player.name() == "Eve") throw Error(Code::forbidden, "not you").at("d.name");
                               });
                           }),
                 watcher("c")});
    Client& eve = house.join("Eve");
    EXPECT_EQ(eve.last("error")["d"]["code"].text(), "forbidden");
    EXPECT_EQ(eve.count("door.hello"), 0u) << "what was sent while joining goes nowhere";
    EXPECT_EQ(told, (std::vector<std::string>{"+a", "+b", "-b", "-a"}));
    EXPECT_EQ(house.host->players(), 0u);
    EXPECT_EQ(house.join("Ann").last("welcome")["d"]["n"].integer_or(0), 1);
}

TEST(Join, WhatIsSentWhileJoiningComesAfterTheState) {
    House house({behaviour("greeter", [](Space& space) {
        space.on_join([&space](Player& player) {
            player.send("greet", {{"n", player.n()}});
            space.broadcast("arrived", {{"n", player.n()}});
            space.broadcast_except(player, "user.joined", {{"n", player.n()}});
        });
    })});
    Client& ann = house.join("Ann");
    std::vector<std::string> order;
    for (const Document& message : ann.connection.messages) order.emplace_back(message["t"].text());
    EXPECT_EQ(order, (std::vector<std::string>{"welcome", "space.state", "greet", "arrived"}));
    house.join("Bob");
    EXPECT_EQ(ann.count("arrived"), 2u);
    EXPECT_EQ(ann.count("user.joined"), 1u);
}

TEST(Join, WaitsForHolds) {
    std::shared_ptr<Space::Hold> hold;
    House house({behaviour("loader", [&hold](Space& space) {
        if (space.id() == "main") hold = space.hold("objects");
    })});
    Client& ann = house.join("Ann");
    Client& bob = house.join("Bob", "side");
    EXPECT_EQ(bob.count("space.state"), 1u) << "another space does not wait";
    EXPECT_EQ(ann.count("welcome"), 0u);
    ann.request("ping", R"({"ts":5})", 1);
    EXPECT_TRUE(ann.reply(1)["ok"].boolean_or(false)) << "he is known, only not in";
    hold.reset();
    house.settle();
    EXPECT_EQ(ann.last("welcome")["d"]["n"].integer_or(0), 1);
}

TEST(Join, ThatIsGivenUpWhileWaitingLeavesNoTrace) {
    std::shared_ptr<Space::Hold> hold;
    int joins = 0;
    House house({behaviour("loader", [&](Space& space) {
        if (space.id() == "main") hold = space.hold("objects");
        space.on_join([&joins](Player&) { ++joins; });
    })});
    Client& ann = house.join("Ann");
    Client& bob = house.join("Bob", "");
    bob.send(R"({"t":"space.join","id":1,"d":{"space":"main"}})");
    bob.request("space.leave", "{}", 2);
    EXPECT_EQ(bob.refusal(1), "conflict");
    EXPECT_TRUE(bob.reply(2)["ok"].boolean_or(false));
    ann.vanish();
    hold.reset();
    house.settle();
    EXPECT_EQ(joins, 0);
    EXPECT_EQ(house.host->players(), 0u);
}

TEST(Join, AFailedLoadRefusesAndIsTriedAnewLater) {
    int openings = 0;
    House house({behaviour("loader", [&openings](Space& space) {
        if (++openings == 1) space.hold("objects")->fail(Error(Code::unavailable, "the store is away"));
    })});
    Client& ann = house.join("Ann");
    EXPECT_EQ(ann.last("error")["d"]["code"].text(), "unavailable");
    EXPECT_EQ(ann.last("error")["d"]["message"].text(), "the store is away");
    Client& bob = house.join("Bob");
    EXPECT_EQ(bob.last("error")["d"]["code"].text(), "unavailable");
    EXPECT_EQ(openings, 1);
    house.advance(Duration(2500), Duration(50));
    bob.request("space.join", R"({"space":"main"})", 3);
    EXPECT_EQ(bob.reply(3)["d"]["n"].integer_or(0), 1);
    EXPECT_EQ(openings, 2);
}

TEST(Join, AtTheDoorOfAFailedSpaceDoesNotKeepItFailedForLong) {
    int openings = 0;
    House house({behaviour("loader", [&openings](Space& space) {
        if (++openings == 1) space.hold("objects")->fail(Error(Code::unavailable, "the store is away"));
    })});
    Client& ann = house.join("Ann", "room-1");
    house.advance(Duration(1900), Duration(50));
    // On the way at the very moment at which the failed space would go.
    ann.send_only(R"({"t":"space.join","id":1,"d":{"space":"room-1"}})");
    house.clock.advance(Duration(200));
    house.settle();
    EXPECT_EQ(ann.refusal(1), "unavailable");
    house.advance(Duration(2500), Duration(50));
    ann.request("space.join", R"({"space":"room-1"})", 2);
    EXPECT_EQ(ann.reply(2)["d"]["n"].integer_or(0), 1);
    EXPECT_EQ(openings, 2);
}

TEST(Join, NamesThatPlayersGiveThemselvesStay) {
    House house({behaviour("naming", [](Space& space) {
        space.on<Say>("user.rename", [](Player& from, const Say& say) { from.set_name(say.text); });
        space.on_join([&space](Player& player) { space.broadcast("seen", {{"name", player.name()}}); });
    })});
    Client& ann = house.join("Ann");
    ann.request("user.rename", R"({"text":"Countess"})", 1);
    ann.request("space.join", R"({"space":"side"})", 2);
    EXPECT_EQ(ann.last("seen")["d"]["name"].text(), "Countess");
    ann.vanish();
    Client& back = house.connect();
    back.send(R"({"t":"hello","d":{"space":"main","resume":{"token":"id-Ann"}}})");
    EXPECT_EQ(back.last("welcome")["d"]["name"].text(), "Countess");
    EXPECT_EQ(back.last("welcome")["d"]["player"].text(), "id-Ann");
}

TEST(Space, OnDemandClosesWhenEmptyAndOpensAnew) {
    int alive = 0;
    int made = 0;
    House house({behaviour(
        "life",
        [&](Space&) {
            ++alive;
            ++made;
        },
        [&] { --alive; })});
    Client& ann = house.join("Ann", "room-1");
    EXPECT_EQ(alive, 1);
    ann.request("space.leave", "{}", 1);
    house.advance(Duration(59000), Duration(500));
    EXPECT_EQ(alive, 1) << "not yet";
    house.advance(Duration(2000), Duration(500));
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(house.host->count(), 0u);
    ann.request("space.join", R"({"space":"room-1"})", 2);
    EXPECT_EQ(ann.reply(2)["d"]["n"].integer_or(0), 1);
    EXPECT_EQ(made, 2);
}

TEST(Space, AVisitorJustInTimeKeepsItOpen) {
    int alive = 0;
    House house({behaviour(
        "life", [&](Space&) { ++alive; }, [&] { --alive; })});
    Client& ann = house.join("Ann", "room-1");
    ann.request("space.leave", "{}", 1);
    house.advance(Duration(59900), Duration(100));
    // The wish is on its way while the time runs out.
    ann.send_only(R"({"t":"space.join","id":2,"d":{"space":"room-1"}})");
    house.clock.advance(Duration(200));
    house.settle();
    EXPECT_EQ(ann.reply(2)["d"]["n"].integer_or(0), 1);
    EXPECT_EQ(alive, 1);
    house.advance(Duration(70000), Duration(1000));
    EXPECT_EQ(alive, 1);
}

TEST(Space, PermanentOnesStay) {
    House house({});
    Client& ann = house.join("Ann", "main");
    ann.vanish();
    house.advance(Duration(130000), Duration(1000));
    EXPECT_EQ(house.host->count(), 1u);
}

TEST(Space, KickedPlayersHearWhyAndTheHandlerKeepsItsPlayer) {
    std::vector<std::string> told;
    House house({behaviour("bouncer", [&told](Space& space) {
        space.on<Say>("kick.me", [&told](Player& from, const Say& say) {
            from.disconnect(4403, say.text);
            told.push_back(from.name() + " is still " + std::to_string(from.n()));
        });
        space.on_leave([&told](Player&, LeaveReason reason) { told.emplace_back(leave_reason_name(reason)); });
    })});
    Client& ann = house.join("Ann");
    ann.request("kick.me", R"({"text":"enough"})", 1);
    EXPECT_EQ(ann.connection.close_code, 4403);
    EXPECT_EQ(ann.last("bye")["d"]["reason"].text(), "enough");
    EXPECT_EQ(told, (std::vector<std::string>{"Ann is still 1", "kicked"}));
    EXPECT_TRUE(ann.reply(1)["ok"].boolean_or(false));
}

TEST(Space, AConnectionThatGoesWhileItsHandlerRunsIsSafe) {
    House* place = nullptr;
    std::vector<std::string> told;
    House house({behaviour("fatal", [&](Space& space) {
        space.on<Nothing>("gone", [&](Player& from, const Nothing&) {
            place->clients[0]->session.reset();  // as a gateway does when a write fails
            told.push_back(from.name());
            from.send("late", {});
            space.broadcast("late", {});
        });
        space.on_leave([&](Player& player, LeaveReason reason) {
            told.push_back(player.name() + " " + std::string(leave_reason_name(reason)));
        });
    })});
    place = &house;
    Client& ann = house.join("Ann");
    Session* const session = ann.session.get();
    house.loops.at(0).enter([&] { session->receive(R"({"t":"gone","d":{}})"); });
    house.settle();
    EXPECT_EQ(told, (std::vector<std::string>{"Ann", "Ann disconnected"}));
    EXPECT_EQ(house.host->players(), 0u);
}

/// Anything may happen in any order: nobody is told of a leave without a join, nor twice, and at the end all have left.
TEST(JoinStorm, LeaveIsToldIfAndOnlyIfJoinWas) {
    for (unsigned seed = 1; seed <= 6; ++seed) {
        std::mt19937 random(seed);
        std::map<std::string, std::set<std::uint64_t>> inside;  // by space: who
        std::size_t joins = 0;
        std::size_t leaves = 0;
        std::size_t wrong = 0;
        {
            SpaceHost::Options options;
            options.any_message = Rate{100000, Duration(1000)};
            options.close_empty_after = Duration(50);
            House house({behaviour("count",
                                   [&](Space& space) {
                                       auto& here = inside[space.id()];
                                       here.clear();
                                       space.on_join([&](Player& player) {
                                           if (random() % 8 == 0) throw Error(Code::forbidden, "not today");
                                           ++joins;
                                           if (!here.insert(player.n()).second) ++wrong;
                                       });
                                       space.on_leave([&](Player& player, LeaveReason) {
                                           ++leaves;
                                           if (here.erase(player.n()) != 1) ++wrong;
                                       });
                                       space.on<Nothing>(
                                           "kick", [](Player& from, const Nothing&) { from.disconnect(4403, "go"); });
                                   })},
                        options, 1 + seed % 3);
            for (int step = 0; step < 1500; ++step) {
                const auto pick = [&]() -> Client* {
                    return house.clients.empty() ? nullptr : house.clients[random() % house.clients.size()].get();
                };
                const std::string spaces[] = {"main", "side", "room-1", "room-2", "nowhere"};
                Client* const one = pick();
                switch (random() % 9) {
                    case 0:
                    case 1: {
                        house.clients.push_back(std::make_unique<Client>(house, random() % house.loops.size()));
                        Client& fresh = *house.clients.back();
                        house.loops.at(fresh.loop()).enter([&] {
                            fresh.session = house.host->open(house.loops.at(fresh.loop()), fresh.connection, {});
                        });
                        fresh.send_only(R"({"t":"hello","d":{"name":"P)" + std::to_string(random() % 12) +
                                        R"(","space":")" + spaces[random() % 5] + "\"}}");
                        break;
                    }
                    case 2:
                    case 3:
                        if (one) one->send_only(R"({"t":"space.join","d":{"space":")" + spaces[random() % 5] + "\"}}");
                        break;
                    case 4:
                        if (one) one->send_only(R"({"t":"space.leave","d":{}})");
                        break;
                    case 5:
                        if (one) one->send_only(R"({"t":"kick","d":{}})");
                        break;
                    case 6:
                        if (one && one->session) house.loops.at(one->loop()).enter([&] { one->session.reset(); });
                        break;
                    case 7:
                        house.loops.at(random() % house.loops.size()).turn();
                        break;
                    default:
                        house.clock.advance(Duration(random() % 40));
                        if (random() % 4 == 0) house.settle();
                }
            }
            house.settle();
            std::size_t here = 0;
            for (const auto& [space, players] : inside) here += players.size();
            EXPECT_EQ(here, house.host->players()) << "seed " << seed;
        }
        EXPECT_EQ(wrong, 0u) << "seed " << seed;
        EXPECT_EQ(joins, leaves) << "seed " << seed;
        EXPECT_GT(joins, 50u);
    }
}

}  // namespace
}  // namespace cairn::core::test
