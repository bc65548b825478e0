#include "core/loops/event_loop.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include "core/loops/loop_group.hpp"
#include "tests/core/loops/waiting.hpp"

namespace cairn::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Two connected sockets that do not block.
struct Pair {
    Pair() {
        std::array<int, 2> ends{};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        near = ends[0];
        far = ends[1];
    }
    ~Pair() {
        close_near();
        close_far();
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    void close_near() {
        if (near >= 0) close(std::exchange(near, -1));
    }
    void close_far() {
        if (far >= 0) close(std::exchange(far, -1));
    }
    void say(const std::string& text) const {
        EXPECT_EQ(write(far, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    int near = -1;
    int far = -1;
};

std::string read_all(int fd) {
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t got = read(fd, buffer.data(), buffer.size());
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

struct Handler final : IoHandler {
    explicit Handler(std::function<void(bool, bool, bool)> does) : call(std::move(does)) {}
    void on_io(bool readable, bool writable, bool hangup) override { call(readable, writable, hangup); }
    std::function<void(bool, bool, bool)> call;
};

class EventLoopTest : public testing::Test {
protected:
    EventLoopTest() { group.start(); }
    ~EventLoopTest() override { group.stop(); }
    void on_loop(std::function<void()> job) { run_on(loop(), std::move(job)); }
    Loop& loop() { return group.at(0); }

    LoopGroup group{1};
};

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

TEST_F(EventLoopTest, ReportsReadinessAndBytesThatComeLater) {
    Pair pair;
    std::string heard;
    bool was_writable = false;
    Door hello;
    Door bye;
    Handler handler([&](bool readable, bool writable, bool hangup) {
        EXPECT_FALSE(hangup);
        was_writable = was_writable || writable;
        if (!readable) return;
        heard += read_all(pair.near);
        if (heard == "hello") hello.open();
        if (heard == "hellobye") bye.open();
    });
    on_loop([&] { loop().watch(pair.near, handler); });
    pair.say("hello");
    ASSERT_TRUE(hello.wait());
    pair.say("bye");
    ASSERT_TRUE(bye.wait());
    on_loop([&] {
        EXPECT_TRUE(was_writable);
        loop().unwatch(pair.near);
    });
}

TEST_F(EventLoopTest, SaysWhenThereIsRoomToWriteAgain) {
    Pair pair;
    const std::string chunk(16 * 1024, 'x');
    std::size_t sent = 0;
    bool full = false;
    bool again = false;
    Door blocked;
    Door room;
    const auto fill = [&] {
        for (;;) {
            const ssize_t wrote = write(pair.near, chunk.data(), chunk.size());
            if (wrote < 0) {
                EXPECT_EQ(errno, EAGAIN);
                return;
            }
            sent += static_cast<std::size_t>(wrote);
        }
    };
    Handler handler([&](bool, bool writable, bool) {
        if (!writable) return;
        if (!full) {
            full = true;
            fill();
            blocked.open();
        } else if (!again) {
            again = true;
            room.open();
        }
    });
    on_loop([&] { loop().watch(pair.near, handler); });
    ASSERT_TRUE(blocked.wait());
    std::size_t drained = 0;
    while (drained < sent) {
        const auto text = read_all(pair.far);
        ASSERT_FALSE(text.empty());
        drained += text.size();
    }
    ASSERT_TRUE(room.wait());
    on_loop([&] { loop().unwatch(pair.near); });
}

TEST_F(EventLoopTest, TellsAHangup) {
    Pair pair;
    Door hung;
    bool told = false;
    std::string last;
    Handler handler([&](bool readable, bool, bool hangup) {
        if (readable) last += read_all(pair.near);
        if (hangup && !std::exchange(told, true)) hung.open();
    });
    on_loop([&] { loop().watch(pair.near, handler); });
    pair.say("last words");
    pair.close_far();
    ASSERT_TRUE(hung.wait());
    on_loop([&] {
        EXPECT_EQ(last, "last words");
        loop().unwatch(pair.near);
    });
}

TEST_F(EventLoopTest, AfterUnwatchNoCallComesNotEvenInTheSameTurn) {
    Pair first;
    Pair second;
    int calls = 0;
    std::unique_ptr<Handler> one;
    std::unique_ptr<Handler> two;
    one = std::make_unique<Handler>([&](bool, bool, bool) {
        ++calls;
        loop().unwatch(first.near);
        loop().unwatch(second.near);
        two.reset();  // the promise is strong enough to destroy it
    });
    two = std::make_unique<Handler>([&](bool, bool, bool) {
        ++calls;
        loop().unwatch(first.near);
        loop().unwatch(second.near);
        one.reset();
    });
    first.say("1");
    second.say("2");
    // Both are ready before the loop waits again, so both come out of the same wait.
    on_loop([&] {
        loop().watch(first.near, *one);
        loop().watch(second.near, *two);
    });
    ASSERT_TRUE(eventually([&] {
        int seen = 0;
        run_on(loop(), [&] { seen = calls; });
        return seen > 0;
    }));
    on_loop([&] { EXPECT_EQ(calls, 1); });
}

TEST_F(EventLoopTest, AnEventOfAClosedDescriptorDoesNotReachWhoeverGotItsNumber) {
    for (int round = 0; round < 50; ++round) {
        Pair first;
        Pair second;
        std::unique_ptr<Pair> reborn;
        int victims_calls = 0;
        bool wrong = false;
        Door settled;
        Handler heir([&](bool readable, bool writable, bool hangup) {
            if (readable || hangup) wrong = true;  // nobody ever wrote to it: this would be the dead one's event
            if (writable) settled.open();
            loop().unwatch(reborn->near);
        });
        const auto take_over = [&](Pair& victim) {
            if (++victims_calls > 1) return;
            const int number = victim.near;
            loop().unwatch(number);
            victim.close_near();
            reborn = std::make_unique<Pair>();  // the lowest free number is given first: pipe(2), socket(2)
            ASSERT_EQ(reborn->near, number);
            loop().watch(number, heir);
        };
        Handler one([&](bool, bool, bool) { take_over(second); });
        Handler two([&](bool, bool, bool) { take_over(first); });
        first.say("1");
        second.say("2");
        on_loop([&] {
            loop().watch(first.near, one);
            loop().watch(second.near, two);
        });
        ASSERT_TRUE(settled.wait());
        on_loop([&] {
            EXPECT_EQ(victims_calls, 1);
            EXPECT_FALSE(wrong);
            loop().unwatch(first.near);
            loop().unwatch(second.near);
        });
    }
}

TEST_F(EventLoopTest, AHandlerMayUnwatchItselfAndManyOthersMayBeAddedMeanwhile) {
    Pair pair;
    std::vector<std::unique_ptr<Pair>> others;
    Handler idle([](bool, bool, bool) {});
    Door done;
    Handler handler([&](bool, bool, bool) {
        for (int i = 0; i < 100; ++i) {
            others.push_back(std::make_unique<Pair>());
            loop().watch(others.back()->near, idle);
        }
        loop().unwatch(pair.near);
        done.open();
    });
    on_loop([&] { loop().watch(pair.near, handler); });
    ASSERT_TRUE(done.wait());
    on_loop([&] {
        for (const auto& other : others) loop().unwatch(other->near);
    });
}

TEST_F(EventLoopTest, RefusesADescriptorThatCannotBeWatched) {
    Handler handler([](bool, bool, bool) {});
    const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    on_loop([&] {
        for (const int fd : {-1, 1'000'000, file}) {
            try {
                loop().watch(fd, handler);
                ADD_FAILURE() << "watched " << fd;
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), Code::unavailable);
                EXPECT_NE(std::string(error.what()).find(std::to_string(fd)), std::string::npos) << error.what();
            }
        }
        loop().unwatch(-1);
        loop().unwatch(1'000'000);
        loop().unwatch(file);
    });
    close(file);
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
