#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cairn/error.hpp>

#include "core/loops/event_loop.hpp"
#include "tests/core/loops/event_loop_fixture.hpp"

namespace cairn::core {
namespace {

using EventLoopIoTest = EventLoopTest;

TEST_F(EventLoopIoTest, ReportsReadinessAndBytesThatComeLater) {
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

TEST_F(EventLoopIoTest, SaysWhenThereIsRoomToWriteAgain) {
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

TEST_F(EventLoopIoTest, TellsAHangup) {
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

TEST_F(EventLoopIoTest, AfterUnwatchNoCallComesNotEvenInTheSameTurn) {
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

TEST_F(EventLoopIoTest, AnEventOfAClosedDescriptorDoesNotReachWhoeverGotItsNumber) {
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

TEST_F(EventLoopIoTest, AHandlerMayUnwatchItselfAndManyOthersMayBeAddedMeanwhile) {
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

TEST_F(EventLoopIoTest, RefusesADescriptorThatCannotBeWatched) {
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

}  // namespace
}  // namespace cairn::core
