#include <cairn/frame.hpp>

#include <cstdlib>
#include <limits>

namespace cairn {

Frame::Block* Frame::allocate(std::size_t size) {
    if (size > std::numeric_limits<std::size_t>::max() - sizeof(Block)) throw std::bad_alloc();
    void* place = std::malloc(sizeof(Block) + size);  // one piece: counter, header and payload lie together
    if (place == nullptr) throw std::bad_alloc();
    auto* block = new (place) Block();
    block->size = size;
    return block;
}

void Frame::release() noexcept {
    if (block_ == nullptr) return;
    if (block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        block_->~Block();
        std::free(block_);
    }
    block_ = nullptr;
}

Frame Frame::make(std::string_view payload, Opcode opcode) {
    // RFC 6455 section 5.2: FIN and opcode; then the length in 7 bits, or 126 and 16 bits, or 127 and 64 bits, in
    // network order and in the shortest form that holds it.
    const std::size_t length = payload.size();
    const std::uint32_t header = length < 126 ? 2 : length <= 0xFFFF ? 4 : 10;
    Frame frame;
    frame.block_ = allocate(header + length);
    frame.block_->header = header;
    char* bytes = frame.block_->bytes();
    *bytes++ = static_cast<char>(0x80U | static_cast<unsigned>(opcode));
    if (header == 2) {
        *bytes++ = static_cast<char>(length);
    } else {
        *bytes++ = static_cast<char>(header == 4 ? 126 : 127);
        for (unsigned shift = header == 4 ? 16 : 64; shift != 0;) {
            shift -= 8;
            *bytes++ = static_cast<char>((static_cast<std::uint64_t>(length) >> shift) & 0xFFU);
        }
    }
    if (length != 0) std::memcpy(bytes, payload.data(), length);
    return frame;
}

Frame Frame::raw(std::string_view wire) {
    Frame frame;
    frame.block_ = allocate(wire.size());
    if (!wire.empty()) std::memcpy(frame.block_->bytes(), wire.data(), wire.size());
    return frame;
}

}  // namespace cairn
