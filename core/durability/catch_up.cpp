#include "core/durability/catch_up.hpp"

#include <utility>

#include <cairn/document.hpp>
#include <cairn/error.hpp>
#include <cairn/fields.hpp>
#include <cairn/json.hpp>

#include "core/observe/log_sink.hpp"

namespace cairn::core {

TableNames::TableNames(std::span<const TableSpec* const> tables) {
    for (const TableSpec* table : tables) tables_.emplace(table->name, table);
}

const TableSpec* TableNames::find(std::string_view name) const noexcept {
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : found->second;
}

namespace {

/// The next entry; with `allow_loss` what cannot be read is passed over.
const JournalEntry* next_of(JournalReader& reader, std::uint64_t limit, bool allow_loss, bool say) {
    for (;;) {
        try {
            return reader.next(limit);
        } catch (const JournalError& error) {
            if (!allow_loss || error.kind() == JournalError::Kind::failed) throw;
            if (say) core_log().error(std::string(error.what()) + ": passed over, as durability.allow_loss says");
        }
    }
}

}  // namespace

JournalOutlook look_ahead(const std::string& folder, std::uint64_t from, const TableNames& tables, bool allow_loss) {
    JournalOutlook outlook;
    JournalReader reader(folder, from);
    while (const JournalEntry* entry = next_of(reader, UINT64_MAX, allow_loss, true)) {
        if (entry->kind == JournalEntry::Kind::refused) {
            outlook.refused.emplace(entry->refers, std::string(entry->answer));
            continue;
        }
        if (entry->kind != JournalEntry::Kind::commit) continue;
        ++outlook.commits;
        for (const JournalChange& change : entry->changes) {
            if (tables.find(change.table) == nullptr) ++outlook.unknown[std::string(change.table)];
        }
    }
    return outlook;
}

void complete_row(const StructType& type, std::string& row) {
    const Document given = Document::parse_json(row);
    if (!given.is_map()) throw Error(Code::internal, "a journaled row is no JSON object");
    Document defaults;
    std::string more;
    for (const Field& field : type.fields) {
        if (given.find(field.name) != nullptr) continue;
        if (defaults.is_null()) {
            std::string text;
            write_json(text, type, type.defaults.get());
            defaults = Document::parse_json(text);
        }
        const Document* value = defaults.find(field.name);
        if (value == nullptr) continue;  // an empty optional is not written either
        if (!more.empty() || given.size() > 0) more += ',';
        write_json_text(more, field.name);
        more += ':' + value->to_json();
    }
    if (more.empty()) return;
    row.insert(row.rfind('}'), more);
}

CatchUp::CatchUp(const std::string& folder, std::uint64_t from, const TableNames& tables, std::uint64_t complete_to,
                 bool allow_loss)
    : reader_(folder, from), tables_(tables), complete_to_(complete_to), allow_loss_(allow_loss), last_(from - 1) {}

std::uint64_t CatchUp::read(std::vector<PendingCommit>& out, std::size_t rows, std::uint64_t limit) {
    std::size_t count = 0;
    while (last_ < limit && count < rows) {
        const JournalEntry* entry = next_of(reader_, limit, allow_loss_, false);
        if (entry == nullptr) {
            if (allow_loss_) return last_ = limit;
            throw JournalError(JournalError::Kind::missing,
                               "the journal ends after commit " + std::to_string(last_) + ", although " +
                                   std::to_string(limit) + " had been written",
                               {{last_ + 1, limit}});
        }
        if (entry->kind != JournalEntry::Kind::commit || entry->seq <= last_) continue;
        out.push_back(to_commit(*entry));
        count += entry->changes.size() + 1;  // so that commits without changes come to an end, too
        last_ = entry->seq;
    }
    return last_;
}

PendingCommit CatchUp::to_commit(const JournalEntry& entry) const {
    PendingCommit commit;
    commit.seq = entry.seq;
    commit.time_us = entry.time_us;
    commit.actor = entry.actor;
    commit.operation = entry.operation;
    commit.answered = true;
    commit.changes.reserve(entry.changes.size());
    for (const JournalChange& change : entry.changes) {
        const TableSpec* table = tables_.find(change.table);
        if (table == nullptr) {
            throw Error(Code::internal, "the journal names the table " + std::string(change.table) +
                                            " that nobody declares, in commit " + std::to_string(entry.seq));
        }
        Change& made = commit.changes.emplace_back(Change{table, std::string(change.key), std::string(change.row)});
        if (!made.row.empty() && !made.adds() && entry.seq <= complete_to_) complete_row(*table->row, made.row);
    }
    return commit;
}

}  // namespace cairn::core
