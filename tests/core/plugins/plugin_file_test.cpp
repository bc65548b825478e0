#include "core/plugins/plugin_file.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/core/plugins/zoo.hpp"

namespace cairn::core::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

std::string refusal_of(const std::string& path) {
    try {
        read_plugin_file(path);
    } catch (const PluginRefused& refusal) {
        EXPECT_FALSE(refusal.cure().empty()) << refusal.what();
        return refusal.what();
    }
    return "taken";
}

TEST(PluginFile, SaysWhatAPluginIsWithoutRunningIt) {
    const PluginFile file = read_plugin_file(zoo_file("dice"));
    EXPECT_STREQ(file.descriptor.name, "dice");
    EXPECT_STREQ(file.descriptor.version, "1.0.0");
    EXPECT_EQ(file.descriptor.abi_major, CAIRN_ABI_MAJOR);
    EXPECT_EQ(file.descriptor.pointer_bits, 64u);
    EXPECT_THAT(file.needed, Contains(HasSubstr("libcairn_sdk.so")));
}

TEST(PluginFile, ReadsPluginsThatTheLoaderWouldRefuse) {
    EXPECT_STREQ(read_plugin_file(zoo_file("missing_symbol")).descriptor.name, "missing_symbol");
    EXPECT_THAT(read_plugin_file(zoo_file("missing_library")).needed, Contains("libzoo_absent.so"));
}

TEST(PluginFile, RefusesWhatIsNoPlugin) {
    const Scratch scratch;
    EXPECT_THAT(refusal_of(scratch.path() / "none.so"), HasSubstr("cannot be opened"));
    EXPECT_THAT(refusal_of(scratch.path()), HasSubstr("not a regular file"));
    EXPECT_THAT(refusal_of(scratch.write("empty.so", "")), HasSubstr("too short"));
    EXPECT_THAT(refusal_of(scratch.write("text.so", std::string(500, 'x'))), HasSubstr("ELF magic"));
    EXPECT_THAT(refusal_of(zoo_file("no_descriptor")),
                AllOf(HasSubstr("not a Cairn plugin"), HasSubstr(".cairn.plugin")));
    EXPECT_THAT(refusal_of(std::string(CAIRN_BINARY_DIR) + "/bin/plugins_tests"), ::testing::Ne("taken"));
}

TEST(PluginFile, RefusesAWrongSizeAndNamesBoth) {
    EXPECT_THAT(refusal_of(zoo_file("wrong_size")),
                AllOf(HasSubstr("12 bytes"), HasSubstr(std::to_string(sizeof(abi::Descriptor)))));
}

TEST(PluginFile, NamesTheMachineItWasBuiltFor) {
    const Scratch scratch;
    std::string bytes = read_bytes(zoo_file("dice"));
    const Elf64_Half other = EM_S390;
    std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_machine), &other, sizeof other);
    EXPECT_THAT(refusal_of(scratch.write("dice.so", bytes)), HasSubstr("another kind of machine"));
}

TEST(PluginFile, EveryPrefixOfAGoodFileIsRefusedInWords) {
    const Scratch scratch;
    const std::string bytes = read_bytes(zoo_file("dice"));
    ASSERT_GT(bytes.size(), 4096u);
    // The table of sections stands at the end, so whatever is missing, it is damaged.
    for (std::size_t length = 0; length < bytes.size(); length += length < 256 ? 1 : 997) {
        EXPECT_NE(refusal_of(scratch.write("dice.so", bytes.substr(0, length))), "taken") << length;
    }
    EXPECT_THAT(refusal_of(scratch.write("dice.so", bytes.substr(0, bytes.size() / 2))), HasSubstr("damaged"));
}

TEST(PluginFile, WrongOffsetsAndLengthsNeverReadOutside) {
    const Scratch scratch;
    const std::string good = read_bytes(zoo_file("dice"));
    Elf64_Ehdr header{};
    std::memcpy(&header, good.data(), sizeof header);
    std::mt19937_64 random(20);
    int refused = 0;
    for (int round = 0; round < 400; ++round) {
        std::string bytes = good;
        const std::size_t table = header.e_shoff;
        const std::size_t table_size = std::size_t{header.e_shnum} * sizeof(Elf64_Shdr);
        for (int change = 0; change < 4; ++change) {
            // In the ELF header or in the table of sections: a field of eight bytes gets something strange.
            const bool in_header = random() % 4 == 0;
            const std::size_t at =
                in_header ? 16 + random() % (sizeof header - 24) : table + random() % (table_size - 8);
            const std::uint64_t values[] = {random(),   ~0ull,          0, good.size(), good.size() - 1,
                                            1ull << 63, random() % 5000};
            std::memcpy(bytes.data() + at, &values[random() % 7], in_header ? 2 : 8);
        }
        if (refusal_of(scratch.write("dice.so", bytes)) != "taken") ++refused;
    }
    EXPECT_GT(refused, 50);  // many changes hit sections that nobody reads
}

}  // namespace
}  // namespace cairn::core::test
