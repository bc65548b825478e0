#include "core/plugins/busy_watch.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace cairn::core {
namespace {

TEST(BusyWatch, SaysWhatIsAwaitedAgainAndAgain) {
    std::promise<void> twice;
    std::vector<std::string> said;
    {
        BusyWatch watch(Duration(5), [&](const std::string& what, Duration since) {
            EXPECT_GE(since.count(), 5);
            said.push_back(what);
            if (said.size() == 2) twice.set_value();
        });
        watch.now("plugin slow to start");
        ASSERT_EQ(twice.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
    }
    EXPECT_EQ(said[0], "plugin slow to start");
}

TEST(BusyWatch, IsSilentWhenNothingIsAwaited) {
    std::atomic<int> count{0};
    {
        BusyWatch watch(Duration(1), [&](const std::string&, Duration) { ++count; });
        std::this_thread::sleep_for(Duration(20));
        watch.now({});
        std::this_thread::sleep_for(Duration(20));
    }
    EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace cairn::core
