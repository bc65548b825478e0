#include "core/spaces/row_table.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "core/spaces/envelope.hpp"

namespace cairn::core {

void RowTable::AlignedFree::operator()(std::byte* bytes) const noexcept {
    ::operator delete(bytes, std::align_val_t(alignment));
}

RowTable::RowTable(std::string type, const StructType& row)
    : type_(std::move(type)), row_(row), rows_(nullptr, AlignedFree{row.alignment}) {}

RowTable::~RowTable() {
    for (std::size_t i = 0; i < slots_.size(); ++i) row_.destroy(place(i));
}

void RowTable::reserve(std::size_t slots) {
    if (slots <= capacity_) return;
    const std::size_t larger = std::max<std::size_t>(16, capacity_ * 2);
    std::unique_ptr<std::byte[], AlignedFree> rows(
        static_cast<std::byte*>(::operator new(larger* row_.size, std::align_val_t(row_.alignment))),
        AlignedFree{row_.alignment});
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        row_.move(rows.get() + i * row_.size, place(i));
        row_.destroy(place(i));
    }
    rows_ = std::move(rows);
    capacity_ = larger;
}

void RowTable::set(std::uint64_t key, const Vec3& /*at: for interest, which is not limited yet*/, const void* row) {
    const auto known = by_key_.find(key);
    std::size_t slot = slots_.size();
    if (known != by_key_.end()) {
        slot = known->second;
        row_.destroy(place(slot));
        row_.copy(place(slot), row);
    } else {
        reserve(slots_.size() + 1);
        slots_.reserve(slots_.size() + 1);
        by_key_.emplace(key, static_cast<std::uint32_t>(slot));
        row_.copy(place(slot), row);
        slots_.push_back({key, 0, false});
    }
    if (!slots_[slot].dirty) {
        slots_[slot].dirty = true;
        changed_.push_back(key);
    }
}

void RowTable::forget(std::uint64_t key) {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) return;
    const std::size_t slot = known->second;
    const std::size_t last = slots_.size() - 1;
    row_.destroy(place(slot));
    if (slot != last) {
        row_.move(place(slot), place(last));
        row_.destroy(place(last));
        slots_[slot] = slots_[last];
        by_key_[slots_[slot].key] = static_cast<std::uint32_t>(slot);
    }
    slots_.pop_back();
    by_key_.erase(known);
}

void RowTable::begin() {
    text_.clear();
    begin_event(text_, type_, 0);
    text_ += '[';
}

Frame RowTable::end() {
    if (text_.back() == '[') return Frame();
    text_.back() = ']';  // the comma behind the last row
    text_ += '}';
    return Frame::make(text_);
}

Frame RowTable::take_changed(std::uint64_t tick) {
    begin();
    for (const std::uint64_t key : changed_) {
        const auto known = by_key_.find(key);
        if (known == by_key_.end()) continue;
        Slot& slot = slots_[known->second];
        if (!slot.dirty) continue;  // set, forgotten and set again: it is in the list twice
        slot.dirty = false;
        slot.changed_in = tick;
        write_json_row(text_, row_, place(known->second));
        text_ += ',';
    }
    changed_.clear();
    return end();
}

Frame RowTable::changed_since(std::uint64_t since) {
    begin();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].changed_in < since) continue;
        write_json_row(text_, row_, place(i));
        text_ += ',';
    }
    return end();
}

void RowTable::drop_changed(std::uint64_t tick) {
    for (const std::uint64_t key : changed_) {
        const auto known = by_key_.find(key);
        if (known == by_key_.end()) continue;
        slots_[known->second].dirty = false;
        slots_[known->second].changed_in = tick;
    }
    changed_.clear();
}

}  // namespace cairn::core
