#include "core/plugins/leak_report.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace cairn::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string text(const std::vector<Resource>& resources) {
    std::string all;
    for (const Resource& resource : resources) all += describe_resource(resource) + "\n";
    return all;
}

TEST(LeakWatch, NothingLeftIsNothingTold) {
    LeakWatch watch;
    int fd = -1;
    {
        const LeakWatch::Window window(watch, "good");
        fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        std::thread([] {}).join();
    }
    ::close(fd);
    EXPECT_EQ(text(watch.left_by("good")), "");
    EXPECT_EQ(text(watch.left_by("never seen")), "");
}

TEST(LeakWatch, ADescriptorIsNamedWithWhatItPointsTo) {
    LeakWatch watch;
    int fd = -1;
    {
        const LeakWatch::Window window(watch, "careless");
        fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    EXPECT_THAT(text(watch.left_by("careless")),
                AllOf(HasSubstr("descriptor " + std::to_string(fd)), HasSubstr("/dev/null")));
    EXPECT_EQ(text(watch.left_by("other")), "");
    ::close(fd);
    EXPECT_EQ(text(watch.left_by("careless")), "");
}

TEST(LeakWatch, ANumberGivenAgainIsNotALeak) {
    LeakWatch watch;
    int fd = -1;
    {
        const LeakWatch::Window window(watch, "tidy");
        fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    ::close(fd);
    const int again = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(again, fd);
    EXPECT_EQ(text(watch.left_by("tidy")), "");
    ::close(again);
}

TEST(LeakWatch, AThreadIsNamedEvenWhenItRenamedItself) {
    LeakWatch watch;
    std::atomic<bool> end{false};
    std::atomic<bool> named{false};
    std::thread forgotten;
    {
        const LeakWatch::Window window(watch, "forgetful");
        forgotten = std::thread([&] {
            while (!named) std::this_thread::yield();
            while (!end) std::this_thread::yield();
        });
    }
    ::pthread_setname_np(forgotten.native_handle(), "a (strange) one");
    named = true;
    EXPECT_THAT(text(watch.left_by("forgetful")), AllOf(HasSubstr("thread "), HasSubstr("'a (strange) one'")));
    end = true;
    forgotten.join();
}

TEST(LeakWatch, AThreadThatEndsWhileItIsReadIsLeftOut) {
    std::atomic<bool> enough{false};
    std::thread brief([&] {
        while (!enough) std::thread([] {}).join();
    });
    for (int look = 0; look < 20000; ++look) list_resources();
    enough = true;
    brief.join();
}

TEST(LeakWatch, WhatWasThereBeforeIsNobodysLeak) {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    LeakWatch watch;
    { const LeakWatch::Window window(watch, "late"); }
    EXPECT_EQ(text(watch.left_by("late")), "");
    ::close(fd);
}

}  // namespace
}  // namespace cairn::core
