#include "sdk/testkit/src/test_storage.hpp"

namespace cairn::testkit {

std::optional<Error> TestStorage::refusal() {
    if (refusals_ == 0) return std::nullopt;
    if (refusals_ > 0) --refusals_;
    return Error(refusal_, "the store fails, as the test wants it");
}

template <class T>
Then<T> TestStorage::noting(const std::shared_ptr<bool>& answered, Then<T> then) {
    return [answered, then = std::move(then)](Result<T> result) {
        *answered = true;
        if (then) then(std::move(result));
    };
}

/// Work in a lane may wait for what it asked: a real engine would answer it meanwhile.
void TestStorage::pump(const bool& answered, bool waits) {
    if (!lanes_.must_be_quick()) return;
    while (!answered && turn_()) {
    }
    if (answered || !waits) return;
    engine_.flush({});
    while (!answered && turn_()) {
    }
}

void TestStorage::commit(Commit commit, Then<Committed> then) {
    const std::lock_guard baton(baton_);
    commits_.push_back(commit);
    unsettled_ = true;
    if (const std::optional<Error> error = refusal()) {
        if (then) then(*error);
        return;
    }
    const auto answered = std::make_shared<bool>(false);
    const bool waits = static_cast<bool>(then);
    engine_.commit(std::move(commit), noting<Committed>(answered, std::move(then)));
    pump(*answered, waits);
}

void TestStorage::query(Query query, Then<Rows> then) {
    const std::lock_guard baton(baton_);
    if (const std::optional<Error> error = refusal()) return then(*error);
    const auto answered = std::make_shared<bool>(false);
    engine_.query(std::move(query), noting<Rows>(answered, std::move(then)));
    pump(*answered, true);
}

void TestStorage::load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) {
    const std::lock_guard baton(baton_);
    if (const std::optional<Error> error = refusal()) return then(*error);
    const auto answered = std::make_shared<bool>(false);
    engine_.load_erased(std::move(query), row, std::move(append), noting<Done>(answered, std::move(then)));
    pump(*answered, true);
}

void TestStorage::select_erased(Selection selection, std::function<void*()> append, Then<Done> then) {
    const std::lock_guard baton(baton_);
    if (const std::optional<Error> error = refusal()) return then(*error);
    const auto answered = std::make_shared<bool>(false);
    engine_.select_erased(std::move(selection), std::move(append), noting<Done>(answered, std::move(then)));
    pump(*answered, true);
}

void TestStorage::count(Selection selection, Then<std::int64_t> then) {
    const std::lock_guard baton(baton_);
    if (const std::optional<Error> error = refusal()) return then(*error);
    const auto answered = std::make_shared<bool>(false);
    engine_.count(std::move(selection), noting<std::int64_t>(answered, std::move(then)));
    pump(*answered, true);
}

}  // namespace cairn::testkit
