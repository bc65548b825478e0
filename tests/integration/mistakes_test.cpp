// What an admin gets wrong at a keyboard, by the real binary: each is named with its cure, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/server_process.hpp"

namespace cairn::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kWorld = CAIRN_SOURCE_DIR "/config/metaverse.yaml";

/// Names below a folder, sorted.
std::vector<std::string> inside(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

TEST(Mistakes, AFolderInThePlaceOfAFile) {
    const TemporaryFolder folder;
    const std::string file = folder.write("world.yaml", "cairn: 1\nplugins:\n");
    const Finished finished = run_cairn({"check", folder.path().string()});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("it is a folder"), HasSubstr("name a file in it: " + file)));
}

TEST(Mistakes, AnEmptyFileIsNamed) {
    const TemporaryFolder folder;
    const std::string file = folder.write("empty.yaml", "# nothing yet\n");
    const Finished finished = run_cairn({"check", file, "--set", "name=x"});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr(file + ":1:1: cairn: is missing"), HasSubstr("2 problems")));
}

TEST(Mistakes, AFileThatCannotBeReadIsTheOnlyProblem) {
    const TemporaryFolder folder;
    for (const std::string& file : {std::string("/no-such-folder/world.yaml"), folder.write("bad.yaml", "plugins: {a: [\n")}) {
        const Finished finished = run_cairn({"run", file, "--set", "data_dir=" + (folder.path() / "data").string()});
        EXPECT_EQ(finished.exit_code, 1);
        EXPECT_THAT(finished.output, AllOf(HasSubstr(file), HasSubstr("1 problem;"), Not(HasSubstr("is missing"))));
        const Finished explained = run_cairn({"config", "explain", "server.max_online", file});
        EXPECT_EQ(explained.exit_code, 1);
        EXPECT_THAT(explained.output, HasSubstr(file));
    }
    EXPECT_EQ(inside(folder.path()), std::vector<std::string>{"bad.yaml"});
}

TEST(Mistakes, AnAssignmentIsNamedAsItWasTyped) {
    const Finished finished = run_cairn({"check", kWorld, "--set", "durability.apply_every=5"});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("--set durability.apply_every=5: durability.apply_every: must be"),
                                       HasSubstr("for example 5s"), HasSubstr("^")));
    const Finished checked = run_cairn({"check", kWorld, "--set", "time_zone=Europe/Berln"});
    EXPECT_THAT(checked.output, AllOf(HasSubstr("did you mean 'Europe/Berlin'?"), Not(HasSubstr("it accepts text"))));
    const Finished tick = run_cairn({"check", kWorld, "--set", "plugins.world.spaces.main.tick=50"});
    EXPECT_THAT(tick.output, HasSubstr("for example 50ms"));
    const Finished quoted = run_cairn({"check", kWorld, "--set", "plugins.world.spaces.main.max_users=\"100\""});
    EXPECT_THAT(quoted.output, HasSubstr("write it without the quotes: 100"));
}

TEST(Mistakes, HalfOfACertificate) {
    const Finished finished = run_cairn({"check", kWorld, "--set", "plugins.gateway.tls={cert: /etc/full.pem}"});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("plugins.gateway.tls: key is missing"), HasSubstr("1 problem;")));
}

TEST(Mistakes, ASecondFileIsNotAnOverlay) {
    const Finished finished = run_cairn({"check", kWorld, CAIRN_SOURCE_DIR "/config/minimal.yaml"});
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_THAT(finished.output, AllOf(HasSubstr("one word too many"), HasSubstr("-c ")));
}

// A cron job that starts somewhere else must not back up an empty world that it has just made.
TEST(Mistakes, CommandsForDataMakeNone) {
    const TemporaryFolder folder;
    const std::string data = (folder.path() / "data").string();
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
             {"backup", "now"}, {"backup", "prune"}, {"restore", "--latest"}, {"export", "--out", "-"}}) {
        std::vector<std::string> words = verb;
        words.insert(words.end(), {kWorld, "--set", "data_dir=" + data});
        const Finished finished = run_cairn(words);
        EXPECT_EQ(finished.exit_code, 1) << verb[0];
        EXPECT_THAT(finished.output, HasSubstr("there is no data yet: no folder " + data)) << verb[0];
        EXPECT_FALSE(fs::exists(data)) << verb[0];
    }
    EXPECT_THAT(run_cairn({"backup", "now", kWorld, "--set", "data_dir=not-here"}).output,
                HasSubstr("counts from where cairn is started"));
    // The folder alone is not yet data.
    fs::create_directory(data);
    const Finished finished = run_cairn({"backup", "now", kWorld, "--set", "data_dir=" + data});
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(finished.output, HasSubstr("nothing has been kept here yet"));
    EXPECT_FALSE(fs::exists(data + "/cairn.db"));
    EXPECT_FALSE(fs::exists(data + "/backups"));
}

TEST(Mistakes, ADataFolderThatCannotBeMadeSaysWhy) {
    const TemporaryFolder folder;
    const std::string file = folder.write("file", "");
    const Finished finished = run_cairn({"run", kWorld, "--set", "data_dir=" + file + "/a/b"});
    EXPECT_EQ(finished.exit_code, 1);
    // Folder by folder, and the one that fails is named.
    EXPECT_THAT(finished.output, AllOf(HasSubstr(file + "/a cannot be made: Not a directory"), HasSubstr("--set data_dir=")));
}

TEST(Mistakes, WhereToRestoreFromAndTo) {
    const TemporaryFolder folder;
    const auto restore = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"restore", kWorld, "--set", "data_dir=" + folder.path().string()});
        return run_cairn(more);
    };
    const Finished time = restore({"--until", "yesterday"});
    EXPECT_EQ(time.exit_code, 2);
    EXPECT_THAT(time.output, AllOf(HasSubstr("--until: 'yesterday' is not a time"), HasSubstr("2026-03-29 02:30")));
    const Finished journal = restore({"--latest", "--journal", "/no-such-folder/journal"});
    EXPECT_EQ(journal.exit_code, 2);
    EXPECT_THAT(journal.output, AllOf(HasSubstr("there is no journal in /no-such-folder/journal"), HasSubstr("before-restore-")));
    const Finished place = restore({"--latest", "--into", "/no-such-folder/then.db"});
    EXPECT_EQ(place.exit_code, 2);
    EXPECT_THAT(place.output, HasSubstr("there is no folder /no-such-folder"));
}

TEST(Mistakes, TortureLeavesNothingWhenItDoesNotBegin) {
    const TemporaryFolder folder;
    const std::string in = folder.path().string();
    EXPECT_EQ(run_cairn({"torture", kWorld, "--in", in, "--kills", "many"}).exit_code, 2);
    EXPECT_EQ(run_cairn({"torture", kWorld, "--in", in, "--rate", "fast"}).exit_code, 2);
    EXPECT_EQ(run_cairn({"torture", "--in", in, "--ack", "later"}).exit_code, 1);
    EXPECT_EQ(run_cairn({"torture", "--in", in, "--kills", "0", "--wrap", "no-such-program"}).exit_code, 1);
    const Finished missing = run_cairn({"torture", "/no-such-file.yaml", "--in", in});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_THAT(missing.output, AllOf(HasSubstr("cannot read /no-such-file.yaml"), HasSubstr("1 problem;")));
    EXPECT_EQ(inside(folder.path()), std::vector<std::string>{});
}

TEST(Mistakes, AnAnswerOntoAFullDiskIsNoAnswer) {
    for (const char* words : {"config show", "check", "version", "help"}) {
        const std::string line = std::string(CAIRN_BINARY) + " " + words +
                                 (words[0] == 'c' ? " '" + kWorld + "'" : std::string()) + " >/dev/full 2>/dev/null";
        EXPECT_EQ(WEXITSTATUS(std::system(line.c_str())), 1) << line;  // NOLINT: a shell redirects as an admin does
    }
}

TEST(Mistakes, WhatIsNoPlugin) {
    const TemporaryFolder folder;
    const std::string file = folder.write("notes.txt", "");
    const Finished other = run_cairn({"plugins", "inspect", file});
    EXPECT_EQ(other.exit_code, 1);
    EXPECT_THAT(other.output, AllOf(HasSubstr(file + " is no plugin"), HasSubstr("NAME.so"), Not(HasSubstr("Did you mean"))));
    const Finished missing = run_cairn({"plugins", "inspect", "/no-such-folder/chat.so"});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_THAT(missing.output, HasSubstr("there is no file /no-such-folder/chat.so"));
    const Finished list = run_cairn({"plugins", "list", "--dir", "/no-such-folder"});
    EXPECT_EQ(list.exit_code, 2);
    EXPECT_THAT(list.output, HasSubstr("--dir /no-such-folder: there is no such folder"));
}

}  // namespace
}  // namespace cairn::test
