#include "plugins/world/session_cleanup.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include <cairn/error.hpp>

namespace cairn::world {
namespace {

constexpr std::chrono::seconds kPatience{60};

/// Waits for what a completion will say. The completion may come later than anybody waits.
template <class T>
class Awaited {
public:
    Then<T> then() {
        return [promise = promise_](Result<T> result) { promise->set_value(std::move(result)); };
    }
    T wait() {
        auto future = promise_->get_future();
        if (future.wait_for(kPatience) != std::future_status::ready)
            throw Error(Code::unavailable, "the store has not answered within 60 s");
        return std::move(future.get().value());
    }

private:
    std::shared_ptr<std::promise<Result<T>>> promise_ = std::make_shared<std::promise<Result<T>>>();
};

}  // namespace

void SessionCleanup::run(const Task& task) {
    const WallTime before = clock_.wall() - keep_.count();
    std::size_t sum = 0;
    try {
        while (!task.cancelled()) {
            const std::size_t taken = piece(before);
            sum += taken;
            if (taken < kSessionsPerPiece) break;
        }
    } catch (const Error& error) {
        log_.warning("old sessions could not be taken out; they will be the next time", {{"why", error.what()}});
    }
    if (sum > 0) log_.info("old sessions taken out", {{"count", sum}});
}

std::size_t SessionCleanup::piece(WallTime before) {
    Awaited<std::vector<SessionIdRow>> read;
    storage_.load<SessionIdRow>({std::string(kSelectOldSessions), {before, kSessionsPerPiece}}, read.then());
    const std::vector<SessionIdRow> rows = read.wait();
    if (rows.empty()) return 0;
    Commit commit;
    for (const SessionIdRow& row : rows) {
        SessionRow session;
        session.id = row.id;
        table_.erase(commit, session);
    }
    Awaited<Committed> written;
    storage_.commit(std::move(commit), written.then());
    written.wait();
    return rows.size();
}

}  // namespace cairn::world
