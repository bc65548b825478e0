#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "core/durability/journal_examine.hpp"
#include "core/durability/journal_format.hpp"
#include "core/durability/journal_io.hpp"

namespace cairn::core {
namespace {

using namespace journal_format;
using journal_io::Failure;
using journal_io::File;

constexpr std::size_t kBuffer = 1u << 20;

// A part of a file in memory.
class Window {
public:
    // The bytes from `at` on: at least `size` when the file has them.
    Bytes see(const File& file, std::uint64_t at, std::size_t size) {
        if (at >= begin_ && at + size <= begin_ + bytes_.size()) return Bytes(bytes_).subspan(at - begin_);
        begin_ = at;
        bytes_.resize(std::max(size, kBuffer));
        bytes_.resize(file.read(bytes_.data(), bytes_.size(), at));
        return bytes_;
    }
    // What was read at the end of a file that grows is old.
    void forget() { bytes_.clear(); }

private:
    std::uint64_t begin_ = 0;
    std::vector<std::uint8_t> bytes_;
};

}  // namespace

struct JournalReader::State {
    State(std::string in, std::uint64_t begin) : folder(std::move(in)), from(begin), expected(begin) {
        const std::vector<std::uint64_t> firsts = list_segments(folder);
        const bool reaches = !firsts.empty() && firsts.front() <= from;
        if (reaches && begin_segment(*std::prev(std::upper_bound(firsts.begin(), firsts.end(), from)))) return;
        const std::string begins = firsts.empty() ? " is empty"
                                   : reaches      ? " was pruned just now"
                                                  : " begins with commit " + std::to_string(firsts.front());
        throw JournalError(
            JournalError::Kind::missing,
            "the journal in " + folder + begins + " and does not reach back to commit " + std::to_string(from),
            {{from, reaches          ? from
                    : firsts.empty() ? 0
                                     : firsts.front() - 1}});
    }

    template <class Call>
    static auto guarded(Call call) {
        try {
            return call();
        } catch (const Failure& failure) {
            throw JournalError(JournalError::Kind::failed,
                               std::string("the journal cannot be read: ") + failure.what());
        }
    }

    // False: it was pruned before it could be opened.
    bool begin_segment(std::uint64_t begin) {
        File next;
        try {
            next = File(system_calls(), folder + "/" + segment_name(begin), O_RDONLY);
        } catch (const Failure& failure) {
            if (failure.code().value() != ENOENT) throw;
            return false;
        }
        window.forget();
        const std::optional<SegmentHeader> header = decode_header(window.see(next, 0, kBlock));
        if (!header && !id) id = examine_journal(system_calls(), folder, UINT64_MAX).id;
        if (header && (header->first != begin || (id && *id != header->journal))) {
            throw JournalError(JournalError::Kind::missing, next.path() + " does not belong to this journal",
                               {{expected, 0}});
        }
        if (header) id = header->journal;
        file = std::move(next);
        first = begin;
        seed = entry_seed(id.value_or(std::array<std::uint8_t, 16>{}), begin);
        at = kBlock;
        return true;
    }

    std::optional<RawEntry> here() {
        Bytes bytes = window.see(file, at, kSmallestEntry);
        if (bytes.size() < kSmallestEntry) return std::nullopt;
        const std::uint32_t size = claimed_size(bytes);
        if (size < kSmallestEntry) return std::nullopt;
        if (bytes.size() < size) {
            if (at + size > file.size()) return std::nullopt;
            bytes = window.see(file, at, size);
        }
        return read_entry(bytes, seed);
    }

    // The number with which the segment behind this one begins.
    std::optional<std::uint64_t> following() const {
        const std::vector<std::uint64_t> firsts = list_segments(folder);
        const auto next = std::upper_bound(firsts.begin(), firsts.end(), first);
        return next == firsts.end() ? std::nullopt : std::optional(*next);
    }

    [[noreturn]] void lost(JournalError::Kind kind, SeqRange range, const std::string& why) {
        expected = std::max(expected, range.last + 1);
        throw JournalError(kind, why + ": " + in_words(range) + " cannot be read", {range});
    }

    // Nothing can be read at `at`. True: now there can.
    bool past_unreadable(std::uint64_t limit) {
        window.forget();
        if (here()) return true;
        const std::optional<std::uint64_t> next = following();
        window.forget();
        if (next && here()) return true;  // written before the segment behind was begun
        if (!next && looked_at == at && (limit == UINT64_MAX || expected > limit)) return false;
        const std::vector<std::uint8_t> bytes = journal_io::read_all(file);
        const SegmentScan scan = scan_segment(bytes, first, seed, !next);
        const auto hole = std::find_if(scan.holes.begin(), scan.holes.end(), [&](const SegmentScan::Hole& each) {
            return each.begin == at && !each.given_up;
        });
        window.forget();
        if (hole != scan.holes.end()) {
            if (here()) return true;  // it was being written while the whole was read
            at = hole->end;
            if (hole->lost.last < from) return true;
            lost(JournalError::Kind::damaged, {std::max(hole->lost.first, from), hole->lost.last},
                 file.path() + " is damaged from offset " + std::to_string(hole->begin) + " to " +
                     std::to_string(hole->end));
        }
        if (!next) {
            looked_at = at;
            return false;
        }
        const std::string before = file.path();
        if (!begin_segment(*next)) return true;
        if (*next > expected) {
            lost(JournalError::Kind::missing, {expected, *next - 1}, "between " + before + " and " + file.path());
        }
        return true;
    }

    void pass(const RawEntry& raw) { at += padded(raw.size); }

    // An entry that says that commits were given up.
    void give_up(const RawEntry& raw) {
        pass(raw);
        if (raw.seq < from) return;
        lost(JournalError::Kind::missing, {raw.seq < expected ? raw.refers : expected, raw.seq},
             file.path() + " was found damaged earlier");
    }

    const JournalEntry* next(std::uint64_t limit) {
        while (true) {
            const std::optional<RawEntry> raw = here();
            if (!raw) {
                if (past_unreadable(limit)) continue;
                window.forget();
                return nullptr;
            }
            if (raw->seq > limit) return nullptr;
            const bool is_commit = raw->kind == static_cast<std::uint8_t>(JournalEntry::Kind::commit);
            if (raw->seq < from || (is_commit && raw->seq < expected)) {
                pass(*raw);
                continue;
            }
            if (raw->kind == kGivenUp) {
                give_up(*raw);
                continue;
            }
            const std::uint64_t speaks_from = is_commit ? raw->seq : raw->seq + 1;
            if (speaks_from > expected) {
                lost(JournalError::Kind::missing, {expected, speaks_from - 1},
                     file.path() + " jumps at offset " + std::to_string(at));
            }
            pass(*raw);
            if (!decode_entry(*raw, entry)) {
                lost(JournalError::Kind::damaged, {raw->seq, raw->seq},
                     file.path() + " holds before offset " + std::to_string(at) + " what is no commit");
            }
            if (is_commit) expected = raw->seq + 1;
            return &entry;
        }
    }

    const std::string folder;
    const std::uint64_t from;
    std::uint64_t expected;  ///< the next commit that has not been delivered or said to be lost
    std::optional<std::array<std::uint8_t, 16>> id;
    File file;
    std::uint64_t first = 0;  ///< of the segment
    std::uint32_t seed = 0;
    std::uint64_t at = 0;
    std::uint64_t looked_at = 0;  ///< an end at which nothing was found behind
    Window window;
    JournalEntry entry;
};

JournalReader::JournalReader(std::string folder, std::uint64_t from)
    : state_(State::guarded([&] { return std::make_unique<State>(std::move(folder), from); })) {}

JournalReader::~JournalReader() = default;
JournalReader::JournalReader(JournalReader&&) noexcept = default;

const JournalEntry* JournalReader::next(std::uint64_t limit) {
    return State::guarded([&] { return state_->next(limit); });
}

}  // namespace cairn::core
