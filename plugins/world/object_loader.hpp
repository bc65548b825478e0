#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cairn/storage.hpp>

#include "plugins/world/rows.hpp"

namespace cairn::world {

/// Reads all objects of a space, a page at a time, so that memory stays flat and the loop stands still for no page.
///
/// Pages go in the order of the ids, each asked for before the one before it is put in place. That is how a table lies on
/// SQLite; on PostgreSQL each row is then read from another place of the heap. So a space that fills a good part of the
/// heap is read there piece by piece as it lies, two pieces at once (docs/decisions/0011). All calls [space].
class ObjectLoader {
public:
    /// Rows of a page, in any order. `repeats`: some of them may have been there before.
    using Take = std::function<void(const std::vector<LoadedObject>& rows, bool repeats)>;

    /// `has_heap`: the store is PostgreSQL. `done` is called once; after an error `take` is not called any more.
    ObjectLoader(Storage& storage, std::string space_id, bool has_heap, Take take, Then<Done> done);
    ObjectLoader(const ObjectLoader&) = delete;
    ObjectLoader& operator=(const ObjectLoader&) = delete;
    /// Once. The loader must outlive its completions.
    void start() { load_page({}); }

private:
    void load_page(std::string after);
    void look_at_heap(std::string after);
    void load_piece();
    void finish(Result<Done> result);

    Storage& storage_;
    const std::string space_id_;
    const bool has_heap_;
    const Take take_;
    Then<Done> done_;  ///< empty once it has been called
    std::int64_t pages_ = 0;  ///< of the heap
    std::int64_t piece_ = 1;  ///< pages read at once
    std::int64_t next_ = 0;   ///< the page where the next piece begins
    std::size_t flying_ = 0;
};

}  // namespace cairn::world
