#include "core/plugins/plugin_library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <class F>
PluginRefused refusal(F&& call) {
    try {
        call();
    } catch (const PluginRefused& refused) {
        return refused;
    }
    ADD_FAILURE() << "nothing was refused";
    return PluginRefused("", "");
}

TEST(PluginFinder, FirstFolderWins) {
    const Scratch one;
    const Scratch two;
    one.write("chat.so", "1");
    two.write("chat.so", "2");
    two.write("world.so", "2");
    const PluginFinder finder({one.path(), two.path()});
    EXPECT_EQ(finder.find("chat"), one.path() / "chat.so");
    EXPECT_EQ(finder.find("world"), two.path() / "world.so");
    EXPECT_EQ(finder.available(), (std::vector<std::string>{"chat", "world"}));
}

TEST(PluginFinder, AMissingNameShowsFoldersNearNamesAndWhatIsThere) {
    const Scratch folder;
    folder.write("storage_sqlite.so", "");
    const PluginFinder finder({folder.path(), "/nowhere/at/all"});
    const PluginRefused refused = refusal([&] { finder.find("storage_sqlit"); });
    EXPECT_THAT(refused.what(), AllOf(HasSubstr("no plugin 'storage_sqlit'"), HasSubstr(folder.path().string()),
                                      HasSubstr("/nowhere/at/all")));
    EXPECT_THAT(refused.cure(), HasSubstr("Did you mean 'storage_sqlite'?"));
}

TEST(PluginFinder, NamesDoNotLeaveTheFolders) {
    const PluginFinder finder({"/tmp"});
    for (const char* name : {"../etc/x", "a/b", "", ".hidden", "a.b"}) {
        EXPECT_THAT(refusal([&] { finder.find(name); }).what(), HasSubstr("is not a plugin's name")) << name;
    }
}

TEST(PluginFinder, TheEnvironmentsFoldersComeAfterThoseOfTheFile) {
    ::setenv("CAIRN_PLUGIN_PATH", "/one::/two/", 1);
    const std::vector<std::string> folders = plugin_folders({"/zero"});
    ::unsetenv("CAIRN_PLUGIN_PATH");
    ASSERT_EQ(folders.size(), 5U);
    EXPECT_EQ(std::vector<std::string>(folders.begin(), folders.begin() + 3),
              (std::vector<std::string>{"/zero", "/one", "/two/"}));
    EXPECT_EQ(std::vector<std::string>(folders.begin() + 3, folders.end()), own_plugin_folders());
}

TEST(PluginFinder, TablesAndPagesLieBesideThePluginsFolder) {
    const Scratch scratch;
    const std::filesystem::path top = scratch.path();
    for (const char* folder : {"build/plugins", "build/share/cairn/sql/wave", "usr/lib/cairn/plugins",
                               "usr/share/cairn/bow"}) {
        std::filesystem::create_directories(top / folder);
    }
    const auto share = [&](const std::string& file) { return plugin_share_dir((top / file).string(), "/host"); };
    EXPECT_EQ(share("build/plugins/wave.so"), top / "build/share/cairn");
    EXPECT_EQ(share("usr/lib/cairn/plugins/bow.so"), top / "usr/share/cairn");
    EXPECT_EQ(share("build/plugins/bow.so"), "/host") << "it ships nothing";
    EXPECT_EQ(plugin_share_dir(own_plugin_folders().front() + "/chat.so", "/host"), "/host");
}

TEST(PluginLibrary, LoadsAndCreates) {
    const CreatePlugin create = load_plugin(inspect_plugin(zoo_file("dice")));
    const std::unique_ptr<Plugin> plugin(create());
    EXPECT_NE(plugin, nullptr);
}

TEST(PluginLibrary, RefusesWhatEverybodyMayWrite) {
    const Scratch scratch;
    const std::string path = scratch.write("dice.so", read_bytes(zoo_file("dice")));
    std::filesystem::permissions(path, std::filesystem::perms::others_write, std::filesystem::perm_options::add);
    const PluginRefused refused = refusal([&] { inspect_plugin(path); });
    EXPECT_THAT(refused.what(), HasSubstr("written by everybody"));
    EXPECT_THAT(refused.cure(), HasSubstr("chmod o-w"));
}

TEST(PluginLibrary, RefusesAnotherBuildBeforeItIsLoaded) {
    EXPECT_THAT(refusal([] { inspect_plugin(zoo_file("other_major")); }).what(), HasSubstr("another major"));
    EXPECT_THAT(refusal([] { inspect_plugin(zoo_file("newer_minor")); }).what(), HasSubstr("does not have yet"));
    EXPECT_THAT(refusal([] { inspect_plugin(zoo_file("debug_containers")); }).what(),
                HasSubstr("plugin debug_containers 1.0.0 was built with -D_GLIBCXX_DEBUG"));
}

TEST(PluginLibrary, TheFileBearsThePluginsName) {
    const Scratch scratch;
    const std::string path = scratch.write("cards.so", read_bytes(zoo_file("dice")));
    EXPECT_THAT(refusal([&] { inspect_plugin(path); }).what(), HasSubstr("says that it is the plugin 'dice'"));
}

TEST(PluginLibrary, LoaderErrorsBecomeSentences) {
    const PluginRefused symbol = refusal([] { load_plugin(inspect_plugin(zoo_file("missing_symbol"))); });
    EXPECT_THAT(symbol.what(),
                AllOf(HasSubstr("plugin missing_symbol 1.0.0"), HasSubstr("somewhere_else::compute(int)")));
    EXPECT_THAT(symbol.cure(), HasSubstr("-z,defs"));
    const PluginRefused library = refusal([] { load_plugin(inspect_plugin(zoo_file("missing_library"))); });
    EXPECT_THAT(library.what(),
                AllOf(HasSubstr("plugin missing_library 1.0.0"), HasSubstr("needs the library libzoo_absent.so")));
    EXPECT_THAT(library.cure(), HasSubstr("Install"));
}

TEST(PluginLibrary, OtherFormsOfTheLoadersMessages) {
    PluginFile file;
    file.path = "/p/x.so";
    file.descriptor = abi::describe_build("x", "2.0");
    EXPECT_THAT(
        explain_load_error(file, "/lib/libstdc++.so.6: version `GLIBCXX_3.4.99' not found (required by /p/x.so)")
            .what(),
        HasSubstr("needs GLIBCXX_3.4.99"));
    EXPECT_THAT(explain_load_error(file, "something new").what(),
                AllOf(HasSubstr("plugin x 2.0"), HasSubstr("something new")));
}

}  // namespace
}  // namespace cairn::core::test
