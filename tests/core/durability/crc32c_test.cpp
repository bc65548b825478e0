#include "core/durability/crc32c.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace cairn::core {
namespace {

using Function = std::uint32_t (*)(std::uint32_t, const void*, std::size_t) noexcept;

class Crc32c : public testing::TestWithParam<Function> {};

// RFC 3720 appendix B.4 and, for the last, the check value of the catalogues of CRCs.
TEST_P(Crc32c, KnownVectors) {
    const Function crc = GetParam();
    std::array<unsigned char, 32> bytes{};
    EXPECT_EQ(crc(0, bytes.data(), 32), 0x8A9136AAu) << "32 zeros";
    bytes.fill(0xFF);
    EXPECT_EQ(crc(0, bytes.data(), 32), 0x62A8AB43u) << "32 ones";
    std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));
    EXPECT_EQ(crc(0, bytes.data(), 32), 0x46DD794Eu) << "rising";
    std::iota(bytes.rbegin(), bytes.rend(), static_cast<unsigned char>(0));
    EXPECT_EQ(crc(0, bytes.data(), 32), 0x113FDB5Cu) << "falling";
    const std::array<unsigned char, 48> scsi_read{
        0x01, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18,
        0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    EXPECT_EQ(crc(0, scsi_read.data(), scsi_read.size()), 0xD9963A56u);
    EXPECT_EQ(crc(0, "123456789", 9), 0xE3069283u);
    EXPECT_EQ(crc(0, "", 0), 0u);
}

TEST_P(Crc32c, InPartsIsTheSameAsAtOnceWhereverItBegins) {
    const Function crc = GetParam();
    std::mt19937 random(7);
    std::vector<unsigned char> bytes(300);
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random());
    for (std::size_t begin = 0; begin < 9; ++begin) {
        const std::size_t size = bytes.size() - begin;
        const std::uint32_t whole = crc(0, bytes.data() + begin, size);
        EXPECT_EQ(whole, crc32c_portable(0, bytes.data() + begin, size));
        for (std::size_t cut = 0; cut <= size; ++cut) {
            ASSERT_EQ(crc(crc(0, bytes.data() + begin, cut), bytes.data() + begin + cut, size - cut), whole);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Ways, Crc32c, testing::Values(&crc32c, &crc32c_portable),
                         [](const auto& way) { return std::string(way.index == 0 ? "dispatched" : "portable"); });

}  // namespace
}  // namespace cairn::core
