#include "core/plugins/file_trust.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>

#include "core/plugins/plugin_file.hpp"
#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::string& path) {
    try {
        check_plugin_trust(path);
    } catch (const PluginRefused& refused) {
        return std::string(refused.what()) + " " + refused.cure();
    }
    return {};
}

TEST(FileTrust, TellsWhoMayWrite) {
    EXPECT_EQ(writers_of(0755, "staff", false), "");
    EXPECT_EQ(writers_of(0757, "staff", true), "everybody on this machine");
    EXPECT_EQ(writers_of(0775, "staff", false), "the group 'staff'");
    EXPECT_EQ(writers_of(0775, "anna", true), "") << "a group of nobody but its owner is nobody else";
}

TEST(FileTrust, AFileOrFolderThatOthersMayWriteIsRefusedWithTheCommandThatMendsIt) {
    const Scratch scratch;
    const std::string file = scratch.write("dice.so", "");
    EXPECT_EQ(refusal(file), "");
    ::chmod(file.c_str(), 0646);
    EXPECT_THAT(refusal(file), AllOf(HasSubstr("plugin file " + file), HasSubstr("everybody"), HasSubstr("chmod o-w " + file)));
    ::chmod(file.c_str(), 0644);
    const std::string folder = scratch.path().string();
    ::chmod(folder.c_str(), 0757);
    EXPECT_THAT(refusal(file), AllOf(HasSubstr("plugin folder " + folder), HasSubstr("chmod o-w " + folder)));
    ::chmod(folder.c_str(), 01777);
    EXPECT_THAT(refusal(file), HasSubstr("everybody")) << "whoever came first to a sticky folder keeps his file there";
    ::chmod(folder.c_str(), 0755);
    EXPECT_EQ(refusal(file), "");
}

TEST(FileTrust, TheFolderThatALinkLeadsToCountsAsWell) {
    const Scratch here;
    const Scratch there;
    there.write("dice.so", "");
    std::filesystem::create_symlink(there.path() / "dice.so", here.path() / "dice.so");
    const std::string file = (here.path() / "dice.so").string();
    EXPECT_EQ(refusal(file), "");
    ::chmod(there.path().c_str(), 0777);
    EXPECT_THAT(refusal(file), HasSubstr("plugin folder " + there.path().string()));
}

}  // namespace
}  // namespace cairn::core::test
