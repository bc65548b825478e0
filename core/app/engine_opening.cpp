#include "core/app/engine_opening.hpp"

#include <utility>

#include "core/app/offline_store.hpp"
#include "core/durability/store_notes.hpp"

namespace cairn::core {

CommitQueue::Options engine_options(const DurabilityConfig& durability, const std::string& data_dir,
                                    std::function<void(const std::string& why)> end) {
    CommitQueue::Options options;
    options.ack = durability.ack == "store" ? CommitQueue::Ack::store : CommitQueue::Ack::journal;
    options.group = static_cast<std::size_t>(durability.group);
    options.wait = durability.wait;
    options.coalesce = durability.coalesce;
    options.queue_commits = static_cast<std::size_t>(durability.queue);
    options.queue_bytes = durability.queue_bytes.value;
    options.apply_every = durability.apply_every;
    options.apply_rows = static_cast<std::size_t>(durability.apply_rows);
    using Policy = CommitQueue::OnStorageFailure;
    options.on_storage_failure = durability.on_storage_failure == "readonly" ? Policy::readonly
                                 : durability.on_storage_failure == "stop"   ? Policy::stop
                                                                             : Policy::spool;
    options.backlog_bytes = durability.backlog.value;
    options.remember_for = durability.remember_operations;
    options.remember_bytes = durability.remember_bytes.value;
    options.audit = durability.audit;
    options.allow_loss = durability.allow_loss;
    options.journal_folder = below(data_dir, durability.journal.folder);
    options.journal_max_bytes = durability.journal.max_disk.value;
    options.on_damage = end;
    options.on_stop = std::move(end);
    return options;
}

std::unique_ptr<Journal> open_journal(const DurabilityConfig& durability, const std::string& data_dir,
                                      services::Store& store) {
    Journal::Options options;
    options.folder = below(data_dir, durability.journal.folder);
    options.segment_bytes = durability.journal.segment.value;
    options.max_bytes = durability.journal.max_disk.value;
    options.allow_loss = durability.allow_loss;
    const std::uint64_t watermark = store.watermark().seq;
    // Before a new one is made where another should lie. Opening reads the entries, so their outline is enough here.
    const JournalSurvey outline = survey_journal(options.folder, UINT64_MAX);
    check_journal_is_ours(read_notes(store), watermark, options.folder, outline.id, outline.last() < outline.first(),
                          durability.allow_loss);
    return std::make_unique<Journal>(std::move(options), watermark + 1, watermark);
}

}  // namespace cairn::core
