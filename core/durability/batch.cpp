#include "core/durability/batch.hpp"

namespace cairn::core {

Batch::Changes& Batch::changes_of(const TableSpec* table) {
    for (Changes& changes : tables_) {
        if (changes.table == table) return changes;
    }
    Changes& made = tables_.emplace_back();
    made.table = table;
    return made;
}

void Batch::add(const Change& change) {
    Changes& changes = changes_of(change.table);
    const auto [last, first_time] = changes.last.try_emplace(change.key, changes.slots.size());
    if (first_time) {
        ++size_;
    } else {
        changes.slots[last->second].superseded = true;
        last->second = changes.slots.size();
    }
    changes.slots.push_back({change.key, change.row, false});
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
            if (slot.row.empty())
                table.erased.push_back(slot.key);
            else
                table.rows.push_back(slot.row);
        }
    }
    return out;
}

}  // namespace cairn::core
