#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <cairn/fields.hpp>
#include <cairn/frame.hpp>
#include <cairn/space.hpp>

namespace cairn::core {

/// The rows behind one Stream: the newest row of each key in a dense array, those of the current tick marked, encoded
/// once per tick for everybody. A row stays until it is forgotten, so that readers who missed ticks can catch up;
/// whoever sets rows forgets them when their key has gone. [space]
class RowTable final : public RowStream {
public:
    RowTable(std::string type, const StructType& row);
    ~RowTable() override;
    RowTable(const RowTable&) = delete;
    RowTable& operator=(const RowTable&) = delete;

    void set(std::uint64_t key, const Vec3& at, const void* row) override;
    void forget(std::uint64_t key) override;

    const std::string& type() const noexcept { return type_; }
    const StructType& row() const noexcept { return row_; }
    std::size_t rows() const noexcept { return slots_.size(); }
    bool dirty() const noexcept { return !changed_.empty(); }

    /// `{"t":type,"d":[rows set since the last tick]}`, or an empty frame when there are none. Ends the tick: these
    /// rows count as changed in `tick`.
    Frame take_changed(std::uint64_t tick);
    /// All rows that changed in tick `since` or later; empty when there are none. Ask after take_changed().
    Frame changed_since(std::uint64_t since);
    /// Ends the tick without a frame: nobody is there to read it.
    void drop_changed(std::uint64_t tick);

private:
    struct Slot {
        std::uint64_t key = 0;
        std::uint64_t changed_in = 0;
        bool dirty = false;
    };
    void* place(std::size_t slot) const noexcept { return rows_.get() + slot * row_.size; }
    void reserve(std::size_t slots);
    void begin();
    Frame end();

    struct AlignedFree {
        std::size_t alignment = 1;
        void operator()(std::byte* bytes) const noexcept;
    };

    std::string type_;
    const StructType& row_;
    std::unordered_map<std::uint64_t, std::uint32_t> by_key_;
    std::vector<Slot> slots_;
    std::unique_ptr<std::byte[], AlignedFree> rows_;
    std::size_t capacity_ = 0;
    std::vector<std::uint64_t> changed_;  ///< keys; a key that was forgotten meanwhile is skipped
    std::string text_;                    ///< reused from tick to tick
};

}  // namespace cairn::core
