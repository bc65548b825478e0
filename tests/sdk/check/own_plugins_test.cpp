// The plugins of this repository are judged as everybody's are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "sdk/check/check_command.hpp"
#include "tests/support/postgres_cluster.hpp"

namespace cairn::check {
namespace {

/// CAIRN_CHECK_STARTS chooses how often each starts; the program's own default is 100.
void judge(std::vector<std::string> words) {
    if (const char* starts = std::getenv("CAIRN_CHECK_STARTS")) {
        words.emplace_back("--starts");
        words.emplace_back(starts);
    }
    std::ostringstream out;
    EXPECT_EQ(run_check(words, out, std::cerr), 0) << words.front() << "\n" << out.str();
    EXPECT_THAT(out.str(), ::testing::HasSubstr("Nothing is wrong with it."));
}

std::vector<std::string> built_plugins() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(CAIRN_BINARY_DIR "/plugins"))
        if (entry.path().extension() == ".so" && entry.path().stem() != "storage_postgres") names.push_back(entry.path().stem());
    return names;
}

class OwnPlugin : public ::testing::TestWithParam<std::string> {};

TEST_P(OwnPlugin, IsFitForAHost) {
    judge({CAIRN_BINARY_DIR "/plugins/" + GetParam() + ".so"});
}

INSTANTIATE_TEST_SUITE_P(All, OwnPlugin, ::testing::ValuesIn(built_plugins()), [](const auto& one) { return one.param; });

TEST(OwnPluginOfAServer, StoragePostgresIsFitForAHost) {
    test::PostgresCluster cluster({"fsync = off"});
    ASSERT_EQ(::setenv("CAIRN_CHECK_POSTGRES", cluster.make_database("check").c_str(), 1), 0)
        << "the address holds a secret, so it comes by the environment";
    // Each start has a data folder of its own over the one database, so its journal is not the database's.
    judge({CAIRN_BINARY_DIR "/plugins/storage_postgres.so", "--set", "plugins.storage_postgres.url={env: CAIRN_CHECK_POSTGRES}",
           "--set", "plugins.storage_postgres.durability=relaxed", "--set", "durability.allow_loss=true"});
}

TEST(OwnExample, DiceIsFitForAHost) {
    judge({CAIRN_BINARY_DIR "/zoo/dice.so"});
}

}  // namespace
}  // namespace cairn::check
