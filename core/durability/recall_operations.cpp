#include "core/durability/recall_operations.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/durability/operation_memory.hpp"
#include "core/observe/log_sink.hpp"

namespace cairn::core {
namespace {

constexpr auto kLongest = std::chrono::seconds(3);

struct Operation {
    std::string actor;
    std::string operation;
    std::string answer;
    std::uint64_t seq = 0;
    std::int64_t time_us = 0;
};

/// What cannot be read is older than what the store holds, or its loss has been allowed: start() has seen to that.
const JournalEntry* next_readable(JournalReader& reader, std::uint64_t limit) {
    for (;;) {
        try {
            return reader.next(limit);
        } catch (const JournalError& error) {
            if (error.kind() == JournalError::Kind::failed) throw;
        }
    }
}

}  // namespace

void recall_operations(const Journal& journal, const CommitQueue::Options& options, const Clock& clock,
                       Admission& admission) {
    const auto begun = clock.steady();
    const std::int64_t now_us = clock.wall() * 1000;
    const std::int64_t keep_us = options.remember_for.count() * 1000;
    // Segments as they were when the journal was opened; what came since belongs to the newest.
    std::vector<std::uint64_t> firsts;
    for (const JournalSurvey::Segment& segment : journal.survey().segments) {
        if (segment.first >= journal.first() && segment.last >= segment.first) firsts.push_back(segment.first);
    }
    std::vector<std::vector<Operation>> found;  // per segment, newest segment first
    std::unordered_set<std::uint64_t> refused;
    std::size_t bytes = 0;
    std::uint64_t end = journal.last();
    for (auto first = firsts.rbegin(); first != firsts.rend() && end >= *first; ++first) {
        std::vector<Operation>& here = found.emplace_back();
        JournalReader reader(options.journal_folder, *first);
        bool recent = false;
        while (const JournalEntry* entry = next_readable(reader, end)) {
            if (entry->kind == JournalEntry::Kind::refused) refused.insert(entry->refers);
            recent = recent || now_us - entry->time_us <= keep_us;
            if (entry->kind != JournalEntry::Kind::commit || entry->operation.empty()) continue;
            if (now_us - entry->time_us > keep_us) continue;
            bytes += OperationMemory::weight(entry->answer);
            here.push_back({std::string(entry->actor), std::string(entry->operation), std::string(entry->answer),
                            entry->seq, entry->time_us});
        }
        end = *first - 1;
        if (!recent || bytes >= options.remember_bytes) break;
        if (clock.steady() - begun > kLongest && first + 1 != firsts.rend()) {
            core_log().warning(
                "not all operation ids could be read back in time; older ones that come again are "
                "applied again",
                {{"known_from_commit", *first}});
            break;
        }
    }
    for (auto segment = found.rbegin(); segment != found.rend(); ++segment) {
        for (const Operation& operation : *segment) {
            if (refused.contains(operation.seq)) continue;
            const auto age = std::chrono::microseconds(std::max<std::int64_t>(0, now_us - operation.time_us));
            admission.remember(operation.actor, operation.operation, operation.seq, operation.answer, begun - age);
        }
    }
}

}  // namespace cairn::core
