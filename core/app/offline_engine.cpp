#include "core/app/offline_engine.hpp"

#include <future>
#include <stdexcept>
#include <utility>

#include "core/app/backup_session.hpp"
#include "core/app/engine_opening.hpp"
#include "core/app/migrate_session.hpp"
#include "core/backup/recovery.hpp"

namespace cairn::core {
namespace {

/// What one import may weigh in memory; the journal takes at most 1 GiB as one commit.
constexpr std::size_t kLargestCommit = 4ull << 30;
constexpr const char* kMend =
    ". Start the server: it makes the database anew from a backup and the journal. Then try again";

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
    services::Store& store = offline_.store();
    const StoreKit kit = store_kit(offline_, preparation);
    finish_interrupted_restore(kit);
    try {
        store.open();
    } catch (const Error& error) {
        if (error.code() != Code::internal) throw;
        throw std::runtime_error(std::string("the database is damaged: ") + error.what() + kMend);
    }
    if (preparation.host.backup.enabled) back_up_before_migrations(kit);
    store.migrate(kit.migrations);
    store.bind(kit.tables, kit.audited);
    if (const std::string gap = lacking(kit); !gap.empty()) throw std::runtime_error(gap + kMend);
    journal_ = open_journal(preparation.host.durability, kit.data_dir, store);
    commits_ = std::make_unique<CommitQueue>(offline_options(preparation.host, offline_.data_dir()),
                                             offline_.background(), offline_.clock(), offline_.metrics());
    commits_->start(store, *journal_, kit.tables);
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
