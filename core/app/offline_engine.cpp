#include "core/app/offline_engine.hpp"

#include <future>
#include <utility>

#include "core/app/engine_opening.hpp"
#include "core/plugins/lifecycle.hpp"

namespace cairn::core {
namespace {

/// What one import may weigh in memory; the journal takes at most 1 GiB as one commit.
constexpr std::size_t kLargestCommit = 4ull << 30;

CommitQueue::Options offline_options(const HostConfig& host, const std::string& data_dir) {
    CommitQueue::Options options = engine_options(host.durability, data_dir, {});
    options.ack = CommitQueue::Ack::store;
    options.queue_bytes = kLargestCommit;
    options.backlog_bytes = kLargestCommit;
    options.apply_every = Duration(1);
    // Nobody waits for a database that comes back: the command says what is wrong and ends.
    options.on_storage_failure = CommitQueue::OnStorageFailure::readonly;
    return options;
}

}  // namespace

OfflineEngine::OfflineEngine(Preparation& preparation) : preparation_(preparation), offline_(preparation) {
    const DurabilityConfig& durability = preparation.host.durability;
    services::Store& store = offline_.store();
    try {
        store.open();
    } catch (const Error& error) {
        if (error.code() != Code::internal) throw;
        throw StartFailed(
            std::string("the database is damaged: ") + error.what(),
            "Start the server: it makes the database anew from a backup and the journal. Then try again.");
    }
    const std::vector<services::Migration> migrations = offline_.migrations();
    store.migrate(migrations);
    const std::vector<const TableSpec*> tables = offline_.tables();
    store.bind(tables, durability.audit);

    journal_ = open_journal(durability, offline_.data_dir(), store);
    commits_ = std::make_unique<CommitQueue>(offline_options(preparation.host, offline_.data_dir()),
                                             offline_.background(), offline_.clock(), offline_.metrics());
    commits_->start(store, *journal_, tables);
}

OfflineEngine::~OfflineEngine() {
    if (commits_) commits_->stop();
}

Committed OfflineEngine::commit(Commit commit) {
    auto promise = std::make_shared<std::promise<Result<Committed>>>();
    auto answer = promise->get_future();
    commits_->commit(std::move(commit), [promise](Result<Committed> result) { promise->set_value(std::move(result)); });
    return std::move(answer.get().value());
}

}  // namespace cairn::core
