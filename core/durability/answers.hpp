#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <cairn/error.hpp>
#include <cairn/metrics.hpp>
#include <cairn/storage.hpp>

#include "core/durability/pending_commit.hpp"

namespace cairn::core {

/// The answers of one group: collected in order while locks are held, given when they are not.
class Answers {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// `commit` is in the journal or in the store: whoever waits for it is answered so. Marks it answered.
    void committed(PendingCommit& commit);
    /// Marks it answered, too.
    void refused(PendingCommit& commit, const Error& error);
    /// For somebody who sent an operation again while the first was in flight.
    void repeated(Then<Committed> then, Committed answer);
    void refused(Then<Committed> then, const Error& error);
    /// Calls them all, in order. A completion that throws is named in the log and hurts nobody else. `seconds` hears
    /// how long those that succeeded took.
    void give(Instant now, Histogram& seconds);
    bool empty() const noexcept { return answers_.empty(); }

private:
    struct Answer {
        Then<Committed> then;
        Committed committed;
        std::shared_ptr<const Error> refused;
        Instant submitted{};
    };
    std::vector<Answer> answers_;
};

}  // namespace cairn::core
