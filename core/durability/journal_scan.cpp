// Reading a segment as a whole, telling a torn tail from damage.
#include <algorithm>
#include <cstring>

#include "core/durability/crc32c.hpp"
#include "core/durability/journal_format.hpp"

namespace cairn::core::journal_format {
namespace {

struct Found {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    RawEntry raw;
};

// Whether the entry can stand at `at` behind commit `last`. It keeps the search below from computing CRCs of noise, and
// keeps out what was damaged and happens to fit. `follows`: directly behind that commit, so its number must follow,
// too.
bool plausible(const RawEntry& entry, std::uint64_t last, bool follows) {
    if (entry.kind == static_cast<std::uint8_t>(JournalEntry::Kind::commit)) {
        return follows ? entry.seq == last + 1 : entry.seq > last;
    }
    if (entry.kind == static_cast<std::uint8_t>(JournalEntry::Kind::refused)) {
        return follows ? entry.seq == last : entry.seq >= last;
    }
    return entry.kind == kGivenUp && entry.refers <= entry.seq && entry.refers >= last &&
           (!follows || entry.refers <= last + 1);
}

// What read_entry() would find at `at`, once its head says that it may be one.
std::optional<RawEntry> entry_at(Bytes file, std::uint64_t at, std::uint32_t seed, std::uint64_t last, bool follows) {
    const Bytes rest = file.subspan(at);
    if (rest.size() < kSmallestEntry) return std::nullopt;
    const std::uint32_t size = claimed_size(rest);
    if (size < kSmallestEntry || size > rest.size()) return std::nullopt;
    RawEntry head;
    std::memcpy(&head.seq, rest.data() + 8, 8);
    std::memcpy(&head.durable, rest.data() + 24, 8);
    head.kind = rest[32];
    std::memcpy(&head.refers, rest.data() + 40, 8);
    // An entry can be known durable up to where it begins itself, no further.
    if (!plausible(head, last, follows) || head.durable > at || head.durable % 8 != 0) return std::nullopt;
    return read_entry(rest, seed);
}

std::uint64_t behind_last_something(Bytes file, std::uint64_t from) {
    std::uint64_t end = file.size();
    while (end > from && file[end - 1] == 0) --end;
    return end;
}

}  // namespace

SegmentScan scan_segment(Bytes file, std::uint64_t first, std::uint32_t seed, bool is_last) {
    std::vector<Found> found;
    const std::uint64_t something = file.size() <= kBlock ? kBlock : behind_last_something(file, kBlock);
    std::uint64_t last = first - 1;
    std::uint64_t at = kBlock;
    std::uint64_t end = kBlock;  // of the entry before
    while (at < something) {
        const std::optional<RawEntry> entry = entry_at(file, at, seed, last, at == end);
        if (!entry) {
            at += 8;
            continue;
        }
        end = at + padded(entry->size);
        found.push_back({at, end, *entry});
        last = std::max(last, entry->seq);
        at = end;
    }
    // How far the segment was known to be durable by the entries from this one on.
    std::vector<std::uint64_t> durable(found.size() + 1, 0);
    for (std::size_t i = found.size(); i-- > 0;) durable[i] = std::max(durable[i + 1], found[i].raw.durable);

    SegmentScan scan;
    scan.last = first - 1;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const Found& entry = found[i];
        const bool is_commit = entry.raw.kind == static_cast<std::uint8_t>(JournalEntry::Kind::commit);
        const bool given_up = entry.raw.kind == kGivenUp;
        // The first number that this entry leaves nothing to be said about.
        const std::uint64_t speaks_from = given_up ? entry.raw.refers : is_commit ? entry.raw.seq : entry.raw.seq + 1;
        if (entry.begin > scan.end) {
            if (is_last && durable[i] <= scan.end) {
                scan.torn = true;
                break;
            }
            // An entry without a number of its own can be missing, too: what it said of the commit before it is lost.
            const bool numbers = speaks_from > scan.last + 1;
            const SeqRange lost{numbers ? scan.last + 1 : scan.last, numbers ? speaks_from - 1 : scan.last};
            scan.holes.push_back({scan.end, entry.begin, lost, false});
        }
        if (given_up) {
            scan.holes.push_back({entry.begin, entry.end, {entry.raw.refers, entry.raw.seq}, true});
        }
        scan.content = crc32c(scan.content, &entry.raw.crc, sizeof entry.raw.crc);
        scan.last = std::max(scan.last, entry.raw.seq);
        scan.end = entry.end;
        ++scan.entries;
    }
    scan.rubbish = something > scan.end ? something - scan.end : 0;
    return scan;
}

}  // namespace cairn::core::journal_format
