// The whole plugin in the real host: no sockets, no threads, and a clock that the test turns.
#include <gtest/gtest.h>

#include <cairn/testkit.hpp>

CAIRN_TESTKIT_GTEST()

namespace {

cairn::testkit::Options beside_the_plugin() {
    cairn::testkit::Options options;
    options.plugin_dirs = {PLUGIN_DIR};
    return options;
}

constexpr const char* kPlugins = "plugins: {storage_sqlite: {}, @name@: {greeting: ahoy}}";

TEST(@Name@Plugin, EverybodyHearsAWave) {
    cairn::testkit::Host host(kPlugins, beside_the_plugin());
    auto anna = host.join("main", "Anna"), ben = host.join("main", "Ben");
    anna.say("@name@.wave", {{"word", "there you are"}});
    EXPECT_EQ(ben.received("@name@.waved")["by"].text(), anna.id());
    EXPECT_EQ(ben.received("@name@.waved")["word"].text(), "there you are");
    ben.say("@name@.wave");
    EXPECT_EQ(anna.received("@name@.waved")["word"].text(), "ahoy");
}

TEST(@Name@Plugin, CountsAreStillThereAfterARestart) {
    cairn::testkit::Host host(kPlugins, beside_the_plugin());
    auto anna = host.join("main", "Anna");
    anna.say("@name@.wave");
    host.restart();
    anna.resume();
    anna.say("@name@.wave");
    EXPECT_EQ(anna.received("@name@.waved")["count"].integer_or(0), 2);
}

TEST(@Name@Plugin, AWaveThatCannotBeKeptIsHeardByNobody) {
    cairn::testkit::Host host(kPlugins, beside_the_plugin());
    auto anna = host.join("main", "Anna"), ben = host.join("main", "Ben");
    host.store().fail_next(cairn::Code::unavailable);
    EXPECT_FALSE(anna.ask("@name@.wave").ok());
    EXPECT_EQ(ben.count("@name@.waved"), 0U);
}

}  // namespace
