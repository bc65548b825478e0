#include "tests/examples/examples.hpp"
#include <gtest/gtest.h>

CAIRN_TESTKIT_GTEST()

namespace {

using cairn::test::examples;
using cairn::testkit::Host;

TEST(Dice, EverybodyHearsTheRoll) {
    Host host("plugins: {dice: {sides: 6}}", examples());
    auto anna = host.join("main", "Anna");
    auto ben = host.join("main", "Ben");
    anna.say("dice.roll", {{"count", 3}});
    const cairn::Document rolled = ben.received("dice.rolled");
    EXPECT_EQ(rolled["by"].text(), anna.id());
    EXPECT_GE(rolled["value"].integer_or(0), 3);
    EXPECT_LE(rolled["value"].integer_or(0), 18);
}

TEST(Dice, TwentyOneDiceAreTooMany) {
    Host host("plugins: {dice: {}}", examples());
    auto anna = host.join("main", "Anna");
    const auto refused = anna.ask("dice.roll", {{"count", 21}});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), cairn::Code::invalid_field);
    EXPECT_EQ(refused.error().field(), "d.count");
}

}  // namespace
