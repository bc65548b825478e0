#include "core/durability/journal_examine.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>

namespace cairn::core::journal_format {
namespace {

using journal_io::Failure;
using journal_io::File;

void read_header(const JournalCalls& calls, const std::string& folder, SegmentFile& segment) {
    const File file(calls, folder + "/" + segment.name, O_RDONLY);
    std::vector<std::uint8_t> block(kBlock);
    block.resize(file.read(block.data(), block.size(), 0));
    segment.bytes = file.size();
    segment.header = decode_header(block);
}

void scan(const JournalCalls& calls, const std::string& folder, SegmentFile& segment,
          const std::array<std::uint8_t, 16>& id, bool is_last) {
    // The writer may have been at it while it was read, which looks like a hole; a real one is still there next time.
    for (int tries = 0; tries < 3; ++tries) {
        const std::vector<std::uint8_t> bytes = journal_io::read_all(calls, folder + "/" + segment.name);
        segment.scan = scan_segment(bytes, segment.first, entry_seed(id, segment.first), is_last);
        if (segment.scan.holes.empty() && !segment.scan.torn) break;
    }
    segment.scanned = true;
    segment.last = segment.scan.last;
}

// The id that most segments carry; among equals that of the newest one.
std::optional<std::array<std::uint8_t, 16>> common_id(const std::vector<SegmentFile>& segments) {
    std::map<std::array<std::uint8_t, 16>, int> counts;
    std::optional<std::array<std::uint8_t, 16>> best;
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        if (segment->header) ++counts[segment->header->journal];
    }
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        if (!segment->header) continue;
        if (!best || counts[segment->header->journal] > counts[*best]) best = segment->header->journal;
    }
    return best;
}

class Examiner {
public:
    Examiner(const JournalCalls& calls, const std::string& folder, std::uint64_t full_above)
        : calls_(calls), folder_(folder), full_above_(full_above) {}

    Examination run() {
        for (const std::uint64_t first : list_segments(folder_)) {
            SegmentFile segment;
            segment.name = segment_name(first);
            segment.first = first;
            read_header(calls_, folder_, segment);
            segments_.push_back(std::move(segment));
        }
        found_.id = common_id(segments_);
        set_strangers_aside();
        read_segments();
        judge();
        report();
        return std::move(found_);
    }

private:
    void say(SeqRange lost, const std::string& why) {
        found_.survey.lost.push_back(lost);
        found_.survey.reasons.push_back(why);
    }

    std::string path(const SegmentFile& segment) const { return folder_ + "/" + segment.name; }

    // What the name of a file stands for, up to the next one.
    SeqRange stands_for(std::size_t i) const {
        return {segments_[i].first, i + 1 < segments_.size() ? segments_[i + 1].first - 1 : 0};
    }

    void set_strangers_aside() {
        std::vector<SegmentFile> kept;
        for (std::size_t i = 0; i < segments_.size(); ++i) {
            SegmentFile& segment = segments_[i];
            std::string why;
            if (!found_.id) {
                why = "has no readable header, and nothing else says which journal it belongs to";
            } else if (segment.header && segment.header->journal != *found_.id) {
                why = "belongs to another journal (" + id_text(segment.header->journal) + ", this one is " +
                      id_text(*found_.id) + ")";
            } else if (segment.header && segment.header->first != segment.first) {
                why = "is not what its name says: it begins with commit " + std::to_string(segment.header->first);
            } else if (!segment.header) {
                scan(calls_, folder_, segment, *found_.id, i + 1 == segments_.size());
                if (segment.scan.entries == 0) why = "is damaged from its beginning on";
            }
            if (why.empty()) {
                kept.push_back(std::move(segment));
                continue;
            }
            const SeqRange lost = stands_for(i);
            say(lost, path(segment) + " " + why + ": " + in_words(lost) + " cannot be read");
            found_.set_aside.push_back(std::move(segment));
        }
        segments_ = std::move(kept);
    }

    // The segment behind `i`, when it was begun behind this one.
    const SegmentHeader* successor(std::size_t i) const {
        if (i + 1 >= segments_.size() || !segments_[i + 1].header) return nullptr;
        const SegmentHeader& header = *segments_[i + 1].header;
        return header.previous_first == segments_[i].first ? &header : nullptr;
    }

    void read_segments() {
        for (std::size_t i = 0; i < segments_.size();) {
            SegmentFile& segment = segments_[i];
            const bool is_last = i + 1 == segments_.size();
            const SegmentHeader* behind = successor(i);
            if (!segment.scanned && behind && segment.header && behind->previous_last <= full_above_ &&
                behind->previous_last + 1 >= segment.first) {
                segment.last = behind->previous_last;
            } else if (!segment.scanned) {
                scan(calls_, folder_, segment, *found_.id, is_last);
            }
            const bool empty = segment.scanned && segment.scan.entries == 0 && segment.scan.rubbish == 0;
            if (empty && !is_last && !behind) {
                found_.unused.push_back(std::move(segment));
                segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(i));
                if (i > 0) --i;  // it has another neighbour now
                continue;
            }
            ++i;
        }
    }

    void judge_inside(SegmentFile& segment, const SegmentHeader* behind) {
        for (const SegmentScan::Hole& hole : segment.scan.holes) {
            say(hole.lost, hole.given_up
                               ? in_words(hole.lost) + " were given up when " + path(segment) +
                                     " was found damaged earlier; the damaged file is in " + folder_ + "/damaged"
                               : path(segment) + " is damaged from offset " + std::to_string(hole.begin) + " to " +
                                     std::to_string(hole.end) + ": " + in_words(hole.lost) + " cannot be read");
        }
        if (!segment.scanned || behind == nullptr) return;
        const std::uint64_t known = behind->previous_last;
        if (segment.scan.last < known) {
            segment.cut_short = {segment.scan.last + 1, known};
            say(segment.cut_short, path(segment) + " is damaged from offset " + std::to_string(segment.scan.end) +
                                       " to its end: " + in_words(segment.cut_short) + " cannot be read");
        }
    }

    // Whether the whole of a segment is not the one that was continued: it goes on where the next one has begun
    // already, or ends with other entries than that one was begun behind.
    bool is_substitute(std::size_t i, const SegmentHeader* behind) const {
        const SegmentFile& segment = segments_[i];
        if (i + 1 == segments_.size() || !segment.scanned) return false;
        if (segment.scan.last >= segments_[i + 1].first) return true;
        if (behind == nullptr) return false;
        return segment.scan.last > behind->previous_last ||
               (segment.scan.holes.empty() && segment.scan.last == behind->previous_last &&
                segment.scan.content != behind->previous_content);
    }

    void judge_gap(const SegmentFile& segment, const SegmentHeader* behind, const SegmentFile& next) {
        const std::uint64_t last = std::max(segment.last, segment.cut_short.last);
        if (next.first > last + 1) {
            const SeqRange lost{last + 1, next.first - 1};
            if (behind != nullptr && behind->previous_last == last) {
                found_.survey.skipped.push_back(lost);
            } else {
                say(lost, "a segment between " + path(segment) + " and " + path(next) +
                              " is missing: " + in_words(lost) + " cannot be found");
            }
        }
    }

    void judge() {
        for (std::size_t i = 0; i < segments_.size(); ++i) {
            const SegmentHeader* behind = successor(i);
            SegmentFile& segment = segments_[i];
            if (is_substitute(i, behind)) {
                const SeqRange lost = stands_for(i);
                say(lost, path(segment) + " is not the file that " + path(segments_[i + 1]) +
                              " was begun behind: " + in_words(lost) + " cannot be trusted");
                substitutes_.push_back(segment.first);
                continue;
            }
            judge_inside(segment, behind);
            if (i + 1 < segments_.size()) judge_gap(segment, behind, segments_[i + 1]);
        }
        for (SegmentFile& segment : segments_) {
            const bool out = std::find(substitutes_.begin(), substitutes_.end(), segment.first) != substitutes_.end();
            (out ? found_.set_aside : found_.segments).push_back(std::move(segment));
        }
    }

    void report() {
        JournalSurvey& survey = found_.survey;
        if (found_.id) survey.id = id_text(*found_.id);
        for (const SegmentFile& segment : found_.segments) {
            survey.segments.push_back({segment.name, segment.first, segment.last, segment.bytes});
        }
        if (!found_.segments.empty()) survey.torn_bytes = found_.segments.back().scan.rubbish;
    }

    const JournalCalls& calls_;
    const std::string& folder_;
    const std::uint64_t full_above_;
    std::vector<SegmentFile> segments_;
    std::vector<std::uint64_t> substitutes_;
    Examination found_;
};

}  // namespace

bool SegmentFile::wants_repair() const noexcept {
    const bool holes =
        std::any_of(scan.holes.begin(), scan.holes.end(), [](const SegmentScan::Hole& hole) { return !hole.given_up; });
    return holes || cut_short.last != 0 || !header;
}

Examination examine_journal(const JournalCalls& calls, const std::string& folder, std::uint64_t full_above) {
    // A segment can be pruned between the listing and the reading of it; then the listing is old.
    for (int tries = 0;; ++tries) {
        try {
            return Examiner(calls, folder, full_above).run();
        } catch (const Failure& failure) {
            if (failure.code().value() == ENOENT && tries < 10) continue;
            throw JournalError(JournalError::Kind::failed,
                               std::string("the journal cannot be read: ") + failure.what());
        }
    }
}

std::vector<std::uint64_t> list_segments(const std::string& folder) {
    std::vector<std::uint64_t> firsts;
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    if (error.value() == ENOENT) return firsts;
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        if (const auto first = segment_first(entry->path().filename().string())) firsts.push_back(*first);
    }
    if (error) {
        throw JournalError(JournalError::Kind::failed,
                           "the folder of the journal cannot be read: " + folder + ": " + error.message());
    }
    std::sort(firsts.begin(), firsts.end());
    return firsts;
}

std::string in_words(SeqRange range) {
    if (range.last == 0) return "all commits from " + std::to_string(range.first) + " on";
    if (range.first == range.last) return "commit " + std::to_string(range.first);
    return "commits " + std::to_string(range.first) + " to " + std::to_string(range.last);
}

}  // namespace cairn::core::journal_format

namespace cairn::core {

JournalSurvey survey_journal(const std::string& folder, std::uint64_t above) {
    return journal_format::examine_journal(system_calls(), folder, above).survey;
}

}  // namespace cairn::core
