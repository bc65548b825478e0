#include "sdk/check/exported_symbols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace cairn::check {
namespace {

TEST(ExportedSymbols, AreThoseThatOthersSee) {
    EXPECT_THAT(exported_symbols(CAIRN_BINARY_DIR "/zoo/dice.so"),
                ::testing::ElementsAre("cairn_plugin_create", "cairn_plugin_descriptor"));
    EXPECT_THAT(exported_symbols(CAIRN_BINARY_DIR "/zoo/exports_more.so"), ::testing::Contains("zoo_third_symbol"));
}

TEST(ExportedSymbols, ADamagedFileIsNamedWhereverItIsCut) {
    std::ifstream in(CAIRN_BINARY_DIR "/zoo/dice.so", std::ios::binary);
    const std::string whole(std::istreambuf_iterator<char>(in), {});
    const std::string path = ::testing::TempDir() + "cairn_cut_plugin.so";
    for (const std::size_t part : {std::size_t{0}, std::size_t{3}, std::size_t{40}, whole.size() / 4, whole.size() - 100}) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, part);
        EXPECT_THROW(exported_symbols(path), std::runtime_error) << part;
    }
    EXPECT_THROW(exported_symbols("/nowhere/at_all.so"), std::runtime_error);
}

TEST(ExportedSymbols, AreReadable) {
    EXPECT_EQ(readable("_ZN5cairn5ErrorD1Ev"), "cairn::Error::~Error()");
    EXPECT_EQ(readable("zoo_third_symbol"), "zoo_third_symbol");
}

}  // namespace
}  // namespace cairn::check
