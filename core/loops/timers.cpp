#include "core/loops/timers.hpp"

#include <algorithm>

namespace cairn::core {

namespace {
constexpr std::size_t kChildren = 4;
}

TimerId Timers::add(Time when, std::function<void()> job, const CallSite& site) {
    std::uint32_t index = free_;
    if (index == kNone) {
        index = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        free_ = slots_[index].position;
    }
    Slot& slot = slots_[index];
    slot.job = std::move(job);
    slot.site = site;
    slot.used = true;
    heap_.push_back({when, order_++, index});
    place(heap_.size() - 1, heap_.back());
    sift_up(heap_.size() - 1);
    return (static_cast<TimerId>(slot.generation) << 32) | index;
}

std::function<void()> Timers::cancel(TimerId id) noexcept {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= slots_.size()) return {};
    Slot& slot = slots_[index];
    if (!slot.used || slot.generation != id >> 32) return {};
    remove_at(slot.position);
    return std::move(release(index).job);
}

std::optional<Timers::Time> Timers::next() const noexcept {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().when;
}

std::optional<Timers::Due> Timers::take_due(Time now, std::uint64_t limit) {
    // A timer added since the mark is due no earlier than any that was due before it: the order of the heap keeps the
    // older ones in front, so looking at the top is enough.
    if (heap_.empty() || heap_.front().when > now || heap_.front().order >= limit) return std::nullopt;
    const std::uint32_t index = heap_.front().slot;
    remove_at(0);
    Slot& slot = release(index);
    return Due{std::move(slot.job), slot.site};
}

void Timers::place(std::size_t position, const Entry& entry) noexcept {
    heap_[position] = entry;
    slots_[entry.slot].position = static_cast<std::uint32_t>(position);
}

void Timers::sift_up(std::size_t position) noexcept {
    const Entry entry = heap_[position];
    while (position > 0) {
        const std::size_t parent = (position - 1) / kChildren;
        if (!entry.before(heap_[parent])) break;
        place(position, heap_[parent]);
        position = parent;
    }
    place(position, entry);
}

void Timers::sift_down(std::size_t position) noexcept {
    const Entry entry = heap_[position];
    for (;;) {
        const std::size_t first = position * kChildren + 1;
        if (first >= heap_.size()) break;
        const std::size_t last = std::min(first + kChildren, heap_.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < last; ++child)
            if (heap_[child].before(heap_[least])) least = child;
        if (!heap_[least].before(entry)) break;
        place(position, heap_[least]);
        position = least;
    }
    place(position, entry);
}

void Timers::remove_at(std::size_t position) noexcept {
    const Entry last = heap_.back();
    heap_.pop_back();
    if (position == heap_.size()) return;
    place(position, last);
    sift_up(position);
    sift_down(slots_[last.slot].position);
}

Timers::Slot& Timers::release(std::uint32_t index) noexcept {
    Slot& slot = slots_[index];
    slot.used = false;
    if (++slot.generation == 0) slot.generation = 1;  // 0 would make an id that looks like "no timer"
    slot.position = free_;
    free_ = index;
    return slot;
}

}  // namespace cairn::core
