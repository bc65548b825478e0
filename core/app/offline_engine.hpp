#pragma once

#include <memory>

#include "core/app/offline_store.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {

/// The store of a configuration with the engine before it, as a server has them, for commands that read or change what
/// plugins keep while no server runs: migrated, and brought up to all that the journal holds. Every commit is answered
/// once the database holds it. It opens in the order of the host, with the same parts. All calls [control].
class OfflineEngine {
public:
    /// Throws StartFailed, std::runtime_error or Error with what is in the way; a damaged database is left to the next
    /// start of the server, which mends it. REQUIRES: preparation.ok().
    explicit OfflineEngine(Preparation& preparation);
    ~OfflineEngine();
    OfflineEngine(const OfflineEngine&) = delete;
    OfflineEngine& operator=(const OfflineEngine&) = delete;

    services::Store& store() noexcept { return offline_.store(); }
    /// The plugin that provides the store.
    const std::string& plugin() const noexcept { return offline_.plugin(); }
    const Clock& clock() const noexcept { return offline_.clock(); }
    /// Commits and waits until the database holds it. Throws the Error that it was refused with.
    Committed commit(Commit commit);

private:
    Preparation& preparation_;
    OfflineStore offline_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<CommitQueue> commits_;
};

}  // namespace cairn::core
