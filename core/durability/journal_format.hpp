#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/durability/journal.hpp"

/// The bytes of a journal's segment (docs/decisions/0010-journal.md). Everything is little endian.
namespace cairn::core::journal_format {

using Bytes = std::span<const std::uint8_t>;

inline constexpr std::size_t kBlock = 4096;  ///< the header's; entries begin behind it
inline constexpr std::size_t kHeaderCopyAt =
    2048;  ///< the header stands twice, so that one bad sector does not cost it
inline constexpr std::size_t kHeaderBytes = 80;
inline constexpr std::size_t kEntryHeader = 32;
inline constexpr std::size_t kSmallestEntry = 48;
/// Behind kinds that callers see: `refers` up to `seq` were given up when the journal was opened.
inline constexpr std::uint8_t kGivenUp = 3;

struct SegmentHeader {
    std::array<std::uint8_t, 16> journal{};
    std::uint64_t first = 0;
    std::uint64_t previous_first = 0;  ///< 0: the journal began with this one
    std::uint64_t previous_last = 0;
    std::uint32_t previous_content = 0;  ///< SegmentScan::content of the segment before
    std::int64_t made_us = 0;
};

/// kBlock bytes.
std::vector<std::uint8_t> encode_header(const SegmentHeader& header);
/// Of the first kBlock bytes of a file; nullopt when neither copy is readable. Throws JournalError(failed) for a
/// version that this program does not know.
std::optional<SegmentHeader> decode_header(Bytes block);

/// What the CRCs of a segment's entries begin with: entries of another journal or another segment do not fit, nor do
/// those that somebody hides in a payload.
std::uint32_t entry_seed(const std::array<std::uint8_t, 16>& journal, std::uint64_t first) noexcept;

/// One entry as it lies in a segment.
struct RawEntry {
    std::uint32_t size = 0;  ///< without the padding
    std::uint32_t crc = 0;
    std::uint64_t seq = 0;
    std::int64_t time_us = 0;
    /// So many bytes of the segment were durable when the entry was written.
    std::uint64_t durable = 0;
    std::uint8_t kind = 0;
    std::uint64_t refers = 0;
    Bytes bytes;
};

constexpr std::uint64_t padded(std::uint64_t size) noexcept {
    return (size + 7) & ~std::uint64_t{7};
}

/// How many bytes an entry with this beginning would have; 0: there is none. REQUIRES: 4 bytes.
std::uint32_t claimed_size(Bytes beginning) noexcept;
/// The entry that begins at `bytes`, when all of it is there and its CRC is right.
std::optional<RawEntry> read_entry(Bytes bytes, std::uint32_t seed) noexcept;
/// Takes the payload apart. False: it is not one, although its CRC was right.
bool decode_entry(const RawEntry& raw, JournalEntry& entry);
/// Appends an entry with its padding. `seq` is used instead of the entry's own. Throws std::length_error above 1 GiB.
void encode_entry(std::vector<std::uint8_t>& out, const JournalEntry& entry, std::uint64_t seq, std::uint64_t durable,
                  std::uint32_t seed);
/// An entry of `size` bytes (padded, >= kSmallestEntry) that says that these commits were given up.
std::vector<std::uint8_t> encode_given_up(SeqRange lost, std::uint64_t size, std::uint64_t durable, std::uint32_t seed);

/// A segment that has been read as a whole.
struct SegmentScan {
    struct Hole {
        std::uint64_t begin = 0;  ///< offsets in the file
        std::uint64_t end = 0;
        SeqRange lost;
        bool given_up = false;  ///< known from an earlier opening
    };
    std::uint64_t last = 0;      ///< commit; first - 1 when there is none
    std::uint64_t end = kBlock;  ///< behind the last entry that counts
    /// Bytes from `end` on that are something but not an entry that counts: torn in the last segment.
    std::uint64_t rubbish = 0;
    std::uint32_t content = 0;  ///< CRC over the CRCs of all entries
    std::vector<Hole> holes;
    std::uint64_t entries = 0;
    bool torn = false;  ///< entries that can be read lie behind what is torn (and are cut with it)
};

/// `file`: the whole segment. `is_last`: what is unreadable and was not known to be durable is a torn tail, not a hole.
SegmentScan scan_segment(Bytes file, std::uint64_t first, std::uint32_t seed, bool is_last);

/// "segment-00000000000000000001.cjl"
std::string segment_name(std::uint64_t first);
/// Of such a name; nullopt for any other.
std::optional<std::uint64_t> segment_first(std::string_view name) noexcept;

std::string id_text(const std::array<std::uint8_t, 16>& id);
std::array<std::uint8_t, 16> id_bytes(std::string_view text);

}  // namespace cairn::core::journal_format
