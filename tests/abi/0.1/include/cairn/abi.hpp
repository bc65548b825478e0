#pragma once

#include <cstddef>
#include <cstdint>

/// What a plugin was built with, readable from the file before anything of it runs. The host compares field by field and
/// names each difference with its cure. Nothing here depends on NDEBUG.

#define CAIRN_ABI_MAJOR 0
#define CAIRN_ABI_MINOR 1
#define CAIRN_DESCRIPTOR_SECTION ".cairn.plugin"

namespace cairn::abi {

inline constexpr char kMagic[8] = {'C', 'A', 'I', 'R', 'N', 'P', 'L', 'G'};

struct Descriptor {
    char magic[8];
    std::uint32_t size;          ///< of this struct, as the plugin knew it
    std::uint16_t abi_major;
    std::uint16_t abi_minor;
    std::uint32_t cplusplus;     ///< __cplusplus
    std::uint32_t standard_library;  ///< 1 libstdc++, 2 libc++
    std::uint32_t library_release;   ///< _GLIBCXX_RELEASE or _LIBCPP_VERSION
    std::uint32_t cxx11_strings;     ///< _GLIBCXX_USE_CXX11_ABI
    std::uint32_t debug_containers;  ///< _GLIBCXX_DEBUG: containers have another size
    std::uint32_t pointer_bits;
    std::uint32_t sanitizer;         ///< 0 none, 1 address, 2 thread
    std::uint32_t reserved[4];
    char name[64];
    char version[32];
    char compiler[96];
};

namespace detail {
template <std::size_t N>
constexpr void copy_text(char (&to)[N], const char* from) {
    std::size_t i = 0;
    for (; i + 1 < N && from[i] != '\0'; ++i) to[i] = from[i];
    for (; i < N; ++i) to[i] = '\0';
}
}  // namespace detail

/// The descriptor of the translation unit that includes this. Constant, so that it lies in the file as it is.
constexpr Descriptor describe_build(const char* name, const char* version) {
    Descriptor d{};
    for (std::size_t i = 0; i < sizeof kMagic; ++i) d.magic[i] = kMagic[i];
    d.size = sizeof(Descriptor);
    d.abi_major = CAIRN_ABI_MAJOR;
    d.abi_minor = CAIRN_ABI_MINOR;
    d.cplusplus = static_cast<std::uint32_t>(__cplusplus);
#if defined(_LIBCPP_VERSION)
    d.standard_library = 2;
    d.library_release = _LIBCPP_VERSION;
#else
    d.standard_library = 1;
    d.library_release = _GLIBCXX_RELEASE;
    d.cxx11_strings = _GLIBCXX_USE_CXX11_ABI;
#endif
#ifdef _GLIBCXX_DEBUG
    d.debug_containers = 1;
#endif
    d.pointer_bits = sizeof(void*) * 8;
#if defined(__SANITIZE_ADDRESS__)
    d.sanitizer = 1;
#elif defined(__SANITIZE_THREAD__)
    d.sanitizer = 2;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    d.sanitizer = 1;
#elif __has_feature(thread_sanitizer)
    d.sanitizer = 2;
#endif
#endif
    detail::copy_text(d.name, name);
    detail::copy_text(d.version, version);
#ifdef __VERSION__
    detail::copy_text(d.compiler, __VERSION__);
#endif
    return d;
}

}  // namespace cairn::abi
