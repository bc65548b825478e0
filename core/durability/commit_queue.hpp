#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <cairn/clock.hpp>
#include <cairn/metrics.hpp>
#include <cairn/services/store.hpp>
#include <cairn/storage.hpp>
#include <cairn/task.hpp>

namespace cairn::core {

/// The engine between spaces and the store (architecture section 6, `ack: store`): admits commits, groups them, applies
/// each group in one transaction on the writer thread, answers in the order of their numbers. Coalesced rows wait at
/// most `coalesce` and only the newest of a key is written; a durable commit that touches the same key takes its place.
/// A group that a constraint refuses is applied commit by commit, so that only the guilty one is refused (Error
/// conflict). When the store is unavailable, everything queued is answered so at once and further commits are refused
/// without delay until a try succeeds (100 ms to 5 s apart); coalesced rows are kept, within the limits of the queue,
/// and tried again. Completions of commit() run on the writer thread, refusals on the calling thread before commit()
/// returns, those of queries in the storage lane; who wants a strand wraps them. Their messages may be shown to
/// players: they name no path and no SQL; trouble() and the log do.
class CommitQueue final : public Storage {
public:
    struct Options {
        std::size_t group = 512;  ///< commits per transaction at most
        std::size_t group_bytes = 1u << 20;
        Duration wait{2};        ///< how long a small group (< 8) waits when others are in flight; 0 when idle
        Duration coalesce{100};  ///< P101
        std::size_t queue_commits = 100000;  ///< admission: beyond, Error(unavailable) at once
        std::size_t queue_bytes = 64u << 20;
        Duration retry_min{100};  ///< first pause before a store that failed is tried again; doubles
        Duration retry_max{5000};
        /// Hears once, on the writer thread, that the store is damaged and must not be used any further.
        std::function<void(const std::string& why)> on_damage;
    };
    CommitQueue(Options options, Background& background, const Clock& clock, Metrics& metrics);
    ~CommitQueue() override;

    /// Begins with `store`, which is open, migrated and bound. Commits before that are refused. [control]
    void start(services::Store& store);
    /// Refuses new commits, writes everything queued, joins the writer. [control]
    void stop();
    /// {processed, queued, averageLatency} as P291 spells it; latency in ms. [any]
    Document statistics() const;
    /// Empty while the store takes commits, else why it does not. [any]
    std::string trouble() const;

    void commit(Commit commit, Then<Committed> then) override;
    void query(Query query, Then<Rows> then) override;
    void load_erased(Query query, const StructType& row, std::function<void*()> append, Then<Done> then) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace cairn::core
