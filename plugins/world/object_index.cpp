#include "plugins/world/object_index.hpp"

namespace cairn::world {

Object* ObjectIndex::find(std::string_view id) noexcept {
    const std::uint32_t number = by_id_.find(id, [&](std::uint32_t one) { return by_number_[one]->id == id; });
    return number == IdTable::kNone ? nullptr : by_number_[number];
}

Object* ObjectIndex::find(std::uint32_t number) noexcept {
    return number < by_number_.size() ? by_number_[number] : nullptr;
}

Object& ObjectIndex::insert(Object object) {
    auto held = std::make_unique<Object>(std::move(object));
    Object& inserted = *held;
    inserted.number = static_cast<std::uint32_t>(by_number_.size());
    // They mostly come from the store in order: the hint makes each of those cost the same.
    objects_.emplace_hint(objects_.end(), std::string_view(inserted.id), std::move(held));
    by_id_.insert(inserted.id, inserted.number);
    by_number_.push_back(&inserted);
    return inserted;
}

void ObjectIndex::erase(Object& object) {
    by_id_.erase(object.id, [&](std::uint32_t one) { return one == object.number; });
    by_number_[object.number] = nullptr;
    objects_.erase(objects_.find(object.id));
    ++erased_;
}

Object* ObjectIndex::Walk::next() {
    auto& objects = index_->objects_;
    if (placed_ && erased_ == index_->erased_) {
        ++position_;  // nothing was erased: the place still stands
    } else {
        position_ = objects.upper_bound(last_);
        placed_ = true;
        erased_ = index_->erased_;
    }
    if (position_ == objects.end()) {
        placed_ = false;
        // Ids are ASCII: nothing comes after this one, so a finished walk stays finished.
        last_.assign(1, '\xff');
        return nullptr;
    }
    last_ = position_->first;
    return position_->second.get();
}

}  // namespace cairn::world
