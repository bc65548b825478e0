#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace cairn::world {

/// Finds the number of an object by its id: one flat table with open addressing, 8 bytes per place. It holds hashes and
/// numbers only; the ids lie in the objects. A node per id would be one more miss of the cache for each of a million
/// objects that a space loads, and five times the memory.
class IdTable {
public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    /// REQUIRES: no equal id is in it, and `number` is below 2^32 - 2.
    void insert(std::string_view id, std::uint32_t number) {
        if ((used_ + 1) * 4 > places_.size() * 3) grow();
        put(hash(id), number);
        ++used_;
        ++live_;
    }
    /// The number for which `same` says that it has this id; kNone when there is none.
    template <class Same>
    std::uint32_t find(std::string_view id, const Same& same) const {
        const std::size_t at = place(id, same);
        return at == places_.size() ? kNone : places_[at].number;
    }
    template <class Same>
    void erase(std::string_view id, const Same& same) {
        const std::size_t at = place(id, same);
        if (at == places_.size()) return;
        places_[at].number = kGone;
        --live_;
    }
    std::size_t size() const noexcept { return live_; }

private:
    static constexpr std::uint32_t kFree = UINT32_MAX;
    static constexpr std::uint32_t kGone = UINT32_MAX - 1;  // what stands behind it must still be found
    static constexpr std::size_t kFirstSize = 16;

    struct Place {
        std::uint32_t hash = 0;
        std::uint32_t number = kFree;
    };

    static std::uint32_t hash(std::string_view id) noexcept {
        const std::uint64_t whole = std::hash<std::string_view>{}(id);
        return static_cast<std::uint32_t>(whole ^ (whole >> 32));
    }
    void put(std::uint32_t hashed, std::uint32_t number) {
        const std::size_t mask = places_.size() - 1;
        std::size_t at = hashed & mask;
        while (places_[at].number != kFree) at = (at + 1) & mask;
        places_[at] = {hashed, number};
    }
    template <class Same>
    std::size_t place(std::string_view id, const Same& same) const {
        if (places_.empty()) return 0;
        const std::uint32_t hashed = hash(id);
        const std::size_t mask = places_.size() - 1;
        for (std::size_t at = hashed & mask; places_[at].number != kFree; at = (at + 1) & mask) {
            const Place& one = places_[at];
            if (one.number != kGone && one.hash == hashed && same(one.number)) return at;
        }
        return places_.size();
    }
    void grow() {
        std::vector<Place> old(live_ * 2 >= places_.size() ? std::max(kFirstSize, places_.size() * 2) : places_.size());
        old.swap(places_);
        used_ = live_;
        for (const Place& one : old) {
            if (one.number < kGone) put(one.hash, one.number);
        }
    }

    std::vector<Place> places_;  // a power of two
    std::size_t used_ = 0;       // live and gone
    std::size_t live_ = 0;
};

}  // namespace cairn::world
