#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::core {

/// CRC-32C (Castagnoli; RFC 3720 section 12.1) of `size` bytes that follow those `crc` was computed of; begin with 0.
/// Uses the instruction of SSE4.2 where the processor has it. [any]
std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) noexcept;

/// The same without any special instruction. [any]
std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size) noexcept;

/// Whether crc32c() uses an instruction for it. [any]
bool crc32c_is_hardware() noexcept;

}  // namespace cairn::core
