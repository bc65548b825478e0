#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cairn/storage.hpp>

#include "core/durability/commit_queue.hpp"
#include "sdk/testkit/src/manual_lanes.hpp"

namespace cairn::testkit {

/// What plugins of a test ask: refuses on demand, notes what it is given, hands the rest to the engine.
class TestStorage final : public Storage {
public:
    /// `turn` lets the engine do one round.
    TestStorage(core::CommitQueue& engine, const ManualLanes& lanes, std::recursive_mutex& baton,
                std::function<bool()> turn)
        : engine_(engine), lanes_(lanes), baton_(baton), turn_(std::move(turn)) {}

    void commit(Commit commit, Then<Committed> then) override;
    void query(Query query, Then<Rows> then) override;
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override;
    void select_erased(Selection selection, std::function<void*()> append, Then<Done> then) override;
    void count(Selection selection, Then<std::int64_t> then) override;

    void refuse(Code code, int count) noexcept { refusal_ = code, refusals_ = count; }
    void heal() noexcept { refusals_ = 0; }
    const std::vector<Commit>& commits() const noexcept { return commits_; }
    /// Something may be on its way since settled() was told.
    bool unsettled() const noexcept { return unsettled_; }
    void settled() noexcept { unsettled_ = false; }

private:
    std::optional<Error> refusal();
    /// Notes in `answered` that the answer has come.
    template <class T>
    static Then<T> noting(const std::shared_ptr<bool>& answered, Then<T> then);
    void pump(const bool& answered, bool waits);

    core::CommitQueue& engine_;
    const ManualLanes& lanes_;
    std::recursive_mutex& baton_;
    const std::function<bool()> turn_;
    std::vector<Commit> commits_;
    bool unsettled_ = true;
    Code refusal_ = Code::unavailable;
    int refusals_ = 0;  ///< -1: until healed
};

}  // namespace cairn::testkit
