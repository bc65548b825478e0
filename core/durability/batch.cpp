#include "core/durability/batch.hpp"

#include <algorithm>

namespace cairn::core {

Batch::Changes& Batch::changes_of(const TableSpec* table) {
    for (Changes& changes : tables_) {
        if (changes.table == table) return changes;
    }
    Changes& made = tables_.emplace_back();
    made.table = table;
    made.audited = audited_ != nullptr && std::find(audited_->begin(), audited_->end(), table) != audited_->end();
    return made;
}

void Batch::add(const Change& change, std::string_view actor) {
    Changes& changes = changes_of(change.table);
    const auto [last, first_time] = changes.last.try_emplace(change.key, changes.slots.size());
    if (first_time) {
        ++size_;
    } else {
        changes.slots[last->second].superseded = true;
        last->second = changes.slots.size();
    }
    changes.slots.push_back({change.key, change.row, actor, false});
}

std::vector<services::TableBatch> Batch::tables() const {
    std::vector<services::TableBatch> out;
    out.reserve(tables_.size());
    for (const Changes& changes : tables_) {
        services::TableBatch& table = out.emplace_back();
        table.table = changes.table;
        table.rows.reserve(changes.last.size());
        for (const Slot& slot : changes.slots) {
            if (slot.superseded) continue;
            (slot.row.empty() ? table.erased : table.rows).push_back(slot.row.empty() ? slot.key : slot.row);
            if (changes.audited) (slot.row.empty() ? table.erased_actors : table.row_actors).push_back(slot.actor);
        }
    }
    return out;
}

}  // namespace cairn::core
