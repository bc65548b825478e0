#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cairn/frame.hpp>
#include <cairn/space.hpp>

namespace cairn::core {

class HostedSpace;
struct BehaviourSlot;

/// The first look at a space for one who joins: `space.state` in chunks of at most 1000 items and about 256 KiB, each
/// made when the reader has room for it (P165, P168). `chunks` is how many there will be as far as is known now; it is
/// exact in the last chunk, whose `chunk` is `chunks` - 1. [space]
class StateStream {
public:
    static constexpr std::size_t kItems = 1000;
    static constexpr std::size_t kBytes = 256u << 10;

    /// `bytes` is the size of a chunk at which it ends.
    StateStream(std::string space, std::size_t bytes);
    void add(std::string name, BehaviourSlot& slot, StateSection section);

    /// The next chunk. REQUIRES: !done().
    Frame next(HostedSpace& space);
    bool done() const noexcept { return done_; }

private:
    struct Part {
        std::string name;
        BehaviourSlot* slot = nullptr;
        StateSection section;
    };
    bool read_item(HostedSpace& space);
    std::size_t chunks_now() const;

    const std::string space_;
    const std::size_t bytes_;
    std::vector<Part> parts_;
    std::size_t part_ = 0;   ///< being read
    std::string item_;       ///< read ahead, belongs to part_; empty: none
    std::size_t chunk_ = 0;  ///< number of the next one
    std::size_t items_ = 0;  ///< in all chunks so far
    std::size_t items_bytes_ = 0;
    bool done_ = false;
};

}  // namespace cairn::core
