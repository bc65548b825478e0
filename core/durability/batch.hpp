#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cairn/services/store.hpp>
#include <cairn/storage.hpp>

namespace cairn::core {

/// Puts the changes of many commits together into what a store writes at once: per table and key only the last change
/// remains, a row or a tombstone. Tables stand in the order in which they appeared first, the rows of a table in the
/// order of their last change, so that a unique value that moved from one row to another is given up before it is
/// taken.
///
/// Two changes are of the same key when their key texts are equal: write_key_json() writes them in one way only.
///
/// For the tables in `audited` it also keeps who made the last change of each key.
class Batch {
public:
    Batch() = default;
    /// REQUIRES: `audited` outlives this batch.
    explicit Batch(const std::vector<const TableSpec*>& audited) noexcept : audited_(&audited) {}

    /// REQUIRES: the texts of `change` and `actor` outlive this batch.
    void add(const Change& change, std::string_view actor = {});
    void add(const std::vector<Change>& changes, std::string_view actor = {}) {
        for (const Change& change : changes) add(change, actor);
    }
    /// Views into the texts that were added.
    std::vector<services::TableBatch> tables() const;
    /// Rows and tombstones that remain.
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

private:
    struct Slot {
        std::string_view key;
        std::string_view row;  ///< empty: erased
        std::string_view actor;
        bool superseded = false;
    };
    struct Changes {
        const TableSpec* table = nullptr;
        bool audited = false;
        std::vector<Slot> slots;
        std::unordered_map<std::string_view, std::size_t> last;  ///< key → index into slots
    };
    Changes& changes_of(const TableSpec* table);

    const std::vector<const TableSpec*>* audited_ = nullptr;
    std::vector<Changes> tables_;  // a handful: searched one by one
    std::size_t size_ = 0;
};

}  // namespace cairn::core
