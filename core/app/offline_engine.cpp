#include "core/app/offline_engine.hpp"

#include <future>
#include <limits>
#include <utility>

#include "core/durability/store_notes.hpp"
#include "core/plugins/lifecycle.hpp"

namespace cairn::core {
namespace {

/// What one import may weigh in memory; the journal takes at most 1 GiB as one commit.
constexpr std::size_t kLargestCommit = 4ull << 30;

CommitQueue::Options engine_options(const HostConfig& host, const std::string& journal_folder) {
    CommitQueue::Options options;
    options.ack = CommitQueue::Ack::store;
    options.queue_bytes = kLargestCommit;
    options.backlog_bytes = kLargestCommit;
    options.apply_every = Duration(1);
    // Nobody waits for a database that comes back: the command says what is wrong and ends.
    options.on_storage_failure = CommitQueue::OnStorageFailure::readonly;
    options.remember_for = host.durability.remember_operations;
    options.remember_bytes = host.durability.remember_bytes.value;
    options.audit = host.durability.audit;
    options.allow_loss = host.durability.allow_loss;
    options.journal_folder = journal_folder;
    options.journal_max_bytes = host.durability.journal.max_disk.value;
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
        throw StartFailed(std::string("the database is damaged: ") + error.what(),
                          "Start the server: it makes the database anew from a backup and the journal. Then try again.");
    }
    const std::vector<services::Migration> migrations = offline_.migrations();
    store.migrate(migrations);
    const std::vector<const TableSpec*> tables = offline_.tables();
    store.bind(tables, durability.audit);

    Journal::Options options;
    options.folder = offline_.journal_folder();
    options.segment_bytes = durability.journal.segment.value;
    options.max_bytes = durability.journal.max_disk.value;
    options.allow_loss = durability.allow_loss;
    const std::uint64_t watermark = store.watermark().seq;
    const JournalSurvey survey = survey_journal(options.folder);
    check_journal_is_ours(read_notes(store), watermark, options.folder, survey.id, survey.last() < survey.first(),
                          durability.allow_loss);
    journal_ = std::make_unique<Journal>(std::move(options), watermark + 1, watermark);
    commits_ = std::make_unique<CommitQueue>(engine_options(preparation.host, offline_.journal_folder()),
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
