#pragma once

#include <optional>
#include <utility>

#include <cairn/space.hpp>

#include "core/plugins/call_fence.hpp"
#include "core/spaces/host_session.hpp"

namespace cairn::core {

class ReplyTarget;

/// A handler that is being called on this thread. When it throws, its Reply dies unanswered on the way out, and the
/// player shall hear what was thrown, not that nothing was answered: so that answer waits here until the call has
/// ended.
class CallInProgress {
public:
    class Scope {
    public:
        Scope(CallInProgress& call, const ReplyTarget& target) noexcept : before_(current_) {
            call.target_ = &target;
            current_ = &call;
        }
        ~Scope() { current_ = before_; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        CallInProgress* const before_;
    };

    /// Takes over an `internal` refusal of the reply that the call on this thread was given; false when it is another
    /// one.
    static bool takes(const ReplyTarget& target, Asker& asker, const Error& error) {
        if (!current_ || current_->target_ != &target || error.code() != Code::internal) return false;
        current_->asker_ = std::move(asker);
        current_->unanswered_ = error;
        return true;
    }
    /// The call has ended: answers what waited.
    void settle(const std::optional<Outcome>& outcome) {
        if (!asker_) return;
        if (outcome)
            asker_->refuse(outcome->error, outcome->trace);
        else
            asker_->refuse(*unanswered_);
    }

private:
    static inline thread_local CallInProgress* current_ = nullptr;
    const ReplyTarget* target_ = nullptr;
    std::optional<Asker> asker_;
    std::optional<Error> unanswered_;
};

/// Brings an answer to where the asker's connection lives. [any]
class ReplyTarget final : public Reply::Target {
public:
    explicit ReplyTarget(Asker asker) noexcept : asker_(std::move(asker)) {}
    void ok(std::string_view d_json) override { asker_.ok(d_json); }
    void refuse(const Error& error) override {
        if (!CallInProgress::takes(*this, asker_, error)) asker_.refuse(error);
    }

private:
    Asker asker_;
};

}  // namespace cairn::core
