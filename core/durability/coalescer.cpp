#include "core/durability/coalescer.hpp"

#include <algorithm>
#include <iterator>

#include "core/durability/addition.hpp"

namespace cairn::core {
namespace {

/// What somebody who waits for a row takes. Those pile up on rows that cannot be written.
constexpr std::size_t kWaiterBytes = sizeof(Waiter) + sizeof(std::shared_ptr<Waiter>) + 64;

}  // namespace

void Coalescer::insert(Change change, std::vector<std::shared_ptr<Waiter>> waiters, bool together, Instant since,
                       const std::string& actor) {
    oldest_ = index_.empty() ? since : std::min(oldest_, since);
    bytes_ += weight(change) + waiters.size() * kWaiterBytes;
    Row& row = rows_.emplace_back(Row{std::move(change), std::move(waiters), actor, since, together, false});
    ++sizes_[row.change.table];
    index_.emplace(Key{row.change.table, row.change.key}, &row);
}

bool Coalescer::mergeable(const std::vector<Change>& changes) const noexcept {
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (!changes[i].adds()) continue;
        const auto found = index_.find(Key{changes[i].table, changes[i].key});
        if (found != index_.end() && !found->second->change.adds()) return false;
        for (std::size_t j = 0; j < i; ++j) {
            const Change& before = changes[j];
            if (!before.adds() && before.table == changes[i].table && before.key == changes[i].key) return false;
        }
    }
    return true;
}

std::size_t Coalescer::add(std::vector<Change> changes, std::shared_ptr<Waiter> waiter, Instant now,
                           const std::string& actor) {
    const bool together = changes.size() > 1;
    if (waiter) waiter->remaining = changes.size();
    std::size_t replaced = 0;
    for (Change& change : changes) {
        const auto found = index_.find(Key{change.table, change.key});
        if (found == index_.end()) {
            std::vector<std::shared_ptr<Waiter>> waiters;
            if (waiter) waiters.push_back(waiter);
            insert(std::move(change), std::move(waiters), together, now, actor);
            continue;
        }
        Row& row = *found->second;
        if (change.adds()) change.row = followed_by(*change.table, row.change.row, change.row);
        bytes_ += change.row.size();
        bytes_ -= row.change.row.size();
        row.change.row = std::move(change.row);  // `since` stays: the newest value is on disk 100 ms after the first
        row.actor = actor;
        row.together = row.together || together;
        if (waiter) {
            row.waiters.push_back(waiter);
            bytes_ += kWaiterBytes;
        }
        ++replaced;
    }
    return replaced;
}

void Coalescer::restore(PendingCommit commit) {
    const bool together = commit.changes.size() > 1;
    for (Change& change : commit.changes) {
        const auto found = index_.find(Key{change.table, change.key});
        if (found == index_.end()) {
            insert(std::move(change), commit.waiters, together, commit.submitted, commit.actor);
        } else {
            Row& row = *found->second;
            if (row.change.adds()) {  // what has come since was added to what could not be written
                std::string both;
                try {
                    both = followed_by(*change.table, change.row, row.change.row);
                } catch (const Error& error) {  // more than the column can hold: the row stays without it
                    both = change.row;
                    for (const std::shared_ptr<Waiter>& waiter : row.waiters) {
                        const std::lock_guard lock(waiter->mutex);
                        waiter->refused = error;
                    }
                }
                bytes_ += both.size();
                bytes_ -= row.change.row.size();
                row.change.row = std::move(both);
            }
            row.together = row.together || together;
            row.waiters.insert(row.waiters.end(), commit.waiters.begin(), commit.waiters.end());
            bytes_ += commit.waiters.size() * kWaiterBytes;
        }
    }
    // Of rows that were written together the waiters stood once for all of them, now they stand at each.
    if (together) {
        for (const std::shared_ptr<Waiter>& waiter : commit.waiters) {
            const std::lock_guard lock(waiter->mutex);
            waiter->remaining += commit.changes.size() - 1;
        }
    }
}

PendingCommit Coalescer::to_commit(Row row) {
    PendingCommit commit;
    commit.bytes = weight(row.change);
    commit.changes.push_back(std::move(row.change));
    commit.waiters = std::move(row.waiters);
    commit.actor = std::move(row.actor);
    commit.submitted = row.since;
    commit.coalesced = true;
    return commit;
}

PendingCommit Coalescer::take(Row& row) {
    index_.erase(Key{row.change.table, row.change.key});
    row.taken = true;
    --sizes_[row.change.table];
    bytes_ -= weight(row.change) + row.waiters.size() * kWaiterBytes;
    return to_commit(std::move(row));
}

std::vector<PendingCommit> Coalescer::take_touched(const std::vector<Change>& changes) {
    std::vector<PendingCommit> taken;
    if (index_.empty()) return taken;
    for (const Change& change : changes) {
        const auto found = index_.find(Key{change.table, change.key});
        if (found == index_.end()) continue;
        if (found->second->together) {  // then its companions have to come along, and it is simplest to take everything
            std::vector<PendingCommit> rest = take_all();
            taken.insert(taken.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
            return taken;
        }
        taken.push_back(take(*found->second));
    }
    if (index_.empty()) rows_.clear();
    return taken;
}

std::vector<PendingCommit> Coalescer::take_all() {
    std::vector<PendingCommit> taken;
    taken.reserve(index_.size());
    PendingCommit* companions = nullptr;
    for (Row& row : rows_) {
        if (row.taken) continue;
        const bool together = row.together;
        PendingCommit commit = to_commit(std::move(row));
        if (!together) {
            taken.push_back(std::move(commit));
        } else if (companions == nullptr) {
            companions = &taken.emplace_back(std::move(commit));  // reserve() above keeps it in place
        } else {
            companions->changes.push_back(std::move(commit.changes.front()));
            companions->bytes += commit.bytes;
            companions->submitted = std::min(companions->submitted, commit.submitted);
            companions->waiters.insert(companions->waiters.end(), commit.waiters.begin(), commit.waiters.end());
        }
    }
    rows_.clear();
    index_.clear();
    sizes_.clear();
    bytes_ = 0;
    return taken;
}

std::vector<PendingCommit> Coalescer::take_table(std::string_view table) {
    const auto ours = [&](const Row& row) { return !row.taken && row.change.table->name == table; };
    if (std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) { return ours(row) && row.together; })) {
        return take_all();
    }
    std::vector<PendingCommit> taken;
    for (Row& row : rows_) {
        if (ours(row)) taken.push_back(take(row));
    }
    if (index_.empty()) rows_.clear();
    return taken;
}

std::size_t Coalescer::size_of(const TableSpec* table) const noexcept {
    const auto found = sizes_.find(table);
    return found == sizes_.end() ? 0 : found->second;
}

bool Coalescer::replaces_all(const std::vector<Change>& changes) const noexcept {
    return std::all_of(changes.begin(), changes.end(), [this](const Change& change) {
        return index_.find(Key{change.table, change.key}) != index_.end();
    });
}

}  // namespace cairn::core
