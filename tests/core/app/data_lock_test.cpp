#include "core/app/data_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(DataLock, MakesThePrivateFolderAndHoldsItOnce) {
    const Scratch scratch;
    const std::string folder = scratch.path() / "deep" / "data";
    {
        const DataLock lock(folder + "/");
        EXPECT_EQ(lock.folder(), folder);
        struct stat info {};
        ASSERT_EQ(::stat(folder.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0700u);
        // flock belongs to the open file, so a second one is refused in the same process, too.
        EXPECT_THAT([&] { DataLock second(folder); },
                    ThrowsMessage<std::runtime_error>(
                        AllOf(HasSubstr("in use by process " + std::to_string(::getpid())), HasSubstr(folder))));
    }
    const DataLock again(folder);
    EXPECT_EQ(read_bytes(folder + "/cairn.lock"), std::to_string(::getpid()) + "\n");
}

TEST(DataLock, HoldsTheFolderAlsoWhenSomebodyDeletesItsFile) {
    const Scratch scratch;
    const std::string folder = scratch.path() / "data";
    {
        const DataLock lock(folder);
        std::filesystem::remove(folder + "/cairn.lock");
        EXPECT_THAT([&] { DataLock second(folder); },
                    ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("in use by another process"), HasSubstr(folder))));
    }
    const DataLock again(folder);
}

TEST(DataLock, AFolderThatCannotBeMadeIsSaidWithTheCure) {
    const Scratch scratch;
    scratch.write("file", "");
    EXPECT_THAT([&] { DataLock lock(scratch.path() / "file" / "data"); },
                ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("cannot be made"), HasSubstr("data_dir="))));
}

TEST(DataLock, DoesNotFollowALink) {
    const Scratch scratch;
    const std::string target = scratch.write("precious", "precious");
    std::filesystem::create_directory(scratch.path() / "data");
    std::filesystem::create_symlink(target, scratch.path() / "data" / "cairn.lock");
    EXPECT_THROW(DataLock lock(scratch.path() / "data"), std::runtime_error);
    EXPECT_EQ(read_bytes(target), "precious");
}

}  // namespace
}  // namespace cairn::core::test
