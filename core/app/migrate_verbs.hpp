#pragma once

#include <functional>

#include "core/app/command.hpp"
#include "core/app/migrate_session.hpp"

namespace cairn::core {

/// What the verbs of `cairn migrate` have in common: reads the configuration, prints its problems, opens the session and
/// hands it on. `make` as for MigrateSession. [control]
int with_migrations(const Arguments& arguments, Terminal& terminal, bool make,
                    const std::function<int(MigrateSession&)>& work);

/// The paragraph about -c, --set and exit codes for `cairn help`.
extern const char* const kMigrateOptions;

}  // namespace cairn::core
