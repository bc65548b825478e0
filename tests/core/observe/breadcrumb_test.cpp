#include "core/observe/breadcrumb.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/observe/breadcrumb_table.hpp"

namespace cairn::core {
namespace {

const BreadcrumbSlot* slot_of(int thread) {
    for (std::size_t i = 0; i < kBreadcrumbSlots; ++i)
        if (breadcrumb_table()[i].thread.load() == thread) return &breadcrumb_table()[i];
    return nullptr;
}

TEST(Breadcrumb, EqualTextsHaveOneLastingCopy) {
    std::string text = "dice.roll";
    const char* const first = intern(text);
    text = "overwritten, and longer than before so that it moves";
    EXPECT_STREQ(first, "dice.roll");
    EXPECT_EQ(first, intern(std::string("dice.") + "roll"));
    EXPECT_NE(first, intern("dice.rolled"));
}

TEST(Breadcrumb, ScopesNestAndEachStepChangesTheSequence) {
    Breadcrumb& crumb = thread_breadcrumb();
    const char* const chat = intern("chat");
    const char* const world = intern("world");
    const auto begun = crumb.sequence.load();
    {
        const BreadcrumbScope outer({chat, intern("main"), intern("chat.send")});
        EXPECT_EQ(crumb.plugin.load(), chat);
        EXPECT_EQ(crumb.sequence.load(), begun + 1);
        {
            const BreadcrumbScope inner({world, nullptr, intern("service call")});
            EXPECT_EQ(crumb.plugin.load(), world);
            EXPECT_EQ(crumb.space.load(), nullptr);
        }
        EXPECT_EQ(crumb.plugin.load(), chat);
        EXPECT_STREQ(crumb.space.load(), "main");
        EXPECT_STREQ(crumb.handler.load(), "chat.send");
    }
    EXPECT_EQ(crumb.plugin.load(), nullptr);
    EXPECT_EQ(crumb.sequence.load(), begun + 4);
}

TEST(Breadcrumb, EachThreadHasItsPlaceInTheTableAndGivesItBack) {
    int thread = 0;
    std::promise<void> looked;
    std::promise<void> there;
    std::thread other([&] {
        EXPECT_EQ(breadcrumb_in_signal(), nullptr) << "nothing is claimed before the first use";
        const BreadcrumbScope scope({intern("chat"), intern("main"), intern("chat.send")});
        EXPECT_EQ(breadcrumb_in_signal(), &thread_breadcrumb());
        thread = static_cast<int>(syscall(SYS_gettid));
        there.set_value();
        looked.get_future().wait();
    });
    there.get_future().wait();
    const BreadcrumbSlot* const slot = slot_of(thread);
    ASSERT_NE(slot, nullptr);
    EXPECT_STREQ(slot->crumb.plugin.load(), "chat");
    EXPECT_STREQ(slot->crumb.handler.load(), "chat.send");
    looked.set_value();
    other.join();
    EXPECT_EQ(slot->thread.load(), 0);
    EXPECT_EQ(slot->crumb.plugin.load(), nullptr);
}

TEST(Breadcrumb, MoreThreadsThanPlacesStillLeaveCrumbs) {
    constexpr std::size_t kThreads = kBreadcrumbSlots + 20;
    std::promise<void> release;
    const auto released = release.get_future().share();
    std::atomic<std::size_t> marked{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            const BreadcrumbScope scope({intern("crowd"), nullptr, nullptr});
            if (std::string(thread_breadcrumb().plugin.load()) == "crowd") marked.fetch_add(1);
            released.wait();
        });
    }
    release.set_value();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(marked.load(), kThreads);
}

}  // namespace
}  // namespace cairn::core
