#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include <cairn/storage.hpp>
#include <cairn/task.hpp>

namespace cairn::core {

class HostedSpace;

/// The store as one space sees it: what comes back comes to the space's strand, or nowhere when it has closed. [space]
class SpaceStorage final : public Storage {
public:
    SpaceStorage(HostedSpace& space, Storage* store) noexcept : space_(space), store_(store) {}
    void commit(Commit commit, Then<Committed> then) override;
    void query(Query query, Then<Rows> then) override;
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override;
    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override;
    void count(Selection selection, Then<std::int64_t> then) override;

    /// Whether commits are on their way that have not been answered. Whoever opened the space anew now might read a state
    /// from before them, and write over it what they changed.
    bool has_commits_under_way() const noexcept { return under_way_->load(std::memory_order_acquire) != 0; }

private:
    HostedSpace& space_;
    Storage* const store_;  ///< nullptr: no plugin keeps anything
    const std::shared_ptr<std::atomic<std::size_t>> under_way_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// The lanes as one space sees them. [space]
class SpaceBackground final : public Background {
public:
    SpaceBackground(HostedSpace& space, Background* lanes) noexcept : space_(space), lanes_(lanes) {}
    Task run(Lane lane, std::string what, std::function<void(const Task&)> work,
             std::function<void(std::exception_ptr)> done) override;

private:
    HostedSpace& space_;
    Background* const lanes_;
};

}  // namespace cairn::core
