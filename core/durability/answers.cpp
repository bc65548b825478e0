#include "core/durability/answers.hpp"

#include <utility>

#include "core/observe/log_sink.hpp"

namespace cairn::core {

void Answers::committed(PendingCommit& commit) {
    commit.answered = true;
    if (commit.then) {
        Answer& answer = answers_.emplace_back();
        answer.then = std::exchange(commit.then, nullptr);
        answer.committed.seq = commit.seq;
        answer.submitted = commit.submitted;
    }
    for (const std::shared_ptr<Waiter>& waiter : commit.waiters) {
        const std::lock_guard lock(waiter->mutex);
        waiter->seq = commit.seq;
        if (--waiter->remaining > 0) continue;
        Answer& answer = answers_.emplace_back();
        answer.then = std::move(waiter->then);
        answer.committed.seq = waiter->seq;
        if (waiter->refused) answer.refused = std::make_shared<const Error>(*waiter->refused);
        answer.submitted = commit.submitted;
    }
    commit.waiters.clear();
}

void Answers::refused(PendingCommit& commit, const Error& error) {
    commit.answered = true;
    if (commit.then) {
        refused(std::exchange(commit.then, nullptr), error);
    }
    for (const std::shared_ptr<Waiter>& waiter : commit.waiters) {
        const std::lock_guard lock(waiter->mutex);
        if (!waiter->refused) waiter->refused = error;
        if (--waiter->remaining == 0) refused(std::move(waiter->then), *waiter->refused);
    }
    commit.waiters.clear();
}

void Answers::repeated(Then<Committed> then, Committed answer) {
    if (!then) return;
    Answer& made = answers_.emplace_back();
    made.then = std::move(then);
    made.committed = std::move(answer);
}

void Answers::refused(Then<Committed> then, const Error& error) {
    if (!then) return;
    Answer& made = answers_.emplace_back();
    made.then = std::move(then);
    made.refused = std::make_shared<const Error>(error);
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
