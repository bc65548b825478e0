#include "core/observe/crash_handler.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

#include "core/observe/breadcrumb.hpp"

namespace cairn::core {
namespace {

// Each of these dies in a process of its own; what it said on standard error is matched against the expression.
class CrashHandlerDeathTest : public testing::Test {
protected:
    CrashHandlerDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

/// Writes where nothing may be written.
void fault() {
    void* const page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *static_cast<volatile char*>(page) = 1;
}

TEST_F(CrashHandlerDeathTest, NamesPluginSpaceAndHandlerAndDiesOfTheSignal) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            const BreadcrumbScope scope({intern("dice"), intern("main"), intern("dice.roll")});
            fault();
        },
        testing::KilledBySignal(SIGSEGV),
        "cairn crashed: signal 11 \\(SIGSEGV, [a-z ]*\\) in plugin dice, space main, handler dice.roll\n"
        "  thread [0-9]+ \\([^)]*\\), address 0x[0-9a-f]+\n"
        "  backtrace:\n"
        "(.*\n)+"
        "  Nothing that was acknowledged is lost");
}

TEST_F(CrashHandlerDeathTest, SaysSoWhenItWasOutsideOfSpacesOrOfPlugins) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            const BreadcrumbScope scope({intern("gateway"), nullptr, intern("start")});
            std::abort();
        },
        testing::KilledBySignal(SIGABRT), "signal 6 \\(SIGABRT, .* in plugin gateway, no space, handler start\n");
    EXPECT_EXIT(
        {
            install_crash_handler();
            raise(SIGBUS);
        },
        testing::KilledBySignal(SIGBUS), "signal 7 .* in the host itself, outside of any plugin\n");
}

TEST_F(CrashHandlerDeathTest, CatchesEveryFaultSignal) {
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
        EXPECT_EXIT(
            {
                install_crash_handler();
                raise(number);
            },
            testing::KilledBySignal(number), "cairn crashed: signal " + std::to_string(number) + " ");
    }
}

TEST_F(CrashHandlerDeathTest, AnExceptionThatNobodyCatchesIsReportedToo) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            std::thread([] {
                const BreadcrumbScope scope({intern("broken"), nullptr, intern("own thread")});
                throw std::runtime_error("nobody catches this");
            }).join();
        },
        testing::KilledBySignal(SIGABRT), "cairn crashed: signal 6 .* in plugin broken, no space, handler own thread");
}

TEST_F(CrashHandlerDeathTest, SaysWhatTheOtherThreadsWereIn) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            std::promise<void> there;
            std::promise<void> never;
            std::thread other([&] {
                const BreadcrumbScope scope({intern("chat"), intern("lobby"), intern("chat.send")});
                there.set_value();
                never.get_future().wait();
            });
            there.get_future().wait();
            const BreadcrumbScope scope({intern("dice"), intern("main"), intern("dice.roll")});
            fault();
        },
        testing::KilledBySignal(SIGSEGV),
        "in plugin dice, space main, handler dice.roll\n(.*\n)+"
        "  meanwhile thread [0-9]+ was in plugin chat, space lobby, handler chat.send\n");
}

TEST_F(CrashHandlerDeathTest, TwoThreadsThatFaultAtOnceMakeOneReport) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            std::promise<void> go;
            const auto gone = go.get_future().share();
            const auto crash = [&](const char* plugin) {
                const BreadcrumbScope scope({intern(plugin), nullptr, intern("handler")});
                gone.wait();
                fault();
            };
            std::thread one(crash, "twins");
            std::thread two(crash, "twins");
            go.set_value();
            one.join();
            two.join();
        },
        testing::KilledBySignal(SIGSEGV), "in plugin twins, no space, handler handler\n");
}

/// Uses up the stack; the compiler must not turn it into a loop.
[[gnu::noinline]] int descend(volatile char* above, int depth) {
    volatile char here[4096];
    here[0] = static_cast<char>(depth);
    if (above && above[0] == 127 && depth < 0) return 0;
    return descend(here, depth + 1) + here[0];
}

TEST_F(CrashHandlerDeathTest, AThreadWithoutAnyStackLeftCanStillSayIt) {
    EXPECT_EXIT(
        {
            install_crash_handler();
            std::thread([] {
                const CrashStack stack;
                const BreadcrumbScope scope({intern("deep"), nullptr, intern("recursion")});
                descend(nullptr, 0);
            }).join();
        },
        testing::KilledBySignal(SIGSEGV), "cairn crashed: signal 11 .* in plugin deep, no space, handler recursion");
}

TEST(CrashStack, IsThereWhileItLivesAndGoesWithIt) {
    std::thread([] {
        stack_t before{};
        sigaltstack(nullptr, &before);
        {
            const CrashStack stack;
            stack_t during{};
            sigaltstack(nullptr, &during);
            EXPECT_EQ(during.ss_flags & SS_DISABLE, 0);
        }
        stack_t after{};
        sigaltstack(nullptr, &after);
        EXPECT_EQ(after.ss_sp, before.ss_sp);
        EXPECT_EQ(after.ss_flags, before.ss_flags);
    }).join();
}

}  // namespace
}  // namespace cairn::core
