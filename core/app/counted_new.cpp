// The operators new and delete of the process `cairn`: as they come with the library, and counting for which plugin a piece
// of memory was asked (live memory per plugin in GET /metrics and `cairn plugins top`). Plugins and the SDK library use
// them, too, because the dynamic linker looks into the program first.
//
// The tag of the plugin lies in the last two bytes of what malloc gave: two bytes more are asked for, which mostly fit
// into what malloc rounds up to anyway. So memory is booked off from whom it was booked to, whoever gives it back.

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/observe/plugin_usage.hpp"

namespace {

using cairn::core::count_memory;

constexpr std::size_t kTag = sizeof(std::uint16_t);

[[maybe_unused]] const bool counting = (cairn::core::say_memory_is_counted(), true);

char* place_of_tag(void* place, std::size_t usable) noexcept {
    return static_cast<char*>(place) + usable - kTag;
}

void* booked(void* place) noexcept {
    if (!place) return nullptr;
    const std::size_t usable = malloc_usable_size(place);
    const std::uint16_t tag = cairn::core::current_plugin_tag();
    std::memcpy(place_of_tag(place, usable), &tag, kTag);
    count_memory(tag, static_cast<std::int64_t>(usable), 1);
    return place;
}

void* allocate(std::size_t size) noexcept {
    return size > SIZE_MAX - kTag ? nullptr : booked(std::malloc(size + kTag));
}

void* allocate(std::size_t size, std::align_val_t alignment) noexcept {
    const auto align = static_cast<std::size_t>(alignment);
    if (size > SIZE_MAX - kTag - align) return nullptr;
    return booked(std::aligned_alloc(align, (size + kTag + align - 1) / align * align));
}

/// Tries again as long as the program's new-handler promises to find memory ([new.delete.single]).
template <class... Arguments>
void* allocate_or_throw(Arguments... arguments) {
    for (;;) {
        if (void* const place = allocate(arguments...)) return place;
        const std::new_handler handler = std::get_new_handler();
        if (!handler) throw std::bad_alloc();
        handler();
    }
}

void release(void* place) noexcept {
    if (!place) return;
    const std::size_t usable = malloc_usable_size(place);
    std::uint16_t tag = 0;
    std::memcpy(&tag, place_of_tag(place, usable), kTag);
    if (tag < cairn::core::kPluginTags) count_memory(tag, -static_cast<std::int64_t>(usable), -1);
    std::free(place);
}

}  // namespace

// The other forms (arrays, nothrow, sized) of the standard library call these.
void* operator new(std::size_t size) {
    return allocate_or_throw(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, alignment);
}
void operator delete(void* place) noexcept {
    release(place);
}
void operator delete(void* place, std::size_t) noexcept {
    release(place);
}
void operator delete(void* place, std::align_val_t) noexcept {
    release(place);
}
void operator delete(void* place, std::size_t, std::align_val_t) noexcept {
    release(place);
}
