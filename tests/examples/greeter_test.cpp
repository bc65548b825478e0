#include "tests/examples/examples.hpp"
#include <gtest/gtest.h>

namespace {

using cairn::test::examples;
using cairn::testkit::Host;

TEST(Greeter, CountsVisitsOverARestart) {
    Host host(R"(plugins: {greeter: {words: "There you are"}})", examples());
    auto anna = host.join("main", "Anna");
    EXPECT_EQ(anna.received("greeter.greeting"), (cairn::Document{{"text", "Welcome"}, {"visits", 1}}));
    host.restart();
    anna.resume();
    EXPECT_EQ(anna.received("greeter.greeting"), (cairn::Document{{"text", "There you are"}, {"visits", 2}}));
}

TEST(Greeter, EachSpaceAndEachPlayerCountsAlone) {
    Host host("plugins: {greeter: {}}", examples());
    auto anna = host.join("main", "Anna");
    auto ben = host.join("main", "Ben");
    anna.enter("garden");
    EXPECT_EQ(anna.received("greeter.greeting")["visits"], 1);
    EXPECT_EQ(ben.count("greeter.greeting"), 1u);
}

TEST(Greeter, ADatabaseThatIsAwayCostsAGreetingAndNothingElse) {
    Host host("plugins: {greeter: {}}", examples());
    host.store().fail_next(cairn::Code::unavailable);
    auto anna = host.join("main", "Anna");
    EXPECT_EQ(anna.count("greeter.greeting"), 0u);
    EXPECT_TRUE(anna.connected());
}

}  // namespace
