#include "allocation_count.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t size) noexcept {
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

namespace cairn {
std::size_t allocation_count() noexcept {
    return allocations;
}
}  // namespace cairn

// These replace the operators of the whole test program, the SDK's library included.
void* operator new(std::size_t size) {
    if (void* place = counted(size)) return place;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return counted(size);
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
    std::free(place);
}
void operator delete(void* place, const std::nothrow_t&) noexcept {
    std::free(place);
}
