// Arbitrary bytes as segments of a journal: whatever they are, nothing crashes, no entry is accepted whose CRC is
// wrong, a survey and a reader agree, and a journal that is opened with its losses accepted is whole afterwards.
//
// The first byte says what the others are: 0 entries behind a good header, 1 a file, 2 entries whose CRCs are put right
// first (so that what they hold is looked at, too), 3 as 2, in two segments.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>

#include "core/durability/crc32c.hpp"
#include "core/durability/journal.hpp"
#include "core/durability/journal_examine.hpp"
#include "core/durability/journal_format.hpp"

namespace {

using namespace cairn::core;
using namespace cairn::core::journal_format;
namespace fs = std::filesystem;

void must_hold(bool condition, int line = __builtin_LINE()) {
    if (condition) return;
    std::fprintf(stderr, "journal_fuzz.cpp:%d does not hold\n", line);
    std::abort();
}

const std::array<std::uint8_t, 16> kId{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

// A folder of this process, in memory where that is possible.
class Folder {
public:
    Folder()
        : path_(std::string(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/cairn-fuzz-journal-XXXXXX") {
        must_hold(::mkdtemp(path_.data()) != nullptr);
    }
    ~Folder() { fs::remove_all(path_); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

const std::string& folder() {
    static const Folder kFolder;
    return kFolder.path();
}

std::uint32_t entry_crc(const std::uint8_t* entry, std::uint32_t size, std::uint32_t seed) {
    const std::uint32_t crc = crc32c_portable(seed, entry, 4);
    return crc32c_portable(crc, entry + 8, size - 8);
}

// Walks over what look like entries by their sizes and gives each the CRC that it needs.
void put_crcs_right(std::vector<std::uint8_t>& file, std::uint32_t seed) {
    for (std::size_t at = kBlock; at + kSmallestEntry <= file.size();) {
        std::uint32_t size = 0;
        std::memcpy(&size, file.data() + at, 4);
        if (size < kSmallestEntry || size > file.size() - at) {
            at += 8;
            continue;
        }
        const std::uint32_t crc = entry_crc(file.data() + at, size, seed);
        std::memcpy(file.data() + at + 4, &crc, 4);
        at += padded(size);
    }
}

// The numbers of everything in a file that is an entry by its CRC, found in another way than the code under test does.
void collect(const std::vector<std::uint8_t>& file, std::uint32_t seed, std::set<std::uint64_t>& seqs) {
    for (std::size_t at = kBlock; at + kSmallestEntry <= file.size(); at += 8) {
        std::uint32_t size = 0;
        std::uint32_t crc = 0;
        std::uint64_t seq = 0;
        std::memcpy(&size, file.data() + at, 4);
        std::memcpy(&crc, file.data() + at + 4, 4);
        std::memcpy(&seq, file.data() + at + 8, 8);
        if (size < kSmallestEntry || size > file.size() - at) continue;
        if (entry_crc(file.data() + at, size, seed) == crc) seqs.insert(seq);
    }
}

void write_file(std::uint64_t first, const std::vector<std::uint8_t>& bytes) {
    std::ofstream(folder() + "/" + segment_name(first), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::uint8_t> segment_of(std::uint64_t first, std::uint64_t previous_first, std::uint64_t previous_last,
                                     const std::uint8_t* entries, std::size_t size, bool right) {
    SegmentHeader header;
    header.journal = kId;
    header.first = first;
    header.previous_first = previous_first;
    header.previous_last = previous_last;
    std::vector<std::uint8_t> file = encode_header(header);
    file.insert(file.end(), entries, entries + size);
    if (right) put_crcs_right(file, entry_seed(kId, first));
    return file;
}

// Everything a reader delivers is an entry by its CRC; it comes to an end.
std::size_t read_everything(const std::set<std::uint64_t>& seqs, bool known) {
    std::size_t delivered = 0;
    std::uint64_t last = 0;
    try {
        JournalReader reader(folder(), 1);
        for (int steps = 0;; ++steps) {
            must_hold(steps < 100000);
            try {
                const JournalEntry* entry = reader.next();
                if (entry == nullptr) break;
                must_hold(!known || seqs.count(entry->seq) == 1);
                if (entry->kind == JournalEntry::Kind::commit) {
                    must_hold(entry->seq > last);
                    last = entry->seq;
                }
                for (const JournalChange& change : entry->changes) {
                    static volatile std::size_t sink = 0;
                    sink = sink + change.table.size() + change.key.size() + change.row.size();
                }
                ++delivered;
            } catch (const JournalError& error) {
                if (error.kind() == JournalError::Kind::failed) throw;
            }
        }
    } catch (const JournalError&) {
        // It does not reach back to 1, or is of a version that is not known.
    }
    return delivered;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 16 * 1024) return 0;
    const int mode = data[0] % 4;
    ++data;
    --size;
    for (const auto& entry : fs::directory_iterator(folder())) fs::remove_all(entry.path());
    std::set<std::uint64_t> seqs;
    const bool known = mode != 1;
    if (mode == 1) {
        write_file(1, std::vector<std::uint8_t>(data, data + size));
    } else {
        // The second segment begins in the middle, with the number that the last eight bytes say.
        const std::size_t cut = mode == 3 ? size / 2 / 8 * 8 : size;
        const auto file = segment_of(1, 0, 0, data, cut, mode != 0);
        collect(file, entry_seed(kId, 1), seqs);
        write_file(1, file);
        if (mode == 3) {
            std::uint64_t first = 2;
            if (size >= 8) std::memcpy(&first, data + size - 8, 8);
            first = 2 + first % 64;
            const auto second = segment_of(first, 1, first - 1, data + cut, size - cut, true);
            collect(second, entry_seed(kId, first), seqs);
            write_file(first, second);
        }
    }

    JournalSurvey survey;
    try {
        survey = survey_journal(folder());
    } catch (const JournalError& error) {
        must_hold(error.kind() == JournalError::Kind::failed && mode == 1);  // a version that is not known
        return 0;
    }
    must_hold(survey.lost.size() == survey.reasons.size());
    read_everything(seqs, known);

    Journal::Options options;
    options.folder = folder();
    options.segment_bytes = 32 * 1024;
    options.allow_loss = true;
    std::uint64_t last = 0;
    try {
        Journal journal(options, 1, 0);
        last = journal.last();
        must_hold(journal.survey().lost.size() >= survey.lost.size());
        if (last < UINT64_MAX - 1) {
            JournalEntry entry;
            entry.seq = last + 1;
            entry.actor = "fuzz";
            journal.append({&entry, 1});
            journal.sync();
            must_hold(journal.durable() == last + 1);
        }
    } catch (const JournalError& error) {
        must_hold(error.kind() == JournalError::Kind::failed && mode == 1);
        return 0;
    }
    // What was given up stays known; nothing is torn and nothing wants a repair any more.
    const Examination after = examine_journal(system_calls(), folder(), 0);
    must_hold(after.survey.torn_bytes == 0 && after.set_aside.empty() && after.unused.empty());
    for (const SegmentFile& segment : after.segments) must_hold(!segment.wants_repair());
    if (last < UINT64_MAX - 1) must_hold(after.survey.last() == last + 1);
    seqs.insert(last + 1);
    must_hold(read_everything(seqs, known) > 0 || after.survey.first() > 1 || last >= UINT64_MAX - 1);
    return 0;
}
