#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/world/id_table.hpp"
#include "plugins/world/world_object.hpp"

namespace cairn::world {

/// The objects of a space: found by id at once, walked in the order of their ids, found again by number. Objects stay
/// at their place in memory until they are erased.
class ObjectIndex {
    using Objects = std::map<std::string_view, std::unique_ptr<Object>>;  // the keys lie in the objects

public:
    std::size_t size() const noexcept { return objects_.size(); }
    Object* find(std::string_view id) noexcept;
    Object* find(std::uint32_t number) noexcept;
    /// Takes `object` and numbers it. REQUIRES: its id is not there.
    Object& insert(Object object);
    void erase(Object& object);

    /// Walks all objects in the order of their ids, though the set changes under way. What is inserted behind it is not
    /// seen; what is erased ahead of it is left out.
    class Walk {
    public:
        explicit Walk(ObjectIndex& index, std::string after = {}) : index_(&index), last_(std::move(after)) {}
        Object* next();

    private:
        ObjectIndex* index_;
        std::string last_;
        Objects::iterator position_{};
        std::uint64_t erased_ = 0;
        bool placed_ = false;
    };

private:
    Objects objects_;
    IdTable by_id_;
    std::vector<Object*> by_number_;
    std::uint64_t erased_ = 0;
};

}  // namespace cairn::world
