#include "core/spaces/state_stream.hpp"

#include <algorithm>
#include <utility>

#include <cairn/json.hpp>

#include "core/spaces/behaviour_slot.hpp"
#include "core/spaces/envelope.hpp"
#include "core/spaces/hosted_space.hpp"

namespace cairn::core {

StateStream::StateStream(std::string space, std::size_t bytes) : space_(std::move(space)), bytes_(bytes) {}

void StateStream::add(std::string name, BehaviourSlot& slot, StateSection section) {
    parts_.push_back({std::move(name), &slot, std::move(section)});
}

bool StateStream::read_item(HostedSpace& space) {
    item_.clear();
    Part& part = parts_[part_];
    if (!part.section.next || part.slot->off) return false;
    bool there = false;
    const auto outcome = space.call(*part.slot, "space.state", [&] {
        JsonWriter json(item_);
        there = part.section.next(json);
    });
    // A section that fails ends there; what it was writing is not JSON.
    if (outcome || !there) item_.clear();
    return !item_.empty();
}

std::size_t StateStream::chunks_now() const {
    if (done_) return chunk_ + 1;
    std::size_t expected = 0;
    for (const Part& part : parts_) expected += part.section.count;
    const std::size_t left = std::max<std::size_t>(1, expected > items_ ? expected - items_ : 0);
    const std::size_t average = items_ > 0 ? items_bytes_ / items_ : 0;
    return chunk_ + 1 + std::max((left + kItems - 1) / kItems, (left * average + bytes_ - 1) / bytes_);
}

Frame StateStream::next(HostedSpace& space) {
    std::string sections;
    std::size_t items = 0;
    while (part_ < parts_.size()) {
        sections += ',';
        write_json_text(sections, parts_[part_].name);
        sections += ":[";
        bool first = true;
        // One item is always read ahead, so that the last chunk knows that it is the last.
        bool more = !item_.empty() || read_item(space);
        while (more && items < kItems && (items == 0 || sections.size() + item_.size() <= bytes_)) {
            if (!first) sections += ',';
            first = false;
            sections += item_;
            ++items;
            ++items_;
            items_bytes_ += item_.size();
            more = read_item(space);
        }
        sections += ']';
        if (more) break;
        item_.clear();
        ++part_;
    }
    done_ = part_ == parts_.size();

    std::string text;
    text.reserve(sections.size() + 128);
    begin_event(text, "space.state", 0);
    text += "{\"space\":";
    write_json_text(text, space_);
    text += ",\"chunk\":" + std::to_string(chunk_) + ",\"chunks\":" + std::to_string(chunks_now());
    text += sections;
    text += "}}";
    ++chunk_;
    return Frame::make(text);
}

}  // namespace cairn::core
