#include "core/loops/event_loop.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <cairn/error.hpp>

#include "tests/core/loops/event_loop_fixture.hpp"

namespace cairn::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST_F(EventLoopTest, KnowsItsThread) {
    EXPECT_EQ(group.current(), nullptr);
    EXPECT_FALSE(loop().on_loop());
    on_loop([&] {
        EXPECT_EQ(group.current(), &loop());
        EXPECT_TRUE(loop().on_loop());
        std::array<char, 16> name{};
        pthread_getname_np(pthread_self(), name.data(), name.size());
        EXPECT_STREQ(name.data(), "cairn-loop-0");
    });
}

TEST_F(EventLoopTest, LeavesTheProcesssSignalsToOtherThreads) {
    on_loop([] {
        sigset_t blocked;
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD}) EXPECT_TRUE(sigismember(&blocked, signal));
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) EXPECT_FALSE(sigismember(&blocked, fault));
    });
}

TEST_F(EventLoopTest, TimersComeInOrderAndNotEarly) {
    std::vector<int> fired;
    Door all;
    const auto begun = steady_clock::now();
    steady_clock::time_point last;
    on_loop([&] {
        loop().after(milliseconds(30), [&] {
            fired.push_back(30);
            last = steady_clock::now();
            all.open();
        });
        loop().after(milliseconds(10), [&] { fired.push_back(10); });
        loop().after(milliseconds(20), [&] { fired.push_back(20); });
        const TimerId never = loop().after(milliseconds(5), [&] { fired.push_back(5); });
        loop().cancel(never);
        loop().cancel(never);
    });
    ASSERT_TRUE(all.wait());
    EXPECT_EQ(fired, (std::vector<int>{10, 20, 30}));
    EXPECT_GE(last - begun, milliseconds(30));
}

TEST_F(EventLoopTest, ATimerOfNegativeDelayRunsAtOnceAndOneOfHugeDelayNot) {
    Door soon;
    bool late = false;
    on_loop([&] {
        loop().after(Duration::max(), [&] { late = true; });
        loop().after(Duration::min(), [&] { soon.open(); });
    });
    ASSERT_TRUE(soon.wait());
    on_loop([&] { EXPECT_FALSE(late); });
}

TEST_F(EventLoopTest, TenThousandsOfTimers) {
    int fired = 0;
    Door all;
    on_loop([&] {
        std::vector<TimerId> victims;
        for (int i = 0; i < 20'000; ++i) {
            loop().after(milliseconds(i % 50), [&] {
                if (++fired == 20'000) all.open();
            });
            victims.push_back(loop().after(milliseconds(i % 50), [&] { ADD_FAILURE() << "cancelled, but ran"; }));
        }
        for (const TimerId id : victims) loop().cancel(id);
    });
    ASSERT_TRUE(all.wait());
}

TEST_F(EventLoopTest, ACancelledTimerMayCallBackFromWhatItHeld) {
    struct Held {
        Loop& loop;
        bool& gone;
        ~Held() {
            gone = true;
            loop.after(milliseconds(0), [] {});
        }
    };
    bool gone = false;
    on_loop([&] {
        auto held = std::make_shared<Held>(loop(), gone);
        const TimerId id = loop().after(milliseconds(1000), [held] {});
        held.reset();
        EXPECT_FALSE(gone);
        loop().cancel(id);
        EXPECT_TRUE(gone);
    });
}

TEST_F(EventLoopTest, EndOfTurnComesOnceAfterAllLettersOfTheTurn) {
    std::vector<std::string> order;
    on_loop([&] {
        for (int i = 0; i < 3; ++i) {
            loop().post([&, i] {
                order.push_back("letter");
                loop().at_turn_end([&] { order.push_back("end"); });
                if (i == 0) loop().post([&] { order.push_back("next turn"); });
            });
        }
    });
    ASSERT_TRUE(eventually([&] {
        std::size_t seen = 0;
        run_on(loop(), [&] { seen = order.size(); });
        return seen >= 7;
    }));
    on_loop([&] {
        EXPECT_EQ(order, (std::vector<std::string>{"letter", "letter", "letter", "end", "end", "end", "next turn"}));
    });
}

TEST_F(EventLoopTest, EndOfTurnAskedForAtTheEndOfATurnComesWithTheNext) {
    int ends = 0;
    Door third;
    std::function<void()> again = [&] {
        if (++ends == 3) return third.open();
        loop().at_turn_end(again);
    };
    on_loop([&] { loop().at_turn_end(again); });
    ASSERT_TRUE(third.wait()) << "a loop with work for the end of the turn must not wait for anything else";
}

TEST_F(EventLoopTest, LettersThatKeepPostingDoNotStarveDescriptorsAndTimers) {
    Pair pair;
    bool stop = false;
    Door heard;
    Door timed;
    std::function<void()> chatter = [&] {
        if (!stop) loop().post(chatter);
    };
    Handler handler([&](bool readable, bool, bool) {
        if (readable && read_all(pair.near) == "hello") heard.open();
    });
    on_loop([&] {
        loop().watch(pair.near, handler);
        loop().post(chatter);
        loop().after(milliseconds(5), [&] { timed.open(); });
    });
    pair.say("hello");
    EXPECT_TRUE(heard.wait());
    EXPECT_TRUE(timed.wait());
    on_loop([&] {
        stop = true;
        loop().unwatch(pair.near);
    });
    on_loop([] {});  // by now the last of the chatter has run
}

TEST_F(EventLoopTest, TheTimeStandsStillDuringATurn) {
    on_loop([&] {
        const auto then = loop().now();
        std::this_thread::sleep_for(milliseconds(2));
        EXPECT_EQ(loop().now(), then);
        EXPECT_LE(then, steady_clock::now());
    });
}

TEST_F(EventLoopTest, GoesOnAfterWhatThrows) {
    Pair pair;
    Handler handler([&](bool, bool, bool) {
        loop().unwatch(pair.near);
        throw std::runtime_error("a handler that throws");
    });
    Door end;
    on_loop([&] {
        loop().watch(pair.near, handler);
        loop().post([] { throw Error(Code::forbidden, "a letter that throws"); });
        loop().after(milliseconds(0), [] { throw 42; });
        loop().at_turn_end([] { throw std::runtime_error("a turn's end that throws"); });
        loop().after(milliseconds(10), [&] { end.open(); });
    });
    EXPECT_TRUE(end.wait());
}

TEST_F(EventLoopTest, BlamesWhatRunsOnWhoeverAskedForIt) {
    Pair pair;
    const CallSite dice{intern("dice"), intern("main"), intern("dice.roll")};
    std::vector<std::string> seen;
    const auto note = [&] {
        const Breadcrumb& crumb = thread_breadcrumb();
        const char* const plugin = crumb.plugin.load();
        const char* const handler = crumb.handler.load();
        seen.push_back(std::string(plugin ? plugin : "-") + " " + (handler ? handler : "-"));
    };
    Door done;
    Handler handler([&](bool, bool, bool) {
        note();
        loop().unwatch(pair.near);
        done.open();
    });
    on_loop([&] {
        {
            const BreadcrumbScope scope(dice);
            loop().post(note);
            loop().watch(pair.near, handler);
        }
        loop().post(note);
    });
    ASSERT_TRUE(done.wait());
    on_loop([&] { EXPECT_EQ(seen, (std::vector<std::string>{"dice dice.roll", "- -", "dice on_io"})); });
}

TEST_F(EventLoopTest, ShowsTheStallWatchWhatItDoes) {
    const EventLoop& watched = *group.event_loops()[0];
    on_loop([&] {
        EXPECT_EQ(watched.activity(), EventLoop::Activity::message);
        EXPECT_EQ(watched.breadcrumb(), &thread_breadcrumb());
    });
    EXPECT_TRUE(eventually([&] { return watched.activity() == EventLoop::Activity::waiting; }));
    const auto steps = watched.steps();
    on_loop([&] { EXPECT_GT(watched.steps(), steps); });
}

}  // namespace
}  // namespace cairn::core
