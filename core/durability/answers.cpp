#include "core/durability/answers.hpp"

#include <utility>

#include "core/observe/log_sink.hpp"

namespace cairn::core {

void Answers::committed(PendingCommit& commit) {
    commit.answered = true;
    if (commit.then) {
        answers_.push_back({std::move(commit.then), Committed{commit.seq}, nullptr, commit.submitted});
        commit.then = nullptr;
    }
    for (const std::shared_ptr<Waiter>& waiter : commit.waiters) {
        const std::lock_guard lock(waiter->mutex);
        waiter->seq = commit.seq;
        if (--waiter->remaining > 0) continue;
        std::shared_ptr<const Error> error;
        if (waiter->refused) error = std::make_shared<const Error>(*waiter->refused);
        answers_.push_back({std::move(waiter->then), Committed{waiter->seq}, std::move(error), commit.submitted});
    }
    commit.waiters.clear();
}

void Answers::refused(PendingCommit& commit, const Error& error) {
    commit.answered = true;
    if (commit.then) {
        refused(std::move(commit.then), error);
        commit.then = nullptr;
    }
    for (const std::shared_ptr<Waiter>& waiter : commit.waiters) {
        const std::lock_guard lock(waiter->mutex);
        if (!waiter->refused) waiter->refused = error;
        if (--waiter->remaining == 0) refused(std::move(waiter->then), *waiter->refused);
    }
    commit.waiters.clear();
}

void Answers::repeated(Then<Committed> then, Committed answer) {
    if (then) answers_.push_back({std::move(then), std::move(answer), nullptr, {}});
}

void Answers::refused(Then<Committed> then, const Error& error) {
    if (then) answers_.push_back({std::move(then), {}, std::make_shared<const Error>(error), {}});
}

void Answers::give(Instant now, Histogram& seconds) {
    for (Answer& answer : answers_) {
        if (!answer.refused && answer.submitted != Instant{}) {
            seconds.observe(std::chrono::duration<double>(now - answer.submitted).count());
        }
        try {
            if (answer.refused)
                answer.then(*answer.refused);
            else
                answer.then(std::move(answer.committed));
        } catch (const std::exception& error) {
            core_log().error("a completion of a commit threw; it must not", {{"what", error.what()}});
        } catch (...) {
            core_log().error("a completion of a commit threw; it must not");
        }
    }
    answers_.clear();
}

}  // namespace cairn::core
