#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::core {

/// One row put, erased or added to, as the journal keeps it: replaying it needs no plugin.
struct JournalChange {
    std::string_view table;
    std::string_view key;  ///< JSON
    std::string_view row;  ///< as Change::row: JSON; empty: erased; `+…`: an addition
};

/// One entry of the journal. The views are valid as long as what they were taken from (see the functions).
struct JournalEntry {
    enum class Kind : std::uint8_t {
        commit = 1,   ///< changes that belong together
        refused = 2,  ///< the commit `refers` was refused by the store for good; replay leaves it out
    };
    std::uint64_t seq = 0;     ///< of a commit; entries of other kinds carry the number of the commit before them
    std::int64_t time_us = 0;  ///< microseconds since 1970 UTC by the wall clock, which may jump: `seq` orders
    Kind kind = Kind::commit;
    std::uint64_t refers = 0;
    std::string_view actor;
    std::string_view operation;
    std::string_view answer;
    std::vector<JournalChange> changes;
};

/// Numbers of commits, both ends included.
struct SeqRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// The system calls that the journal makes (journal_io.hpp).
struct JournalCalls;

/// Why the journal cannot do what it was asked for.
class JournalError : public std::runtime_error {
public:
    enum class Kind : std::uint8_t {
        full,     ///< no space on the disk or the limit of `max_bytes`: nothing was written, may be tried again
        failed,   ///< the disk failed (EIO): what was not acknowledged may or may not be there; never write to it again
        damaged,  ///< entries in the middle cannot be read
        missing,  ///< segments are not there, or belong to another journal
    };
    JournalError(Kind kind, const std::string& message, std::vector<SeqRange> lost = {})
        : std::runtime_error(message), kind_(kind), lost_(std::move(lost)) {}
    Kind kind() const noexcept { return kind_; }
    /// Commits that cannot be read any more.
    const std::vector<SeqRange>& lost() const noexcept { return lost_; }

private:
    Kind kind_;
    std::vector<SeqRange> lost_;
};

/// What lies in a journal's folder. Reading it changes nothing.
struct JournalSurvey {
    struct Segment {
        std::string file;  ///< name without the folder
        std::uint64_t first = 0;
        std::uint64_t last = 0;  ///< first - 1: empty
        std::uint64_t bytes = 0;
    };
    std::string id;  ///< of the journal; empty: there is none
    std::vector<Segment> segments;
    std::uint64_t torn_bytes = 0;  ///< at the end of the last segment, never acknowledged
    std::vector<SeqRange> lost;    ///< damaged or missing in the middle; `last` of the final range may be unknown (0)
    /// Numbers that were never in the journal because the store held them already (Journal::skip_to).
    std::vector<SeqRange> skipped;
    std::vector<std::string> reasons;  ///< one sentence per damage, naming file and place
    std::uint64_t first() const noexcept { return segments.empty() ? 0 : segments.front().first; }
    std::uint64_t last() const noexcept { return segments.empty() ? 0 : segments.back().last; }
};

/// Checks every entry in `folder`, of segments with nothing above commit `above` only the headers, and that each
/// segment follows the one before. May run beside the writer. Throws JournalError(failed) when a file cannot be read.
/// [any]
JournalSurvey survey_journal(const std::string& folder, std::uint64_t above = 0);

/// The append-only file behind every acknowledgement: segments of entries with a CRC each, one fdatasync per group.
///
/// A segment is `segment-<first seq, 20 digits>.cjl`, preallocated, mode 0600: a header (magic, version, journal id,
/// first seq, what the segment before was) and entries {length u32, crc32c u32, seq u64, time u64, durable u64,
/// payload}, each 8-byte aligned, little endian. `durable` says how much of the segment had been synced when the entry
/// was written: by it a torn tail (never acknowledged, cut and reported) is told from damage (acknowledged, never cut
/// in silence). docs/decisions/0010-journal.md has the whole of it.
///
/// All calls of append() and sync() from one thread; readers and figures from any.
class Journal {
public:
    struct Options {
        std::string folder;
        std::size_t segment_bytes = 16u << 20;
        std::uint64_t max_bytes = 8ull << 30;
        /// Open although entries are lost; they stay named in survey(). The damaged segments are moved to `damaged/`.
        bool allow_loss = false;
        const JournalCalls* calls = nullptr;  ///< for tests; nullptr: the system's
    };

    /// Opens the journal, or makes it with its first entry to be `next` when the folder holds none. Throws
    /// JournalError: damaged or missing with the lost ranges, unless all of them are at or below `store_has` (the store
    /// holds those, so they only limit how far back one can restore) or allow_loss. [control]
    Journal(Options options, std::uint64_t next, std::uint64_t store_has);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    const std::string& id() const noexcept;
    /// What open found. [any]
    const JournalSurvey& survey() const noexcept;
    /// The last commit in it; first - 1 when it is empty. [any]
    std::uint64_t last() const noexcept;
    /// The last commit that survives power loss. [any]
    std::uint64_t durable() const noexcept;
    /// The first commit that can still be read. [any]
    std::uint64_t first() const noexcept;
    /// What the segments take on the disk, preallocated space included. [any]
    std::uint64_t bytes() const noexcept;

    /// Writes entries (commits with consecutive numbers after last(), else std::invalid_argument) without syncing.
    /// Throws JournalError(full): none of them is in the journal and appending may be tried again;
    /// JournalError(failed): see there. Entries of other kinds get the number of the commit before them, whatever
    /// theirs. [journal writer]
    void append(std::span<const JournalEntry> entries);
    /// Makes all that was appended durable. Throws JournalError(failed); never retried on the same file. [journal
    /// writer]
    void sync();
    /// Starts a new segment whose first entry will be `next`, above last() + 1: the numbers between are in the store
    /// and not in the journal. [control]
    void skip_to(std::uint64_t next);
    /// Deletes whole segments of commits up to `seq`, oldest first, never the one being written. Returns the bytes
    /// freed. A file that cannot be deleted stays, with those behind it, for the next time. [any]
    std::uint64_t prune(std::uint64_t seq);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Reads a journal from a number on, also while it is being written, up to what is in the files: that may be more than
/// durable(), and an append that fails takes back what it wrote; who reads beside the writer gives a `limit`. [any],
/// one thread
class JournalReader {
public:
    /// Throws JournalError(missing) when the journal does not reach back to `from`.
    JournalReader(std::string folder, std::uint64_t from);
    ~JournalReader();
    JournalReader(JournalReader&&) noexcept;
    /// The next entry (any kind), or nullptr at the end of what is there. Valid until the next call. Entries whose
    /// commits have numbers above `limit` are not read. Throws JournalError(damaged or missing) where commits cannot be
    /// read or were never in the journal (skip_to), once for each place, with their numbers; the call after it goes on
    /// behind them.
    const JournalEntry* next(std::uint64_t limit = UINT64_MAX);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
