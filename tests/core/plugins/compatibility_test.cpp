#include "core/plugins/compatibility.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

abi::Descriptor plugin() {
    return abi::describe_build("dice", "1.0.0");
}
abi::Descriptor host() {
    return abi::describe_build("cairn", "0.1.0");
}

TEST(Compatibility, TheSameBuildFits) {
    EXPECT_TRUE(compare_builds(plugin(), host()).empty());
}

TEST(Compatibility, AnotherMajorIsRefusedAndNothingElseCompared) {
    abi::Descriptor other = plugin();
    other.abi_major = CAIRN_ABI_MAJOR + 1;
    other.pointer_bits = 32;
    const auto differences = compare_builds(other, host());
    ASSERT_EQ(differences.size(), 1u);
    EXPECT_THAT(differences[0].message, AllOf(HasSubstr("ABI " + std::to_string(CAIRN_ABI_MAJOR + 1)),
                                              HasSubstr("this host has " + std::to_string(CAIRN_ABI_MAJOR) + ".")));
    EXPECT_THAT(differences[0].cure, HasSubstr("newer cairn"));
}

TEST(Compatibility, AnOlderMinorFitsAndANewerDoesNot) {
    abi::Descriptor newer_host = host();
    newer_host.abi_minor = 7;
    EXPECT_TRUE(compare_builds(plugin(), newer_host).empty());
    abi::Descriptor newer = plugin();
    newer.abi_minor = CAIRN_ABI_MINOR + 1;
    const auto differences = compare_builds(newer, host());
    ASSERT_EQ(differences.size(), 1u);
    EXPECT_THAT(differences[0].message, AllOf(HasSubstr("plugin dice 1.0.0"), HasSubstr("does not have yet")));
}

TEST(Compatibility, DebugContainersAreNamedFromBothSides) {
    abi::Descriptor debug = plugin();
    debug.debug_containers = 1;
    abi::Descriptor plain_host = host();
    plain_host.debug_containers = 0;
    auto differences = compare_builds(debug, plain_host);
    ASSERT_EQ(differences.size(), 1u);
    EXPECT_EQ(differences[0].message,
              "plugin dice 1.0.0 was built with -D_GLIBCXX_DEBUG, this host without: containers have another size.");
    EXPECT_EQ(differences[0].cure, "Rebuild it without.");
    plain_host.debug_containers = 1;
    debug.debug_containers = 0;
    differences = compare_builds(debug, plain_host);
    ASSERT_EQ(differences.size(), 1u);
    EXPECT_THAT(differences[0].cure, HasSubstr("with -D_GLIBCXX_DEBUG"));
}

TEST(Compatibility, EachFieldHasItsOwnSentence) {
    struct Case {
        void (*change)(abi::Descriptor& plugin);
        const char* says;
        const char* cure;
    };
    const Case cases[] = {
        {[](abi::Descriptor& d) { d.pointer_bits = 32; }, "pointers of 32 bits", "machine"},
        {[](abi::Descriptor& d) { d.standard_library = 3 - d.standard_library; }, "different types", "-stdlib=libc++"},
        {[](abi::Descriptor& d) { d.library_release += 1; }, "older library", "compiler"},
        {[](abi::Descriptor& d) { d.cxx11_strings = 1 - d.cxx11_strings; }, "_GLIBCXX_USE_CXX11_ABI",
         "_GLIBCXX_USE_CXX11_ABI"},
        {[](abi::Descriptor& d) { d.cplusplus = 201703; }, "201703", "-std=c++20"},
        {[](abi::Descriptor& d) { d.sanitizer = d.sanitizer == 2 ? 1 : 2; }, "Sanitizer", "-fsanitize"},
    };
    for (const Case& one : cases) {
        abi::Descriptor changed = plugin();
        one.change(changed);
        const auto differences = compare_builds(changed, host());
        ASSERT_EQ(differences.size(), 1u) << one.says;
        EXPECT_THAT(differences[0].message, AllOf(HasSubstr("plugin dice 1.0.0"), HasSubstr(one.says)));
        EXPECT_THAT(differences[0].cure, HasSubstr(one.cure));
    }
}

TEST(Compatibility, OlderReleasesAndNewerStandardsFit) {
    abi::Descriptor older = plugin();
    older.library_release -= 1;
    older.cplusplus += 100;
    EXPECT_TRUE(compare_builds(older, host()).empty());
}

TEST(Compatibility, SeveralDifferencesAreAllTold) {
    abi::Descriptor other = plugin();
    other.debug_containers = 1 - other.debug_containers;
    other.cxx11_strings = 1 - other.cxx11_strings;
    EXPECT_EQ(compare_builds(other, host()).size(), 2u);
}

}  // namespace
}  // namespace cairn::core
