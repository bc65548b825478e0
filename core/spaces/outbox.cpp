#include "core/spaces/outbox.hpp"

#include <algorithm>
#include <utility>

namespace cairn::core {

std::size_t Outbox::pinned() const noexcept {
    return std::max<std::size_t>(shown_, offset_ > 0 ? 1 : 0);
}

void Outbox::grow() {
    std::vector<Entry> larger(std::max<std::size_t>(8, ring_.size() * 2));
    for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move(at(i));
    ring_ = std::move(larger);
    head_ = 0;
}

void Outbox::append(Entry entry) {
    if (count_ == ring_.size()) grow();
    bytes_ += entry.frame.size();
    at(count_) = std::move(entry);
    ++count_;
}

void Outbox::evict() {
    std::size_t kept = pinned();
    for (std::size_t i = kept; i < count_; ++i) {
        Entry& entry = at(i);
        if (entry.delivery == Delivery::drop) {
            bytes_ -= entry.frame.size();
            if (entry.stream != kNoStream) {
                waiting_streams_ &= ~(std::uint64_t{1} << entry.stream);
                evicted_streams_ |= std::uint64_t{1} << entry.stream;
            }
            entry.frame = Frame();
            continue;
        }
        if (kept != i) at(kept) = std::move(entry);
        ++kept;
    }
    count_ = std::min(count_, kept);
}

Outbox::Verdict Outbox::push(Frame frame, Delivery delivery, std::uint64_t key) {
    if (finished_) return Verdict::left_out;
    if (delivery == Delivery::latest && key != 0) {
        for (std::size_t i = pinned(); i < count_; ++i) {
            Entry& entry = at(i);
            if (entry.key != key) continue;
            bytes_ = bytes_ - entry.frame.size() + frame.size();
            entry.frame = std::move(frame);
            return over_limits() ? Verdict::full : Verdict::queued;
        }
    }
    if (delivery == Delivery::drop) {
        if (!fits(frame.size(), 1)) return Verdict::left_out;
        append({std::move(frame), 0, delivery, kNoStream});
        return Verdict::queued;
    }
    if (!fits(frame.size(), 1)) evict();
    // A frame larger than all the room there is still goes out when nothing else waits.
    if (count_ > 0 && !fits(frame.size(), 2)) return Verdict::overflow;
    append({std::move(frame), delivery == Delivery::latest ? key : 0, delivery, kNoStream});
    return over_limits() ? Verdict::full : Verdict::queued;
}

bool Outbox::stream_ready(unsigned stream) const noexcept {
    return !finished_ && (waiting_streams_ >> stream & 1) == 0 && !over_limits();
}

Outbox::Verdict Outbox::push_stream(Frame frame, unsigned stream) {
    if (!stream_ready(stream)) return Verdict::left_out;
    waiting_streams_ |= std::uint64_t{1} << stream;
    append({std::move(frame), 0, Delivery::drop, static_cast<std::uint8_t>(stream)});
    return Verdict::queued;
}

void Outbox::push_control(Frame frame) {
    if (finished_) return;
    const std::size_t place = pinned();
    append({std::move(frame), 0, Delivery::must, kNoStream});
    for (std::size_t i = count_ - 1; i > place; --i) std::swap(at(i), at(i - 1));
}

void Outbox::finish(Frame frame, bool at_once) {
    if (finished_) return;
    const std::size_t keep = at_once ? pinned() : count_;
    for (std::size_t i = keep; i < count_; ++i) {
        bytes_ -= at(i).frame.size();
        at(i) = Entry();
    }
    count_ = std::min(count_, keep);
    append({std::move(frame), 0, Delivery::must, kNoStream});
    finished_ = true;
}

std::size_t Outbox::gather(std::span<std::string_view> out) noexcept {
    const std::size_t filled = std::min(out.size(), count_);
    for (std::size_t i = 0; i < filled; ++i) out[i] = at(i).frame.wire();
    if (filled > 0) out[0].remove_prefix(offset_);
    shown_ = std::max(shown_, filled);
    return filled;
}

void Outbox::written(std::size_t bytes) noexcept {
    shown_ = 0;
    bytes = std::min(bytes, bytes_);
    bytes_ -= bytes;
    while (count_ > 0) {
        Entry& first = at(0);
        const std::size_t left = first.frame.size() - offset_;
        if (bytes < left) break;
        bytes -= left;
        offset_ = 0;
        if (first.stream != kNoStream) waiting_streams_ &= ~(std::uint64_t{1} << first.stream);
        first = Entry();
        head_ = (head_ + 1) & (ring_.size() - 1);
        --count_;
    }
    offset_ += bytes;
}

std::uint64_t Outbox::take_evicted() noexcept {
    return std::exchange(evicted_streams_, 0);
}

void Outbox::forget_streams() noexcept {
    for (std::size_t i = 0; i < count_; ++i) at(i).stream = kNoStream;
    waiting_streams_ = 0;
    evicted_streams_ = 0;
}

}  // namespace cairn::core
