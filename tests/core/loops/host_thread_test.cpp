#include "core/loops/host_thread.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <csignal>

#include "core/loops/loop_group.hpp"
#include "core/observe/breadcrumb.hpp"
#include "core/observe/crash_handler.hpp"
#include "tests/core/loops/waiting.hpp"

namespace cairn::core {
namespace {

std::string name_of_thread(const std::string& wished) {
    std::array<char, 16> name{};
    start_host_thread(wished, [&] { pthread_getname_np(pthread_self(), name.data(), name.size()); }).join();
    return name.data();
}

TEST(HostThread, CarriesItsNameAsFarAsTheKernelTakesIt) {
    EXPECT_EQ(name_of_thread("cairn-watch"), "cairn-watch");
    EXPECT_EQ(name_of_thread("cairn-general-10"), "cairn-general-1");
}

TEST(HostThread, LeavesTheMakersSignalsAsTheyWere) {
    sigset_t before;
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    start_host_thread("cairn-watch", [] {}).join();
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    for (int signal = 1; signal < NSIG; ++signal) EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal));
}

// The whole way: a handler on a loop faults, and the sentence on standard error names it.
TEST(HostThreadDeathTest, AFaultOnALoopNamesItsHandler) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            install_crash_handler();
            LoopGroup group(2);
            group.start();
            run_on(group.at(1), [] {
                const BreadcrumbScope scope({intern("dice"), intern("main"), intern("dice.roll")});
                raise(SIGSEGV);
            });
        },
        testing::KilledBySignal(SIGSEGV),
        "cairn crashed: signal 11 \\(SIGSEGV[^)]*\\) in plugin dice, space main, handler dice.roll\n"
        "  thread [0-9]+ \\(cairn-loop-1\\)");
}

}  // namespace
}  // namespace cairn::core
