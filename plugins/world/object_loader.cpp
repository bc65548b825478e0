#include "plugins/world/object_loader.hpp"

#include <algorithm>
#include <utility>

namespace cairn::world {
namespace {

/// Rows per read: long enough to be quick, short enough that no loop stands still for it.
constexpr std::size_t kPage = 2000;
/// Pages of the heap per read, at most: objects may lie close together in a part of it.
constexpr std::int64_t kMostPages = 256;
/// Reads on their way at once: as many as the storage lane has threads.
constexpr std::size_t kAtOnce = 2;

std::string place(std::int64_t page) {
    return "(" + std::to_string(page) + ",0)";
}

}  // namespace

ObjectLoader::ObjectLoader(Storage& storage, std::string space_id, bool has_heap, Take take, Then<Done> done)
    : storage_(storage),
      space_id_(std::move(space_id)),
      has_heap_(has_heap),
      take_(std::move(take)),
      done_(std::move(done)) {}

void ObjectLoader::finish(Result<Done> result) {
    if (!done_) return;
    const Then<Done> done = std::exchange(done_, {});
    done(std::move(result));
}

void ObjectLoader::load_page(std::string after) {
    const bool is_first = after.empty();
    storage_.load<LoadedObject>({std::string(kSelectObjects), {space_id_, std::move(after), kPage}},
                                [this, is_first](Result<std::vector<LoadedObject>> rows) {
                                    if (!rows) return finish(rows.error());
                                    const std::vector<LoadedObject>& page = rows.value();
                                    const bool more = page.size() == kPage;
                                    if (more && is_first && has_heap_) look_at_heap(page.back().object_id);
                                    else if (more) load_page(page.back().object_id);
                                    take_(page, false);
                                    if (!more) finish(Done{});
                                });
}

void ObjectLoader::look_at_heap(std::string after) {
    storage_.load<HeapSize>({std::string(kSelectHeapSize), {space_id_}},
                            [this, after = std::move(after)](Result<std::vector<HeapSize>> sizes) mutable {
                                if (!sizes) return finish(sizes.error());
                                const HeapSize size = sizes.value().empty() ? HeapSize{} : sizes.value().front();
                                // By their ids each object costs a page of the heap; as they lie, each page costs once.
                                if (size.pages == 0 || size.objects < size.pages) return load_page(std::move(after));
                                pages_ = size.pages;
                                piece_ = std::clamp<std::int64_t>(
                                    static_cast<std::int64_t>(kPage) * size.pages / size.objects, 1, kMostPages);
                                while (flying_ < kAtOnce && next_ < pages_) load_piece();
                            });
}

void ObjectLoader::load_piece() {
    const std::int64_t begin = next_;
    next_ += piece_;
    // Rows that came meanwhile lie behind the last page.
    const std::int64_t end = next_ < pages_ ? next_ : kEndOfHeap;
    ++flying_;
    storage_.load<LoadedObject>({std::string(kSelectObjectsOfHeap), {space_id_, place(begin), place(end)}},
                                [this](Result<std::vector<LoadedObject>> rows) {
                                    --flying_;
                                    if (!rows) return finish(rows.error());
                                    if (!done_) return;
                                    if (next_ < pages_) load_piece();
                                    take_(rows.value(), true);
                                    if (flying_ == 0) finish(Done{});
                                });
}

}  // namespace cairn::world
