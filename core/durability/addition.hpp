#pragma once

#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/services/store.hpp>
#include <cairn/storage.hpp>

namespace cairn::core {

/// The text of an addition (Change::row) without its `+`: a JSON list of the amounts by column and of the row to begin
/// with. REQUIRES: it is one. [any]
inline std::string_view addition_json(std::string_view row) noexcept {
    return row.substr(1);
}
inline bool is_addition(std::string_view row) noexcept {
    return !row.empty() && row.front() == '+';
}

/// What `earlier` (Change::row of a key) and then `addition` to the same key come to: of two additions one that adds
/// both, of a row or an erased row a row. Throws Error(conflict) when a number leaves the range of its type. [any]
std::string followed_by(const TableSpec& table, std::string_view earlier, std::string_view addition);

/// Turns additions into whole rows at the last moment, on the thread that writes to the store: only there is it certain
/// what a row holds, whatever was refused before (docs/decisions/0014-counters.md).
///
///     AdditionResolver resolver;
///     for (…) resolver.take(commit.changes);
///     if (!resolver.read(store, applied)) …      // the store has moved on
///     for (…) batch.add(resolver.resolve(commit.changes));
class AdditionResolver {
public:
    /// True when one of them is an addition.
    static bool needed(std::span<const Change> changes) noexcept;

    /// Takes the changes of a commit, in the order of the commits. REQUIRES: they outlive this.
    void take(const std::vector<Change>& changes) { taken_.push_back(&changes); }
    /// Reads the rows that are added to. False: the store does not stand at `applied` (any more), and what was read does not
    /// count. Throws what the store throws. REQUIRES: nobody else writes to it. [worker, the writer]
    /// `rows`: CommitQueue::Options::rows.
    bool read(services::Store& store, std::uint64_t applied,
              const std::function<Rows(const TableSpec& table)>& rows = {});
    /// The changes of the next commit, with rows in place of additions; they live as long as this. REQUIRES: `changes` is
    /// what was taken, in the same order. Throws Error(conflict) when a number leaves the range of its type; nothing of
    /// this may be used then.
    const std::vector<Change>& resolve(const std::vector<Change>& changes);

private:
    void find_in(const Rows& rows, const TableSpec& table, std::span<const std::string_view> keys);

    using Key = std::pair<const TableSpec*, std::string_view>;

    std::vector<const std::vector<Change>*> taken_;
    std::map<Key, std::string> rows_;  ///< of every key that is added to: its row by now, empty when there is none
    std::deque<std::vector<Change>> resolved_;
};

}  // namespace cairn::core
