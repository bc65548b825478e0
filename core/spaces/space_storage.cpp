#include "core/spaces/space_storage.hpp"

#include <memory>
#include <utility>

#include "core/spaces/hosted_space.hpp"

namespace cairn::core {

namespace {

Error no_store() {
    return Error(Code::unavailable,
                 "nothing is kept here: no storage plugin is configured; add one, for example storage_sqlite");
}

}  // namespace

void SpaceStorage::commit(Commit commit, Then<Committed> then) {
    Then<Committed> back = space_.gated<Committed>("a commit's completion", std::move(then));
    if (!store_) {
        if (back) back(no_store());
        return;
    }
    under_way_->fetch_add(1, std::memory_order_relaxed);
    store_->commit(std::move(commit), [under_way = under_way_, back = std::move(back)](Result<Committed> result) {
        if (back) back(std::move(result));
        under_way->fetch_sub(1, std::memory_order_release);
    });
}

void SpaceStorage::query(Query query, Then<Rows> then) {
    Then<Rows> back = space_.gated<Rows>("a query's completion", std::move(then));
    if (store_)
        store_->query(std::move(query), std::move(back));
    else if (back)
        back(no_store());
}

void SpaceStorage::load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) {
    Then<Done> back = space_.gated<Done>("a load's completion", std::move(then));
    if (store_)
        store_->load_erased(std::move(query), row, std::move(append), std::move(back));
    else if (back)
        back(no_store());
}

void SpaceStorage::select_erased(Selection selection, std::function<void*()> append, Then<Done> then) {
    Then<Done> back = space_.gated<Done>("a selection's completion", std::move(then));
    if (store_)
        store_->select_erased(std::move(selection), std::move(append), std::move(back));
    else if (back)
        back(no_store());
}

void SpaceStorage::count(Selection selection, Then<std::int64_t> then) {
    Then<std::int64_t> back = space_.gated<std::int64_t>("a count's completion", std::move(then));
    if (store_)
        store_->count(std::move(selection), std::move(back));
    else if (back)
        back(no_store());
}

Task SpaceBackground::run(Lane lane, std::string what, std::function<void(const Task&)> work,
                          std::function<void(std::exception_ptr)> done) {
    struct Waiting {
        std::function<void(std::exception_ptr)> done;
        Task task;  ///< once the work has begun
        bool begun = false;
    };
    auto waiting = std::make_shared<Waiting>();
    waiting->done = std::move(done);
    auto noted = [waiting, work = std::move(work)](const Task& task) {
        waiting->task = task;
        waiting->begun = true;
        work(task);
    };
    auto back = [waiting, gate = space_.gate(), slot = space_.current()](std::exception_ptr failed) {
        gate->loop().post([waiting, gate, slot, failed = std::move(failed)] {
            // Taken out here, so that what it captured also ends on the strand.
            const auto taken = std::move(waiting->done);
            HostedSpace* const space = gate->space();
            if (!space || !taken || (waiting->begun && waiting->task.cancelled())) return;
            if (slot)
                space->run(*slot, "a background completion", [&] { taken(failed); });
            else
                taken(failed);
        });
    };
    return lanes_->run(lane, std::move(what), std::move(noted), std::move(back));
}

}  // namespace cairn::core
