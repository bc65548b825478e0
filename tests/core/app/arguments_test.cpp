#include "core/app/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<OptionSpec> kKnown{
    {"--config", true, "-c", true}, {"--out", true, "", false}, {"--json", false, "", false}};

std::string fault(const std::vector<std::string>& words) {
    try {
        const Arguments arguments(words, kKnown);
    } catch (const UsageError& error) {
        return error.what() + std::string(" | ") + error.hint();
    }
    return "understood";
}

TEST(Arguments, WordsAndOptionsInAnyOrder) {
    const Arguments arguments({"a", "-c", "x", "--json", "b", "--config=y=z", "--out", "dir"}, kKnown);
    EXPECT_THAT(arguments.words(), ElementsAre("a", "b"));
    EXPECT_THAT(arguments.values("--config"), ElementsAre("x", "y=z"));
    EXPECT_TRUE(arguments.has("--json"));
    EXPECT_EQ(arguments.value("--out"), "dir");
    EXPECT_EQ(arguments.value("--in", "nothing"), "nothing");
    EXPECT_TRUE(arguments.values("--in").empty());
}

TEST(Arguments, TwoDashesEndTheOptions) {
    EXPECT_THAT(Arguments({"--", "--json", "-"}, kKnown).words(), ElementsAre("--json", "-"));
    EXPECT_THAT(Arguments({"-"}, kKnown).words(), ElementsAre("-"));
}

TEST(Arguments, WhatIsNotUnderstoodIsSaid) {
    EXPECT_THAT(fault({"--jason"}), HasSubstr("unknown option --jason | Did you mean --json?"));
    EXPECT_THAT(fault({"--config"}), HasSubstr("--config needs a value"));
    EXPECT_THAT(fault({"-c"}), HasSubstr("-c needs a value"));
    EXPECT_THAT(fault({"--json=yes"}), HasSubstr("--json takes no value"));
    EXPECT_THAT(fault({"--out", "a", "--out", "b"}), HasSubstr("--out is given twice"));
    EXPECT_THAT(fault({"--json", "--json"}), HasSubstr("--json is given twice"));
}

}  // namespace
}  // namespace cairn::core
