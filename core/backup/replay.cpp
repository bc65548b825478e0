#include "core/backup/replay.hpp"

#include <algorithm>
#include <deque>
#include <functional>

#include <cairn/error.hpp>

#include "core/durability/addition.hpp"
#include "core/durability/batch.hpp"
#include "core/durability/catch_up.hpp"
#include "core/durability/dead_letter.hpp"

namespace cairn::core {
namespace {

/// Changes per transaction: the stores reach their best rates from about a thousand on.
constexpr std::size_t kBatch = 2000;

/// Calls `hear` with each entry that can be read, from the commit `from` on; what cannot is passed over: the survey
/// names it. Ends when it returns false.
void for_each_entry(const std::string& folder, const JournalSurvey& survey, std::uint64_t from,
                    const std::function<bool(const JournalEntry&)>& hear) {
    if (survey.segments.empty()) return;
    JournalReader reader(folder, std::max(from, survey.first()));
    std::uint64_t complained = 0;
    for (;;) {
        const JournalEntry* entry = nullptr;
        try {
            entry = reader.next(survey.last());
        } catch (const JournalError& error) {
            const std::uint64_t at = error.lost().empty() ? complained : error.lost().front().first;
            if (error.kind() == JournalError::Kind::failed || at <= complained) throw;
            complained = at;  // each place is named once, then the reader goes on behind it
            continue;
        }
        if (entry == nullptr || !hear(*entry)) return;
    }
}

/// A commit with texts of its own.
struct Copied {
    std::uint64_t seq = 0;
    WallTime at = 0;
    std::string actor;
    std::string operation;
    std::vector<Change> changes;
};

class Replayer {
public:
    Replayer(const StoreKit& kit, services::Store& store) : kit_(kit), store_(store), tables_(kit.tables) {
        for (const TableSpec* table : kit.tables) {
            if (std::find(kit.audited.begin(), kit.audited.end(), table->name) != kit.audited.end()) {
                audited_.push_back(table);
            }
        }
    }

    void take(const JournalEntry& entry) {
        Copied& commit = commits_.emplace_back();
        commit.seq = entry.seq;
        commit.at = entry.time_us / 1000;
        commit.actor = entry.actor;
        commit.operation = entry.operation;
        for (const JournalChange& change : entry.changes) {
            const TableSpec* table = tables_.find(change.table);
            if (table == nullptr) {
                throw Error(Code::conflict, "commit " + std::to_string(entry.seq) +
                                                " of the journal changes the table " + std::string(change.table) +
                                                ", which no plugin of this configuration declares; add the plugin that "
                                                "it belongs to");
            }
            Change& made = commit.changes.emplace_back();
            made.table = table;
            made.key = change.key;
            made.row = change.row;
            // Whoever wrote it may have known fewer columns, and which migrations were applied when cannot be told here.
            if (!made.row.empty() && !made.adds()) complete_row(*table->row, made.row);
        }
        waiting_ += entry.changes.size() + 1;
        if (waiting_ >= kBatch) flush();
    }

    void flush() {
        if (commits_.empty()) return;
        try {
            apply(commits_);
            done_.commits += commits_.size();
        } catch (const Error& error) {
            if (error.code() != Code::conflict) throw;
            one_by_one();
        }
        store_.maintain(false);
        commits_.clear();
        waiting_ = 0;
    }

    Replayed& done() noexcept { return done_; }

private:
    void apply(const std::deque<Copied>& commits) {
        AdditionResolver additions;
        const bool adds = std::any_of(commits.begin(), commits.end(), [](const Copied& commit) {
            return AdditionResolver::needed(commit.changes);
        });
        if (adds) {
            for (const Copied& commit : commits) additions.take(commit.changes);
            if (!additions.read(store_, store_.watermark().seq)) {
                throw Error(Code::internal, "somebody else writes to the place that is made anew");
            }
        }
        Batch batch(audited_);
        for (const Copied& commit : commits) {
            batch.add(adds ? additions.resolve(commit.changes) : commit.changes, commit.actor);
        }
        store_.apply(batch.tables(), {commits.back().seq});
    }

    void one_by_one() {
        for (Copied& commit : commits_) {
            std::deque<Copied> alone;
            alone.push_back(std::move(commit));
            try {
                apply(alone);
                ++done_.commits;
            } catch (const Error& error) {
                if (error.code() != Code::conflict) throw;
                bury(alone.front(), error.what());
                ++done_.refused;
                ++done_.buried;
            }
        }
    }

    void bury(const Copied& commit, const std::string& reason) {
        services::DeadLetter letter;
        letter.seq = commit.seq;
        letter.at = commit.at;
        letter.actor = commit.actor;
        letter.operation = commit.operation;
        letter.reason = reason;
        write_changes(letter, commit.changes);
        const bool kept = bury_or_pass(store_, letter);
        kit_.log->warning(kept ? "a commit of the journal was refused by the store; it is in cairn_dead_letters"
                               : "a commit of the journal was refused by the store, and so was its dead letter",
                          {{"commit", commit.seq}, {"reason", reason}});
    }

    const StoreKit& kit_;
    services::Store& store_;
    const TableNames tables_;
    std::vector<const TableSpec*> audited_;
    std::deque<Copied> commits_;
    std::size_t waiting_ = 0;
    Replayed done_;
};

}  // namespace

std::vector<SeqRange> readable_pieces(const JournalSurvey& survey) {
    std::vector<SeqRange> pieces;
    for (const JournalSurvey::Segment& segment : survey.segments) {
        if (segment.last < segment.first) continue;
        SeqRange rest{segment.first, segment.last};
        for (const SeqRange& lost : survey.lost) {
            const std::uint64_t end = lost.last == 0 ? UINT64_MAX : lost.last;
            if (rest.first > rest.last || lost.first > rest.last || end < rest.first) continue;
            if (lost.first > rest.first) pieces.push_back({rest.first, lost.first - 1});
            rest.first = end == UINT64_MAX ? rest.last + 1 : end + 1;
        }
        if (rest.first <= rest.last) pieces.push_back(rest);
    }
    std::vector<SeqRange> joined;
    for (const SeqRange& piece : pieces) {
        if (!joined.empty() && joined.back().last + 1 == piece.first)
            joined.back().last = piece.last;
        else
            joined.push_back(piece);
    }
    return joined;
}

std::vector<SeqRange> missing_from(const std::vector<SeqRange>& pieces, SeqRange wanted) {
    std::vector<SeqRange> missing;
    for (const SeqRange& piece : pieces) {
        if (piece.last < wanted.first || wanted.first > wanted.last) continue;
        if (piece.first > wanted.last) break;
        if (piece.first > wanted.first) missing.push_back({wanted.first, piece.first - 1});
        wanted.first = piece.last + 1;
    }
    if (wanted.first <= wanted.last) missing.push_back(wanted);
    return missing;
}

std::string print_ranges(const std::vector<SeqRange>& ranges) {
    std::string text;
    for (const SeqRange& range : ranges) {
        if (!text.empty()) text += ", ";
        const std::string first = std::to_string(range.first);
        if (range.last == 0)
            text += "commits from " + first + " on";
        else if (range.last == range.first)
            text += "commit " + first;
        else
            text += "commits " + first + " to " + std::to_string(range.last);
    }
    return text;
}

std::uint64_t last_commit_until(const std::string& folder, const JournalSurvey& survey, std::int64_t time_us,
                                bool& jumped) {
    std::uint64_t found = 0;
    bool later = false;
    jumped = false;
    for_each_entry(folder, survey, 0, [&](const JournalEntry& entry) {
        if (entry.kind != JournalEntry::Kind::commit) return true;
        if (entry.time_us > time_us) {
            later = true;
        } else {
            found = entry.seq;
            jumped = jumped || later;
        }
        return true;
    });
    return found;
}

std::int64_t time_of_commit(const std::string& folder, const JournalSurvey& survey, std::uint64_t seq) {
    std::int64_t time = 0;
    if (!missing_from(readable_pieces(survey), {seq, seq}).empty()) return 0;
    for_each_entry(folder, survey, seq, [&](const JournalEntry& entry) {
        if (entry.kind != JournalEntry::Kind::commit || entry.seq < seq) return true;
        time = entry.time_us;
        return false;
    });
    return time;
}

Replayed replay(const StoreKit& kit, services::Store& store, const std::string& folder, const JournalSurvey& survey,
                std::uint64_t target) {
    const std::uint64_t from = store.watermark().seq + 1;
    std::set<std::uint64_t> refused;
    // What the store refused is noted behind the commit, perhaps behind the target.
    if (from <= target) {
        for_each_entry(folder, survey, from, [&](const JournalEntry& entry) {
            if (entry.kind == JournalEntry::Kind::refused) refused.insert(entry.refers);
            return true;
        });
    }
    Replayer replayer(kit, store);
    if (from <= target) {
        for_each_entry(folder, survey, from, [&](const JournalEntry& entry) {
            if (entry.seq > target) return false;
            if (entry.kind != JournalEntry::Kind::commit || entry.seq < from) return true;
            if (refused.count(entry.seq) != 0)
                ++replayer.done().refused;
            else
                replayer.take(entry);
            return true;
        });
        replayer.flush();
        if (store.watermark().seq < target) store.apply({}, {target});
    }
    return replayer.done();
}

}  // namespace cairn::core
