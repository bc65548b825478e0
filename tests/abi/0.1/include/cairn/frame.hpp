#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include <cairn/export.hpp>

namespace cairn {

/// How a message competes for a slow reader's room (protocol, "slow client").
enum class Delivery : std::uint8_t {
    must,    ///< never left out; a reader who cannot take it is let go
    latest,  ///< a newer one of the same key replaces it while it waits
    drop,    ///< left out while the reader is behind
};

/// An encoded message, shared by all who receive it, with its WebSocket header in front (RFC 6455 section 5.2: frames
/// from a server are not masked, so the bytes are the same for everybody). Immutable once made; counted references.
class CAIRN_API Frame {
public:
    enum class Opcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

    Frame() noexcept = default;
    /// Copies `payload` once, behind a header. [any]
    static Frame make(std::string_view payload, Opcode opcode = Opcode::text);
    /// Bytes that already are frames, taken as they are. [any]
    static Frame raw(std::string_view wire);

    Frame(const Frame& other) noexcept : block_(other.block_) {
        if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
    }
    Frame(Frame&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Frame& operator=(Frame other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~Frame() { release(); }

    explicit operator bool() const noexcept { return block_ != nullptr; }
    /// Header and payload as they go onto the socket.
    std::string_view wire() const noexcept { return block_ ? std::string_view(block_->bytes(), block_->size) : std::string_view(); }
    std::string_view payload() const noexcept {
        return block_ ? std::string_view(block_->bytes() + block_->header, block_->size - block_->header) : std::string_view();
    }
    std::size_t size() const noexcept { return block_ ? block_->size : 0; }

private:
    struct Block {
        std::atomic<std::uint32_t> references{1};
        std::uint32_t header = 0;
        std::size_t size = 0;
        char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
    };
    static Block* allocate(std::size_t size);
    void release() noexcept;

    Block* block_ = nullptr;
};

}  // namespace cairn
