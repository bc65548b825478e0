#include "tests/examples/examples.hpp"
#include <gtest/gtest.h>

namespace {

using cairn::testkit::Failure;
using cairn::test::examples;
using cairn::testkit::Host;

TEST(Leaderboard, PointsOfOnePluginAreToldByTheOther) {
    Host host("plugins: {leaderboard: {}, coin_hunt: {every: 3s}}", examples());
    auto anna = host.join("main", "Anna");
    auto ben = host.join("main", "Ben");
    anna.say("coin.take");
    EXPECT_EQ(ben.received("coin.taken")["by"].text(), anna.id());
    EXPECT_EQ(ben.ask("coin.take").error().code(), cairn::Code::conflict);
    host.advance(cairn::Duration(3000));
    EXPECT_EQ(ben.count("coin.fell"), 1u);
    ben.say("coin.take");
    host.advance(cairn::Duration(3000));
    ben.say("coin.take");
    const cairn::Document best = anna.ask("leaderboard.best", {{"count", 1}}).value();
    EXPECT_EQ(best["places"], cairn::Document::list({{{"player", ben.id()}, {"points", 2}}}));
}

TEST(Leaderboard, CoinHuntAloneIsRefusedAndSaysWhatItMisses) {
    try {
        Host host("plugins: {coin_hunt: {}}", examples());
        FAIL() << "nobody offers a leaderboard";
    } catch (const Failure& failure) {
        EXPECT_NE(std::string(failure.what()).find("example.leaderboard"), std::string::npos) << failure.what();
    }
}

}  // namespace
