#include "core/durability/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <cairn/error.hpp>
#include <cairn/failpoint.hpp>
#include <cairn/uuid.hpp>

#include "core/durability/crc32c.hpp"
#include "core/durability/journal_examine.hpp"
#include "core/durability/journal_format.hpp"
#include "core/durability/journal_io.hpp"
#include "core/durability/journal_repair.hpp"

namespace cairn::core {
namespace {

using namespace journal_format;
using journal_io::Failure;
using journal_io::File;
using Kind = JournalError::Kind;

struct Segment {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;
};

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string joined(const std::vector<std::string>& sentences) {
    std::string text;
    constexpr std::size_t kShown = 5;
    for (std::size_t i = 0; i < sentences.size() && i < kShown; ++i) text += (i == 0 ? "" : "; ") + sentences[i];
    if (sentences.size() > kShown) text += "; and " + std::to_string(sentences.size() - kShown) + " more";
    return text;
}

constexpr const char* kCure =
    ". Restore with `cairn restore FILE --latest` what a backup reaches, or start with durability.allow_loss: true to "
    "go "
    "on without them";

/// Holds a folder for this process. The lock is that of the folder itself, so that nobody can delete it.
class FolderLock {
public:
    /// False: somebody else holds it.
    bool take(const std::string& folder) {
        constexpr int kTries = 8;  // a process that was just killed may hold it for a moment longer
        constexpr auto kPause = std::chrono::milliseconds(100);
        fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (int tries = 0; fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
            if (errno != EWOULDBLOCK) return true;  // this file system does not lock folders
            if (tries == kTries) return false;
            std::this_thread::sleep_for(kPause);
        }
        return true;
    }
    FolderLock() = default;
    ~FolderLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int fd_ = -1;
};

}  // namespace

struct Journal::State {
    State(Options given, std::uint64_t next, std::uint64_t store_has)
        : options(std::move(given)), calls(options.calls != nullptr ? *options.calls : system_calls()) {
        while (options.folder.size() > 1 && options.folder.back() == '/') options.folder.pop_back();
        options.segment_bytes = std::max<std::size_t>(options.segment_bytes, 2 * kBlock);
        try {
            open(next, store_has);
        } catch (const Failure& failure) {
            throw JournalError(journal_io::is_full(failure) ? Kind::full : Kind::failed,
                               "the journal in " + options.folder + " cannot be opened: " + failure.what());
        }
    }

    std::string path(std::uint64_t segment_begin) const { return options.folder + "/" + segment_name(segment_begin); }

    // A segment has this name until its header is on the disk.
    std::string prepared() const { return options.folder + "/prepared.tmp"; }

    // ---- Opening

    void open(std::uint64_t next, std::uint64_t store_has) {
        journal_io::make_folder(calls, options.folder);
        if (!folder_lock.take(options.folder)) {
            throw JournalError(Kind::failed, "the journal in " + options.folder +
                                                 " is in use by another process. Stop that one, or give each server a "
                                                 "durability.journal.folder of its own");
        }
        journal_io::remove_file(calls, prepared());
        journal_io::remove_file(calls, options.folder + "/repaired.tmp");
        Examination found = examine_journal(calls, options.folder, store_has);
        look_before_the_first(found, store_has);
        refuse_losses(found, store_has);
        survey = found.survey;
        const bool repairs = !found.set_aside.empty() || !found.unused.empty() ||
                             std::any_of(found.segments.begin(), found.segments.end(),
                                         [](const SegmentFile& segment) { return segment.wants_repair(); });
        if (repairs) {
            repair_journal(calls, options.folder, found);
            found = examine_journal(calls, options.folder, store_has);
        }
        id = found.id ? *found.id : id_bytes(new_uuid());
        id_as_text = id_text(id);
        for (const SegmentFile& segment : found.segments) {
            segments.push_back({segment.first, segment.last, segment.bytes});
            bytes += segment.bytes;
        }
        if (found.segments.empty()) {
            std::uint64_t begin = std::max<std::uint64_t>(next, 1);
            for (const SeqRange& lost : survey.lost) begin = std::max({begin, lost.first, lost.last + 1});
            last = durable = begin - 1;
            start_segment(begin, 0);
        } else {
            go_on(found.segments.back());
        }
        if (survey.id.empty()) survey.id = id_as_text;
    }

    // What the store lacks and the journal does not reach back to.
    void look_before_the_first(Examination& found, std::uint64_t store_has) const {
        std::uint64_t first = UINT64_MAX;
        for (const auto* files : {&found.segments, &found.set_aside}) {
            for (const SegmentFile& segment : *files) first = std::min(first, segment.first);
        }
        if (first == UINT64_MAX || first <= store_has + 1) return;
        const SeqRange lost{store_has + 1, first - 1};
        found.survey.lost.insert(found.survey.lost.begin(), lost);
        found.survey.reasons.insert(found.survey.reasons.begin(),
                                    "the journal in " + options.folder + " begins with commit " +
                                        std::to_string(first) + ", and the store ends with commit " +
                                        std::to_string(store_has) + ": " + in_words(lost) + " cannot be found");
    }

    void refuse_losses(const Examination& found, std::uint64_t store_has) const {
        const JournalSurvey& seen = found.survey;
        const bool store_holds_them = std::all_of(seen.lost.begin(), seen.lost.end(), [&](const SeqRange& lost) {
            return lost.last != 0 && lost.last <= store_has;
        });
        if (store_holds_them || options.allow_loss) return;
        std::vector<SeqRange> lost;
        for (const SeqRange& range : seen.lost) {
            if (range.last == 0 || range.last > store_has) lost.push_back(range);
        }
        const bool damage = std::any_of(found.segments.begin(), found.segments.end(),
                                        [](const SegmentFile& segment) { return segment.wants_repair(); });
        throw JournalError(damage ? Kind::damaged : Kind::missing, joined(seen.reasons) + kCure, lost);
    }

    void go_on(const SegmentFile& segment) {
        file = File(calls, path(segment.first), O_RDWR);
        settle_last_segment(file, segment.scan);
        header = *segment.header;
        seed = entry_seed(id, header.first);
        at = synced_to = segment.scan.end;
        room = std::max(segment.bytes, at);
        content = segment.scan.content;
        entries = segment.scan.entries;
        last = durable = segment.last;
    }

    // ---- Writing

    [[noreturn]] void fail(const std::string& why) {
        failure_text = why;
        throw JournalError(Kind::failed, why +
                                             ". Nothing is written to the journal any more; start again to see what is "
                                             "in it, and look at the disk");
    }

    [[noreturn]] void give_up(const Failure& failure) {
        if (journal_io::is_full(failure)) {
            throw JournalError(Kind::full, std::string("the journal has no space: ") + failure.what());
        }
        fail(std::string("the journal failed: ") + failure.what());
    }

    void must_work() const {
        if (!failure_text.empty()) throw JournalError(Kind::failed, failure_text);
    }

    void sync_file() {
        if (synced_to == at) return;
        try {
            file.sync_data();
        } catch (const Failure& failure) {
            fail(std::string("the journal failed: ") + failure.what());
        }
        synced_to = at;
        durable = last.load();
    }

    // Goes over to a new segment with at least `need` bytes for entries. Nothing has changed when it throws `full`.
    void start_segment(std::uint64_t first, std::uint64_t need) {
        if (file.is_open()) sync_file();
        const std::uint64_t size = std::max<std::uint64_t>(options.segment_bytes, kBlock + padded(need));
        const bool replaces = file.is_open() && entries == 0;
        const std::uint64_t others = bytes - (replaces ? room : 0);
        if (file.is_open() && others + size > options.max_bytes) {
            throw JournalError(Kind::full, "the journal has reached durability.journal.max_disk (" +
                                               std::to_string(options.max_bytes) + " bytes) in " + options.folder +
                                               ", and the store does not hold its oldest commits yet");
        }
        if (replaces && first == header.first) return grow(size);
        SegmentHeader fresh;
        fresh.journal = id;
        fresh.first = first;
        fresh.made_us = now_us();
        if (replaces) {
            fresh.previous_first = header.previous_first;
            fresh.previous_last = header.previous_last;
            fresh.previous_content = header.previous_content;
        } else if (file.is_open()) {
            fresh.previous_first = header.first;
            fresh.previous_last = last;
            fresh.previous_content = content;
        }
        const std::vector<std::uint8_t> block = encode_header(fresh);
        File next;
        bool renamed = false;
        try {
            next = File(calls, prepared(), O_RDWR | O_CREAT | O_TRUNC);
            next.allocate(size);
            next.write(block.data(), block.size(), 0);
            next.sync_data();
            journal_io::rename_file(calls, next.path(), path(first));
            renamed = true;
            next.set_path(path(first));
            journal_io::sync_folder(calls, options.folder);
            if (replaces) {
                journal_io::remove_file(calls, path(header.first));
                journal_io::sync_folder(calls, options.folder);
            }
        } catch (const Failure& failure) {
            if (renamed) fail(std::string("the journal failed: ") + failure.what());
            try {
                journal_io::remove_file(calls, prepared());
            } catch (const Failure&) {
                // The next one is written over it.
            }
            give_up(failure);
        }
        take_over(std::move(next), fresh, replaces);
    }

    // The segment is empty and too small for what comes.
    void grow(std::uint64_t size) {
        try {
            file.allocate(size);
        } catch (const Failure& failure) {
            if (!journal_io::is_full(failure)) give_up(failure);
            try {
                file.truncate(room);
            } catch (const Failure&) {
                // It only takes space, and bytes() does not count it.
            }
            give_up(failure);
        }
        const std::lock_guard lock(mutex);
        bytes += size - room;
        segments.back().bytes = size;
        room = size;
    }

    void take_over(File next, const SegmentHeader& fresh, bool replaces) {
        const std::uint64_t size = next.size();
        std::uint64_t old_size = room;
        if (file.is_open() && !replaces) {
            try {
                file.truncate(at);  // what was reserved and is not needed
                old_size = at;
            } catch (const Failure&) {
                // It only takes space.
            }
        }
        const std::lock_guard lock(mutex);
        if (file.is_open()) {
            bytes -= replaces ? room : room - old_size;
            segments.back().bytes = old_size;
            segments.back().last = last;
            if (replaces) segments.pop_back();
        }
        segments.push_back({fresh.first, fresh.first - 1, size});
        bytes += size;
        file = std::move(next);
        header = fresh;
        seed = entry_seed(id, header.first);
        at = synced_to = kBlock;
        room = size;
        content = 0;
        entries = 0;
    }

    void encode(std::span<const JournalEntry> group) {
        buffer.clear();
        std::uint64_t seq = last;
        for (const JournalEntry& entry : group) {
            if (entry.kind == JournalEntry::Kind::commit) ++seq;
            encode_entry(buffer, entry, seq, synced_to, seed);
        }
    }

    // Writes `buffer`, or leaves nothing of it behind.
    void write_buffer() {
        std::size_t written = 0;
        try {
            file.write(buffer.data(), buffer.size(), at, &written);
        } catch (const Failure& failure) {
            const bool full = journal_io::is_full(failure);
            try {
                // What was refused must not come back, not even after power loss.
                if (full && written > 0) {
                    file.write_zeros(at, at + written);
                    file.sync_data();
                    synced_to = at;
                    durable = last.load();
                }
            } catch (const Failure& second) {
                fail(std::string("the journal failed: ") + second.what());
            }
            give_up(failure);
        }
    }

    void append(std::span<const JournalEntry> group) {
        must_work();
        if (group.empty()) return;
        std::uint64_t seq = last;
        for (const JournalEntry& entry : group) {
            if (entry.kind != JournalEntry::Kind::commit) continue;
            if (entry.seq != seq + 1) {
                throw std::invalid_argument("commit " + std::to_string(entry.seq) + " cannot follow commit " +
                                            std::to_string(seq) + " in the journal");
            }
            seq = entry.seq;
        }
        reach("journal.before_write", Kind::full);
        encode(group);
        if (at + buffer.size() > room) {
            start_segment(last + 1, buffer.size());
            encode(group);  // the segment is part of what the CRCs are of
        }
        write_buffer();
        for (std::size_t i = 0; i < buffer.size();) {
            const Bytes entry(buffer.data() + i, buffer.size() - i);
            content = crc32c(content, entry.data() + 4, 4);
            i += padded(claimed_size(entry));
            ++entries;
        }
        at += buffer.size();
        last = seq;
        if (buffer.capacity() > kKeptBuffer) std::vector<std::uint8_t>().swap(buffer);
        reach("journal.after_write", Kind::failed);
    }

    void sync() {
        must_work();
        sync_file();
        reach("journal.after_sync", Kind::failed);
    }

    // A failpoint that throws stands for what can happen at that place.
    void reach([[maybe_unused]] const char* failpoint, [[maybe_unused]] Kind kind) {
        try {
            CAIRN_FAILPOINT(failpoint);
        } catch (const Error& error) {
            if (kind == Kind::failed) fail(error.what());
            throw JournalError(kind, error.what());
        }
    }

    std::uint64_t prune(std::uint64_t seq) {
        const std::lock_guard one_at_a_time(prune_mutex);
        std::uint64_t freed = 0;
        while (true) {
            Segment oldest;
            {
                const std::lock_guard lock(mutex);
                if (segments.size() < 2 || segments.front().last > seq) return freed;
                oldest = segments.front();
            }
            try {
                journal_io::remove_file(calls, path(oldest.first));
                // One by one: after power loss there may be one too many at the beginning, but none missing in between.
                journal_io::sync_folder(calls, options.folder);
            } catch (const Failure&) {
                return freed;
            }
            const std::lock_guard lock(mutex);
            segments.pop_front();
            bytes -= oldest.bytes;
            freed += oldest.bytes;
        }
    }

    static constexpr std::size_t kKeptBuffer = 8u << 20;

    Options options;
    const JournalCalls& calls;
    std::array<std::uint8_t, 16> id{};
    std::string id_as_text;
    JournalSurvey survey;

    FolderLock folder_lock;

    // Of the writer.
    File file;
    SegmentHeader header;
    std::uint32_t seed = 0;
    std::uint64_t at = 0;         ///< where the next entry goes
    std::uint64_t synced_to = 0;  ///< up to here the segment is durable
    std::uint64_t room = 0;       ///< the size of the file
    std::uint32_t content = 0;
    std::uint64_t entries = 0;
    std::string failure_text;
    std::vector<std::uint8_t> buffer;

    std::atomic<std::uint64_t> last{0};
    std::atomic<std::uint64_t> durable{0};
    std::atomic<std::uint64_t> bytes{0};
    mutable std::mutex mutex;
    std::deque<Segment> segments;  ///< the last one is being written; its `last` is not kept
    std::mutex prune_mutex;
};

Journal::Journal(Options options, std::uint64_t next, std::uint64_t store_has)
    : state_(std::make_unique<State>(std::move(options), next, store_has)) {}

Journal::~Journal() = default;

const std::string& Journal::id() const noexcept {
    return state_->id_as_text;
}

const JournalSurvey& Journal::survey() const noexcept {
    return state_->survey;
}

std::uint64_t Journal::last() const noexcept {
    return state_->last;
}

std::uint64_t Journal::durable() const noexcept {
    return state_->durable;
}

std::uint64_t Journal::first() const noexcept {
    const std::lock_guard lock(state_->mutex);
    return state_->segments.front().first;
}

std::uint64_t Journal::bytes() const noexcept {
    return state_->bytes;
}

void Journal::append(std::span<const JournalEntry> entries) {
    state_->append(entries);
}

void Journal::sync() {
    state_->sync();
}

void Journal::skip_to(std::uint64_t next) {
    state_->must_work();
    if (next <= state_->last + 1) {
        throw std::invalid_argument("the journal cannot skip to commit " + std::to_string(next) +
                                    ", it ends with commit " + std::to_string(state_->last));
    }
    state_->start_segment(next, 0);
    state_->last = state_->durable = next - 1;
}

std::uint64_t Journal::prune(std::uint64_t seq) {
    return state_->prune(seq);
}

}  // namespace cairn::core
