#pragma once

#include <functional>
#include <memory>
#include <string>

#include <cairn/services/store.hpp>

#include "core/app/host_config.hpp"
#include "core/durability/commit_queue.hpp"
#include "core/durability/journal.hpp"

namespace cairn::core {

/// The engine's options of a configuration. `end` hears why the process has to end (CommitQueue::Options::on_damage and
/// on_stop). [any]
CommitQueue::Options engine_options(const DurabilityConfig& durability, const std::string& data_dir,
                                    std::function<void(const std::string& why)> end);

/// Opens the journal that belongs to `store`, which is open. Throws JournalError or Error that says what is in the way.
/// [control]
std::unique_ptr<Journal> open_journal(const DurabilityConfig& durability, const std::string& data_dir,
                                      services::Store& store);

}  // namespace cairn::core
