// What the testkit holds against a plugin: calls from where they are not allowed, faults, what is left behind.
#include <cairn/testkit.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace cairn::testkit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Nothing {};
void describe(Fields<Nothing>&) {}

/// What `step` throws, as text.
std::string failure_of(const std::function<void()>& step) {
    try {
        step();
    } catch (const Failure& failure) {
        return failure.what();
    }
    return "nothing was thrown";
}

/// A plugin that is what a test makes of it.
class Made final : public Plugin {
public:
    std::function<void(Setup&)> at_setup = [](Setup&) {};
    std::function<void(Runtime&)> at_start = [](Runtime&) {};
    std::function<void()> at_stop = [] {};
    void setup(Setup& setup) override { at_setup(setup); }
    void start(Runtime& runtime) override { at_start(runtime); }
    void stop() override { at_stop(); }
};

/// A host with the plugin "odd", which `shape` makes.
void add_made(Host& host, const std::function<void(Made&)>& shape) {
    host.add("odd", [shape] {
        auto made = std::make_unique<Made>();
        shape(*made);
        return made;
    });
}

TEST(Rules, ACallFromALaneIsNamedWithWhereItIsAllowed) {
    Host host;
    host.behaviour([](Space& space) {
        space.on<Nothing>("odd.shout", [&space](cairn::Player&, const Nothing&) {
            space.background().run(
                Lane::general, "shouting", [&space](const Task&) { space.broadcast("odd.shouted", Document::map()); },
                [](std::exception_ptr) {});
        });
    });
    const Player anna = host.join("main", "Anna");
    EXPECT_THAT(failure_of([&] { anna.say("odd.shout"); }),
                HasSubstr("plugin test called Space::broadcast of space \"main\" from a lane (shouting). It is tagged [space]"));
    EXPECT_EQ(host.violations().size(), 1U);
}

TEST(Rules, ACallOnTheStrandOfAnotherSpaceIsForeignToo) {
    Space* side = nullptr;
    Host host;
    host.behaviour([&side](Space& space) {
        if (space.id() == "side") side = &space;
        space.on<Nothing>("odd.count", [&side](cairn::Player&, const Nothing&) { side->player_count(); });
    });
    const Player ben = host.join("side", "Ben");
    const Player anna = host.join("main", "Anna");
    EXPECT_THAT(failure_of([&] { anna.say("odd.count"); }),
                HasSubstr("Space::player_count of space \"side\" from the strand of space \"main\" (odd.count)"));
}

TEST(Rules, AThreadOfItsOwnIsNamed) {
    Host host;
    host.behaviour([](Space& space) {
        space.on<Nothing>("odd.thread", [&space](cairn::Player&, const Nothing&) {
            std::thread([&space] { space.broadcast("odd.shouted", Document::map()); }).join();
        });
    });
    const Player anna = host.join("main", "Anna");
    EXPECT_THAT(failure_of([&] { anna.say("odd.thread"); }), HasSubstr("from a thread of its own"));
    static_cast<void>(host.violations());
}

TEST(Rules, APlayerWhoHasLeftIsNamedInsteadOfRead) {
    cairn::Player* last = nullptr;
    Host host;
    host.behaviour([&last](Space& space) {
        space.on_join([&last](cairn::Player& player) { last = &player; });
        space.on<Nothing>("odd.poke", [&last](cairn::Player&, const Nothing&) { last->send("odd.poked", Document::map()); });
    });
    const Player anna = host.join("main", "Anna");
    const Player ben = host.join("main", "Ben");
    anna.say("odd.poke");
    EXPECT_EQ(ben.count("odd.poked"), 1U);
    ben.drop();
    EXPECT_THAT(failure_of([&] { anna.say("odd.poke"); }),
                HasSubstr("called Player::send on player \"ben\", who is not in the space any more"));
}

TEST(Rules, DeclaringAfterSetupAndLoopCallsFromStartAreNamed) {
    Host host;
    cairn::Setup* kept = nullptr;
    add_made(host, [&kept](Made& made) {
        made.at_setup = [&kept](cairn::Setup& setup) { kept = &setup; };
        made.at_start = [](Runtime& runtime) { runtime.loops().at(0).after(Duration(5), [] {}); };
    });
    EXPECT_THAT(failure_of([&] { host.start(); }), HasSubstr("plugin odd called Loop::after from start. It is tagged [loop]"));
    EXPECT_THROW(kept->health("odd", [] { return cairn::Setup::HealthReport{}; }), std::logic_error);
    EXPECT_THAT(host.violations(), ::testing::Contains(HasSubstr("Setup::health")));
    host.advance(Duration(10));
    EXPECT_THAT(host.leaks(), ElementsAre());
}

TEST(Rules, WhoeverSleepsOnAStrandIsToldSo) {
    Host host;
    host.behaviour([](Space& space) {
        space.on<Nothing>("odd.sleep", [](cairn::Player&, const Nothing&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(40));
        });
    });
    const Player anna = host.join("main", "Anna");
    EXPECT_THAT(failure_of([&] { anna.say("odd.sleep"); }), HasSubstr("blocked its strand for"));
}

TEST(Rules, FaultsOfPluginsFailATestThatDoesNotLookAtThem) {
    std::string reported;
    report_failures_by([&](const std::string& what) { reported = what; });
    {
        Host host;
        host.behaviour([](Space& space) {
            space.on<Nothing>("odd.throw", [](cairn::Player&, const Nothing&) { throw std::runtime_error("oops"); });
        });
        const Player anna = host.join("main", "Anna");
        EXPECT_EQ(anna.ask("odd.throw").error().code(), Code::internal);
    }
    EXPECT_THAT(reported, HasSubstr("plugin test threw in odd.throw of space \"main\": oops"));
    reported.clear();
    {
        Host host;
        host.behaviour([](Space& space) {
            space.on<Nothing>("odd.throw", [](cairn::Player&, const Nothing&) { throw std::runtime_error("oops"); });
        });
        const Player anna = host.join("main", "Anna");
        EXPECT_EQ(anna.ask("odd.throw").error().code(), Code::internal);
        EXPECT_EQ(host.faults().size(), 1U);
    }
    EXPECT_EQ(reported, "") << "it has been looked at";
    report_failures_by([](const std::string& what) { ADD_FAILURE() << what; });
}

TEST(Rules, TimersThatStayBehindAreLeaks) {
    Host host;
    add_made(host, [](Made& made) {
        made.at_start = [](Runtime& runtime) {
            Loop& loop = runtime.loops().at(0);
            loop.post([&loop] { loop.after(Duration(60'000), [] {}); });
        };
    });
    host.start();
    host.advance(Duration(10));
    EXPECT_THAT(host.leaks(), ElementsAre(HasSubstr("plugin odd left 1 timer of Loop::after behind at stop")));
}

TEST(Rules, TimersThatAreTakenBackInStopAreNot) {
    Host host;
    add_made(host, [](Made& made) {
        const auto loop = std::make_shared<Loop*>(nullptr);
        const auto timer = std::make_shared<TimerId>(0);
        made.at_start = [=](Runtime& runtime) {
            *loop = &runtime.loops().at(0);
            (*loop)->post([=] { *timer = (*loop)->after(Duration(60'000), [] {}); });
        };
        made.at_stop = [=] { (*loop)->post([=] { (*loop)->cancel(*timer); }); };
    });
    host.start();
    EXPECT_THAT(host.leaks(), ElementsAre());
}

/// Posts itself as long as it may.
struct Restless {
    Space& space;
    bool& go_on;
    void operator()() const {
        if (go_on) space.post(*this);
    }
};

TEST(Rules, AHostThatNeverRestsIsNamed) {
    bool go_on = true;
    Host host;
    host.behaviour([&go_on](Space& space) {
        space.on<Nothing>("odd.again",
                          [&space, &go_on](cairn::Player&, const Nothing&) { space.post(Restless{space, go_on}); });
    });
    const Player anna = host.join("main", "Anna");
    EXPECT_THAT(failure_of([&] { anna.say("odd.again"); }), HasSubstr("the host never comes to rest"));
    go_on = false;
}

}  // namespace
}  // namespace cairn::testkit
