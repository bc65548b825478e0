#include "core/app/scaffold.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <sstream>

#include "core/app/command.hpp"
#include "core/app/host_config.hpp"
#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Scaffold, NamesAreJudgedInSentences) {
    for (const char* good : {"wave", "high_five", "a", "x2", "class", "time"}) EXPECT_EQ(fault_of_plugin_name(good, {}), "");
    for (const char* bad : {"", "Wave", "2x", "_x", "high-five", "a b", "../x", "wäve", "a.b"}) {
        EXPECT_THAT(fault_of_plugin_name(bad, {}), AllOf(HasSubstr("'" + std::string(bad) + "' cannot"), HasSubstr("for example")));
    }
    EXPECT_EQ(fault_of_plugin_name(std::string(63, 'a'), {}), "");
    EXPECT_THAT(fault_of_plugin_name(std::string(64, 'a'), {}), HasSubstr("at most 63"));
    EXPECT_THAT(fault_of_plugin_name("test", {}), HasSubstr("CMake"));
    EXPECT_THAT(fault_of_plugin_name("chat", {"chat", "world"}), HasSubstr("there is a plugin 'chat' already"));
}

TEST(Scaffold, ValuesFollowFromTheName) {
    auto values = scaffold_values("high_five_2");
    EXPECT_EQ(values["Name"], "HighFive2");
    EXPECT_EQ(values["table"], "high_five_2_counts");
    EXPECT_EQ(values["cairn_version"], "0.1");
    EXPECT_EQ(scaffold_values(std::string(63, 'a'))["table"].size(), 63U) << "PostgreSQL cuts longer names off";
}

TEST(Scaffold, PlaceholdersAreReplacedAndOtherSignsStay) {
    EXPECT_EQ(fill_placeholders("a@name@b @name@@name@ @other@ x@y.z @", {{"name", "wave"}}),
              "awaveb wavewave @other@ x@y.z @");
    EXPECT_EQ(fill_placeholders("mail@@name@", {{"name", "wave"}}), "mail@wave");
}

TEST(Scaffold, WritesNamesDotsAndModes) {
    const Scratch from;
    const Scratch to;
    fs::create_directories(from.path() / "dot.config" / "@name@");
    from.write("dot.config/@name@/a.txt", "@Name@");
    ::chmod(from.write("run.sh", "#!/bin/sh\n").c_str(), 0755);
    const auto written = write_scaffold(from.path(), to.path() / "new", scaffold_values("wave"));
    EXPECT_THAT(written, ::testing::ElementsAre(".config/wave/a.txt", "run.sh"));
    EXPECT_EQ(read_bytes(to.path() / "new/.config/wave/a.txt"), "Wave");
    EXPECT_NE(fs::status(to.path() / "new/run.sh").permissions() & fs::perms::owner_exec, fs::perms::none);
    EXPECT_EQ(fs::status(to.path() / "new/.config/wave/a.txt").permissions() & fs::perms::owner_exec, fs::perms::none);
}

TEST(Scaffold, AnEmptyFolderIsFilledAndOneWithFilesIsLeftAlone) {
    const Scratch from;
    const Scratch to;
    from.write("a", "new");
    EXPECT_THAT(write_scaffold(from.path(), to.path(), {}), ::testing::ElementsAre("a"));
    to.write("a", "mine");
    try {
        write_scaffold(from.path(), to.path(), {});
        ADD_FAILURE() << "it was overwritten";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr(to.path().string()), HasSubstr("is not empty")));
    }
    EXPECT_EQ(read_bytes(to.path() / "a"), "mine");
}

TEST(Scaffold, WhatCannotBeWrittenWholeIsNotThere) {
    const Scratch from;
    const Scratch to;
    from.write("a", "");
    from.write("b" + std::string(240, 'b'), "");
    fs::create_directories(from.path() / "@long@");
    from.write("@long@/c", "");
    const std::string target = (to.path() / "new").string();
    EXPECT_THROW(write_scaffold(from.path(), target, {{"long", std::string(300, 'z')}}), std::runtime_error);
    EXPECT_FALSE(fs::exists(target));
    EXPECT_THROW(write_scaffold(to.path() / "nowhere", target, {}), std::runtime_error);
    EXPECT_FALSE(fs::exists(target));
}

int command(const std::vector<std::string>& words, std::string& said) {
    std::ostringstream out;
    Terminal terminal{out, out};
    const int code = run_command_line(words, terminal);
    said = out.str();
    return code;
}

TEST(PluginNew, BothSpellingsMakeAProjectWithoutPlaceholders) {
    const Scratch scratch;
    std::string said;
    for (const std::string group : {"plugin", "plugins"}) {
        const std::string name = group == "plugin" ? "wave" : "high_five";
        ASSERT_EQ(command({group, "new", name, "--dir", scratch.path().string()}, said), exit_code::kOk) << said;
        EXPECT_THAT(said, AllOf(HasSubstr("cmake --workflow --preset default"), HasSubstr("cairn run " + name + ".yaml")));
        std::vector<std::string> files;
        for (const auto& entry : fs::recursive_directory_iterator(scratch.path() / name)) {
            if (!entry.is_regular_file()) continue;
            files.push_back(entry.path().lexically_relative(scratch.path() / name));
            for (const char* left : {"@name@", "@Name@", "@table@", "@cairn_version@"}) {
                EXPECT_THAT(read_bytes(entry.path()), Not(HasSubstr(left))) << entry.path();
            }
        }
        for (const std::string file :
             {"CMakeLists.txt", "CMakePresets.json", "README.md", ".gitignore", "ci.sh", ".github/workflows/ci.yml",
              "web/index.html"}) {
            EXPECT_THAT(files, Contains(file));
        }
        for (const std::string& file : {name + "_plugin.cpp", name + ".hpp", name + ".cpp", name + "_test.cpp",
                                        name + "_plugin_test.cpp", name + ".yaml",
                                        "sql/" + name + "/sqlite/0001_" + name + "_counts.sql",
                                        "sql/" + name + "/postgres/0001_" + name + "_counts.down.sql"}) {
            EXPECT_THAT(files, Contains(file));
        }
    }
    EXPECT_EQ(command({"plugin", "new", "wave", "--dir", scratch.path().string()}, said), exit_code::kProblems);
    EXPECT_THAT(said, HasSubstr("is not empty"));
    EXPECT_EQ(command({"plugin", "new", "Wave"}, said), exit_code::kUsage);
    EXPECT_THAT(said, HasSubstr("small letters"));
    EXPECT_EQ(command({"plugin", "new"}, said), exit_code::kUsage);
    EXPECT_EQ(command({"help", "plugin", "new"}, said), exit_code::kOk);
    EXPECT_THAT(said, HasSubstr("cairn plugin new wave"));
}

}  // namespace
}  // namespace cairn::core::test
