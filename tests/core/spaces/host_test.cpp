// The host around the spaces: opening, closing, what comes back from elsewhere and what does not, ticks, figures.
#include <atomic>
#include <set>
#include <thread>

#include "tests/core/spaces/house.hpp"

namespace cairn::core::test {
namespace {

/// Runs what a control thread would do while this one cranks the loops.
template <class F>
void with_control_thread(House& house, F&& job) {
    std::atomic<bool> done{false};
    std::exception_ptr failed;
    std::thread control([&] {
        try {
            job();
        } catch (...) {
            failed = std::current_exception();
        }
        done = true;
    });
    while (!done) house.settle();
    control.join();
    if (failed) std::rethrow_exception(failed);
}

TEST(OpenInitial, OpensWhatTheSourceNamesAndWaitsForIt) {
    std::shared_ptr<Space::Hold> hold;
    std::set<std::string> opened;
    House house({behaviour("loader",
                           [&](Space& space) {
                               opened.insert(space.id());
                               if (space.id() == "side") hold = space.hold("objects");
                           })},
                {}, 2);
    std::atomic<bool> done{false};
    std::thread control([&] {
        house.host->open_initial({});
        done = true;
    });
    for (int i = 0; i < 200 && opened.size() < 2; ++i) {
        house.settle();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(opened, (std::set<std::string>{"main", "side"}));
    house.settle();
    EXPECT_FALSE(done);
    hold.reset();
    while (!done) house.settle();
    control.join();
    EXPECT_EQ(house.host->count(), 2u);
}

TEST(OpenInitial, NamesTheSpaceThatCouldNotBeLoaded) {
    House house({behaviour("loader", [](Space& space) {
        if (space.id() == "side")
            space.hold("objects")->fail(Error(Code::unavailable, "table world_objects is missing"));
    })});
    try {
        with_control_thread(house, [&] { house.host->open_initial({}); });
        FAIL() << "it must throw";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::unavailable);
        EXPECT_NE(std::string(error.what()).find("side"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("world_objects"), std::string::npos);
    }
}

TEST(OpenInitial, WithoutPluginsThereIsOneSpaceForStrangers) {
    House house({});
    house.host->set_services(nullptr, nullptr);
    with_control_thread(house, [&] { house.host->open_initial({}); });
    Client& ann = house.join("Ann");
    Client& bob = house.join("", "main");
    EXPECT_EQ(ann.last("welcome")["d"]["name"].text(), "Ann");
    EXPECT_EQ(bob.last("welcome")["d"]["n"].integer_or(0), 2);
    EXPECT_TRUE(bob.last("welcome")["d"]["name"].text().starts_with("guest-"));
    EXPECT_NE(ann.last("welcome")["d"]["player"].text(), bob.last("welcome")["d"]["player"].text());
    bob.request("space.join", R"({"space":"other"})", 1);
    EXPECT_EQ(bob.refusal(1), "not_found");
}

TEST(CloseAll, SaysByeLeavesAndDestroys) {
    std::vector<std::string> told;
    int alive = 0;
    {
        House house({behaviour(
                        "watch",
                        [&](Space& space) {
                            ++alive;
                            space.on_leave([&](Player& player, LeaveReason reason) {
                                told.push_back(player.name() + " " + std::string(leave_reason_name(reason)));
                            });
                        },
                        [&] { --alive; })},
                    {}, 2);
        Client& ann = house.join("Ann", "main", 0);
        Client& bob = house.join("Bob", "main", 1);
        house.close();
        EXPECT_EQ(ann.connection.close_code, 1001);
        EXPECT_EQ(bob.last("bye")["d"]["code"].integer_or(0), 1001);
        EXPECT_GT(bob.last("bye")["d"]["reconnect_after_ms"].integer_or(0), 0);
        EXPECT_EQ(house.host->count(), 0u);
        EXPECT_EQ(house.host->players(), 0u);
    }
    EXPECT_EQ(alive, 0);
    std::sort(told.begin(), told.end());
    EXPECT_EQ(told, (std::vector<std::string>{"Ann closing", "Bob closing"}));
}

// ---- what comes back
// -------------------------------------------------------------------------------------------------

TEST(Gate, CompletionsComeBackToTheStrandUnlessTheSpaceHasClosed) {
    for (const bool closes : {false, true}) {
        SpaceHost::Options options;
        options.close_empty_after = Duration(100);
        int heard = 0;
        std::function<void()> post_later;
        std::weak_ptr<int> held;
        House house(
            {behaviour("asker",
                       [&](Space& space) {
                           auto token = std::make_shared<int>(0);
                           held = token;
                           space.on<Nothing>("ask", [&space, &heard, token, &post_later, closes](Player&,
                                                                                                const Nothing&) {
                               if (closes)  // with a commit under way it would not close
                                   space.storage().query({}, [&heard, token](Result<Rows>) { ++heard; });
                               else
                                   space.storage().commit({}, [&heard, token](Result<Committed>) { ++heard; });
                               space.storage().query({}, [&heard, token](Result<Rows>) { ++heard; });
                               space.background().run(
                                   Lane::general, "sum", [](const Task&) {},
                                   [&heard, token](std::exception_ptr) { ++heard; });
                               space.after(Duration(500), [&heard, token] { ++heard; });
                               space.every(Duration(500), [&heard, token] { ++heard; });
                               post_later = [&space, &heard, token] { space.post([&heard, token] { ++heard; }); };
                           });
                       })},
            options);
        house.storage.hold();
        Client& ann = house.join("Ann", "room-1");
        ann.request("ask", "{}", 1);
        if (closes) ann.request("space.leave", "{}", 2);
        house.advance(Duration(300), Duration(10));
        EXPECT_EQ(house.host->count(), closes ? 0u : 1u);
        house.storage.release();
        house.background.run();
        if (!closes) post_later();
        EXPECT_EQ(heard, 0) << "never before the strand comes to it";
        house.advance(Duration(300), Duration(10));
        EXPECT_EQ(heard, closes ? 0 : 6);
        post_later = {};
        if (closes) {
            EXPECT_TRUE(held.expired()) << "nothing is kept for ever";
        }
    }
}

TEST(Gate, AnswersOfAClosedSpaceStillReachNobodyWrong) {
    SpaceHost::Options options;
    options.close_empty_after = Duration(100);
    House house({behaviour("asker",
                           [](Space& space) {
                               space.on<Nothing>("ask", [&space](Player&, const Nothing&, Reply reply) {
                                   auto shared = std::make_shared<Reply>(std::move(reply));
                                   space.storage().query({}, [shared](Result<Rows>) { shared->ok(); });
                               });
                           })},
                options);
    house.storage.hold();
    Client& ann = house.join("Ann", "room-1");
    ann.request("ask", "{}", 1);
    ann.request("space.join", R"({"space":"main"})", 2);
    house.advance(Duration(300), Duration(10));
    ASSERT_EQ(house.host->count(), 1u);
    house.storage.release();
    house.settle();
    EXPECT_EQ(ann.refusal(1), "internal") << "he is told that nobody answers any more";
    EXPECT_EQ(ann.reply(2)["d"]["space"].text(), "main");
}

/// Opened anew it would read what is there without the commit, which comes behind that.
TEST(Gate, AnEmptySpaceStaysUntilItsCommitsAreAnswered) {
    for (const bool listens : {true, false}) {
        SpaceHost::Options options;
        options.close_empty_after = Duration(100);
        House house({behaviour("keeper",
                               [listens](Space& space) {
                                   space.on<Nothing>("keep", [&space, listens](Player&, const Nothing&) {
                                       if (listens)
                                           space.storage().commit({}, [](Result<Committed>) {});
                                       else
                                           space.storage().commit({});
                                   });
                               })},
                    options);
        house.storage.hold();
        Client& ann = house.join("Ann", "room-1");
        ann.request("keep", "{}", 1);
        ann.request("space.leave", "{}", 2);
        house.advance(Duration(500), Duration(10));
        EXPECT_EQ(house.host->count(), 1u);
        house.storage.release();
        house.advance(Duration(300), Duration(10));
        EXPECT_EQ(house.host->count(), 0u);
    }
}

TEST(Gate, AnAnswerAfterLeavingStillArrives) {
    House house({behaviour("asker", [](Space& space) {
        space.on<Nothing>("ask", [&space](Player&, const Nothing&, Reply reply) {
            auto shared = std::make_shared<Reply>(std::move(reply));
            space.storage().commit({}, [shared](Result<Committed>) { shared->ok({{"kept", true}}); });
        });
    })});
    house.storage.hold();
    Client& ann = house.join("Ann");
    ann.request("ask", "{}", 1);
    ann.request("space.leave", "{}", 2);
    house.storage.release();
    house.settle();
    EXPECT_TRUE(ann.reply(1)["d"]["kept"].boolean_or(false));
}

TEST(Background, ACancelledTaskIsNotHeardOf) {
    int heard = 0;
    Task task;
    House house({behaviour("worker", [&](Space& space) {
        space.on<Nothing>("work", [&](Player&, const Nothing&) {
            task = space.background().run(
                Lane::general, "x", [](const Task&) {}, [&heard](std::exception_ptr) { ++heard; });
        });
    })});
    house.join("Ann").request("work", "{}", 1);
    house.background.run();
    task.cancel();
    house.settle();
    EXPECT_EQ(heard, 0);
}

TEST(Timers, RunOnceOrAgainAndCanBeCancelled) {
    int once = 0;
    int again = 0;
    int never = 0;
    TimerId stop = 0;
    House house({behaviour("clock", [&](Space& space) {
        space.after(Duration(100), [&] { ++once; });
        stop = space.every(Duration(100), [&space, &again, &stop] {
            if (++again == 3) space.cancel(stop);
        });
        space.cancel(space.after(Duration(100), [&] { ++never; }));
        space.cancel(12345);
    })});
    house.join("Ann");
    house.advance(Duration(1000));
    EXPECT_EQ(once, 1);
    EXPECT_EQ(again, 3);
    EXPECT_EQ(never, 0);
}

// ---- ticks
// -----------------------------------------------------------------------------------------------------------

TEST(Ticks, RunAtTheirRateWhileSomebodyIsThere) {
    std::vector<std::int64_t> since;
    House house({behaviour(
        "ticker", [&](Space& space) { space.on_tick([&](Duration passed) { since.push_back(passed.count()); }); })});
    house.advance(Duration(500));
    EXPECT_EQ(since.size(), 0u);
    Client& ann = house.join("Ann");
    house.advance(Duration(1000));
    EXPECT_EQ(since.size(), 20u);
    EXPECT_EQ(since.back(), 50);
    ann.vanish();
    house.advance(Duration(100));
    const std::size_t before = since.size();
    house.advance(Duration(1000));
    EXPECT_EQ(since.size(), before);
    house.join("Bob");
    house.advance(Duration(100));
    EXPECT_GT(since.size(), before);
    EXPECT_LE(since[before], 50) << "the pause is not a tick";
}

TEST(Ticks, ALateOneRunsAtOnceAndDoesNotQueueUp) {
    int ticks = 0;
    House house({behaviour("ticker", [&](Space& space) { space.on_tick([&](Duration) { ++ticks; }); })});
    house.join("Ann");
    house.advance(Duration(500));
    const int before = ticks;
    house.clock.advance(Duration(525));
    house.settle();
    EXPECT_EQ(ticks, before + 1);
    house.advance(Duration(500));
    EXPECT_EQ(ticks, before + 11);
    EXPECT_EQ(house.metrics.value("cairn_core_late_ticks_total"), 1);
}

TEST(Ticks, SpacesAreSpreadOverTheTick) {
    std::map<std::string, std::set<std::int64_t>> at;
    House* place = nullptr;
    House house({behaviour("ticker", [&](Space& space) {
        space.on_tick([&](Duration) { at[space.id()].insert(place->clock.wall() % 50); });
    })});
    place = &house;
    for (int i = 0; i < 10; ++i) house.join("P" + std::to_string(i), "room-" + std::to_string(i));
    house.advance(Duration(500), Duration(1));
    std::set<std::int64_t> places;
    for (const auto& [space, moments] : at) {
        EXPECT_EQ(moments.size(), 1u) << space;
        places.insert(moments.begin(), moments.end());
    }
    EXPECT_EQ(places.size(), 10u);
}

// ---- figures
// ---------------------------------------------------------------------------------------------------------

TEST(Figures, CountPlayersSpacesSessions) {
    House house({});
    Client& ann = house.join("Ann");
    house.join("Bob", "side");
    house.join("Cid", "");
    EXPECT_EQ(house.host->figures(), Document::parse_json(R"({"users":2,"spaces":2,"sessions":3})"));
    EXPECT_EQ(house.metrics.value("active_users_count{space_id=main}"), 1);
    EXPECT_EQ(house.metrics.value("cairn_core_players"), 2);
    EXPECT_EQ(house.metrics.value("cairn_core_sessions"), 3);
    ann.vanish();
    EXPECT_EQ(house.metrics.value("active_users_count{space_id=main}"), 0);
    EXPECT_EQ(house.host->figures()["sessions"].integer_or(0), 2);
}

TEST(Figures, SpaceLabelsAreCapped) {
    House house({});
    house.source.most_rooms = 1000;
    Client& ann = house.connect();
    ann.hello("Ann", "");
    for (int i = 0; i < 210; ++i) {
        ann.send(R"({"t":"space.join","d":{"space":"room-)" + std::to_string(i) + "\"}}");
        house.advance(Duration(1000), Duration(1000));
    }
    EXPECT_EQ(house.metrics.value("active_users_count{space_id=room-209}"), 0);
    EXPECT_EQ(house.metrics.value("active_users_count{space_id=other}"), 1);
}

TEST(Protocol, DescribesMessagesLimitsAndStreams) {
    House house({behaviour("speaker", [](Space& space) {
        space.on<Say>("say", [](Player&, const Say&) {}).meaning("says something").limit(Rate{30, Duration(60000)});
        (void)space.stream<Place>("moved");
    })});
    EXPECT_EQ(house.host->protocol()["messages"]["say"].size(), 0u);
    house.join("Ann");
    const Document protocol = house.host->protocol();
    const Document& say = protocol["messages"]["say"];
    EXPECT_EQ(say["plugin"].text(), "speaker");
    EXPECT_EQ(say["meaning"].text(), "says something");
    EXPECT_EQ(say["limit"]["count"].integer_or(0), 30);
    EXPECT_EQ(say["limit"]["per_ms"].integer_or(0), 60000);
    EXPECT_EQ(say["d"]["properties"]["text"]["type"].text(), "string");
    EXPECT_EQ(say["d"]["properties"]["text"]["maxLength"].integer_or(0), 2000);
    EXPECT_EQ(say["d"]["properties"]["text"]["description"].text(), "what is said");
    EXPECT_EQ(protocol["streams"]["moved"]["columns"].size(), 2u);
    for (const char* core : {"hello", "space.join", "space.leave", "ping"})
        EXPECT_EQ(protocol["messages"][core]["plugin"].text(), "core") << core;
}

TEST(CrossLoop, TooManyUndeliveredMessagesAreDroppedAndSaid) {
    SpaceHost::Options options;
    options.any_message = Rate{100000, Duration(1000)};
    int heard = 0;
    House house(
        {behaviour("hear", [&](Space& space) { space.on<Nothing>("say", [&](Player&, const Nothing&) { ++heard; }); })},
        options, 2);
    Client& first = house.join("A", "main", 0);
    Client& second = house.join("B", "main", 1);
    // One of the two lives on the other loop than the space.
    for (Client* client : {&first, &second}) {
        heard = 0;
        client->forget();
        for (int i = 0; i < 300; ++i) client->send_only(R"({"t":"say","id":)" + std::to_string(i) + R"(,"d":{}})");
        const bool crossed = heard == 0;
        house.settle();
        EXPECT_EQ(heard, crossed ? 256 : 300);
        EXPECT_EQ(client->refusal(299), crossed ? "rate_limited" : "");
        client->send(R"({"t":"say","id":400,"d":{}})");
        EXPECT_TRUE(client->reply(400)["ok"].boolean_or(false));
    }
    EXPECT_EQ(house.metrics.value("cairn_core_inputs_dropped_total"), 44);
}

}  // namespace
}  // namespace cairn::core::test
