// In a file of its own, so that no other is compiled with a view into these.
#include "tests/plugins/support/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> count{0};
}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// A sanitizer brings its own operator new; it offers hooks instead. GCC ships them without their header.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*, std::size_t),
                                                         void (*freed)(const volatile void*));

std::size_t cairn::test::allocations() noexcept {
    static const int hooked = __sanitizer_install_malloc_and_free_hooks(
        [](const volatile void*, std::size_t) { count.fetch_add(1, std::memory_order_relaxed); },
        [](const volatile void*) {});
    return hooked == 0 ? 0 : count.load(std::memory_order_relaxed);
}

#else

void* operator new(std::size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

std::size_t cairn::test::allocations() noexcept {
    return count.load(std::memory_order_relaxed);
}

#endif
