#include "core/durability/journal_repair.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace cairn::core::journal_format {
namespace {

using journal_io::Failure;
using journal_io::File;

// A name in damaged/ that nothing has yet.
std::string place_in(const std::string& folder, const std::string& name) {
    std::string path = folder + "/" + name;
    std::error_code ignored;
    for (int i = 2; std::filesystem::exists(path, ignored); ++i) path = folder + "/" + name + "." + std::to_string(i);
    return path;
}

void keep(const JournalCalls& calls, const std::string& folder, const std::string& name) {
    const std::string damaged = folder + "/damaged";
    journal_io::make_folder(calls, damaged);
    const std::string to = place_in(damaged, name);
    if (calls.link((folder + "/" + name).c_str(), to.c_str()) != 0) {
        throw Failure(errno, std::generic_category(), "link " + to);
    }
    journal_io::sync_folder(calls, damaged);
}

// What `segment` is replaced by: what can be read of it, with a note in each hole.
std::vector<std::uint8_t> repaired(const std::vector<std::uint8_t>& bytes, const SegmentFile& segment,
                                   std::uint32_t seed, const SegmentHeader& header) {
    std::vector<std::uint8_t> result = encode_header(header);
    std::uint64_t from = kBlock;
    const auto copy_to = [&](std::uint64_t to) {
        // The padding of the last entry may be beyond the end of a file that was cut.
        to = std::min<std::uint64_t>(to, bytes.size());
        result.insert(result.end(), bytes.begin() + static_cast<std::ptrdiff_t>(from),
                      bytes.begin() + static_cast<std::ptrdiff_t>(to));
    };
    const auto note = [&](SeqRange lost, std::uint64_t size) {
        const std::vector<std::uint8_t> entry = encode_given_up(lost, size, result.size(), seed);
        result.insert(result.end(), entry.begin(), entry.end());
    };
    for (const SegmentScan::Hole& hole : segment.scan.holes) {
        if (hole.given_up) continue;
        copy_to(hole.begin);
        // A hole without room for a note moves what lies behind it.
        note(hole.lost, std::max<std::uint64_t>(hole.end - hole.begin, kSmallestEntry));
        from = hole.end;
    }
    if (segment.scan.end > from) copy_to(segment.scan.end);
    result.resize(padded(result.size()));
    if (segment.cut_short.last != 0) note(segment.cut_short, kSmallestEntry);
    return result;
}

}  // namespace

void repair_journal(const JournalCalls& calls, const std::string& folder, const Examination& found) {
    for (const SegmentFile& stranger : found.set_aside) {
        keep(calls, folder, stranger.name);
        journal_io::remove_file(calls, folder + "/" + stranger.name);
    }
    for (const SegmentFile& unused : found.unused) journal_io::remove_file(calls, folder + "/" + unused.name);
    for (std::size_t i = 0; i < found.segments.size(); ++i) {
        const SegmentFile& segment = found.segments[i];
        if (!segment.wants_repair()) continue;
        SegmentHeader header;
        if (segment.header) {
            header = *segment.header;
        } else {
            header.journal = *found.id;
            header.first = segment.first;
            if (i > 0) {
                header.previous_first = found.segments[i - 1].first;
                header.previous_last = found.segments[i - 1].last;
                header.previous_content = found.segments[i - 1].scan.content;
            }
        }
        const std::string path = folder + "/" + segment.name;
        const std::vector<std::uint8_t> bytes =
            repaired(journal_io::read_all(calls, path), segment, entry_seed(*found.id, segment.first), header);
        const std::string beside = folder + "/repaired.tmp";
        {
            const File file(calls, beside, O_RDWR | O_CREAT | O_TRUNC);
            file.write(bytes.data(), bytes.size(), 0);
            file.sync_data();
        }
        keep(calls, folder, segment.name);
        journal_io::rename_file(calls, beside, path);
    }
    journal_io::sync_folder(calls, folder);
}

void settle_last_segment(const File& file, const SegmentScan& scan) {
    std::vector<std::uint8_t> bytes(std::min(scan.end, file.size()));
    bytes.resize(file.read(bytes.data(), bytes.size(), 0));
    file.write(bytes.data(), bytes.size(), 0);
    if (scan.rubbish > 0) file.write_zeros(scan.end, scan.end + scan.rubbish);
    file.sync_data();
}

}  // namespace cairn::core::journal_format
