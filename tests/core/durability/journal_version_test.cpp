// Which versions of the journal's format are read.
#include <gtest/gtest.h>

#include <cstring>

#include "core/durability/crc32c.hpp"
#include "core/durability/journal_format.hpp"

namespace cairn::core::journal_format {
namespace {

std::vector<std::uint8_t> header_of_version(std::uint32_t version) {
    SegmentHeader header;
    header.first = 7;
    header.previous_first = 1;
    header.previous_last = 6;
    std::vector<std::uint8_t> block = encode_header(header);
    for (const std::size_t copy : {std::size_t{0}, kHeaderCopyAt}) {
        std::memcpy(block.data() + copy + 8, &version, sizeof version);
        const std::uint32_t crc = crc32c(0, block.data() + copy, kHeaderBytes - 4);
        std::memcpy(block.data() + copy + kHeaderBytes - 4, &crc, sizeof crc);
    }
    return block;
}

TEST(JournalVersion, TheOneBeforeAdditionsIsReadAndALaterOneIsNot) {
    EXPECT_EQ(decode_header(header_of_version(1))->first, 7u);
    EXPECT_EQ(decode_header(header_of_version(2))->first, 7u);
    for (const std::uint32_t version : {0u, 3u}) {
        EXPECT_THROW(static_cast<void>(decode_header(header_of_version(version))), JournalError) << version;
    }
}

}  // namespace
}  // namespace cairn::core::journal_format
