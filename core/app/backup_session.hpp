#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/app/command.hpp"
#include "core/app/offline_store.hpp"
#include "core/backup/backup_folder.hpp"
#include "core/backup/store_kit.hpp"

namespace cairn::core {

/// What backups and restores of this configuration work with. `offline` outlives it. [control]
StoreKit store_kit(OfflineStore& offline, const Preparation& preparation);

/// The data folder of a configuration, absolute, whether or not it is there. [any]
std::string data_folder(const Preparation& preparation);

/// Reads the configuration and prints its problems; nothing when there are some. From then on the log has warnings only.
/// `more_words` as for configuration_inputs(). [control]
std::unique_ptr<Preparation> prepare_or_say(const Arguments& arguments, Terminal& terminal, bool more_words = false);

/// Does `request` in the server that runs on this data, or `alone` with the store itself when none does. `at_most`: how
/// long a server may take. Throws what either does. [control]
Document in_server_or_alone(Preparation& preparation, const Document& request, Duration at_most,
                            const std::function<Document(const StoreKit&)>& alone);

/// The value of --wait, a duration as in YAML; 1 h when it is not given. Throws UsageError.
Duration patience(const Arguments& arguments);

/// "1.5 MiB", "2 h", "3 d". [any]
std::string print_size(std::int64_t bytes);
std::string print_age(WallTime milliseconds);

}  // namespace cairn::core
